import type { PowerRecording, RecordPower } from '../deploy/deployNeeds'
import type { GpuService } from '../gpu/gpuService'
import type { MeterService } from '../meter/meterService'

/** Recordings of a power meter beside a board, for what runs there. */
export function meterPower(meter: MeterService, gpu: GpuService): RecordPower {
  return async (setup, title): Promise<PowerRecording> => {
    let started!: (mark: PowerRecording['mark']) => void
    const ready = new Promise<PowerRecording['mark']>((resolve) => (started = resolve))
    const request = { title, command: [], idleMs: 0, idleAfterMs: 0 }
    const { recordingId, result } = await meter.record(setup, request, undefined, started)
    // One that fails before its first reading rejects here.
    const mark = await Promise.race([ready, result.then(() => ready)])
    result.catch(() => undefined)
    return {
      recordingId,
      mark,
      async finish() {
        const { signal } = new AbortController()
        // One that has ended by itself cannot be stopped, and says why below.
        await gpu.handlers['gpu.stopRecording']({ id: recordingId }, { signal }).catch(() => undefined)
        await result
      }
    }
  }
}
