import type { RecordPower } from '../deploy/deployNeeds'
import type { GpuService } from '../gpu/gpuService'
import type { MeterService } from '../meter/meterService'
import { startMarkedRecording } from './markedRecording'

/** Recordings of a power meter beside a board, for what runs there. */
export function meterPower(meter: MeterService, gpu: GpuService): RecordPower {
  return (setup, title) => {
    const request = { title, command: [], idleMs: 0, idleAfterMs: 0 }
    return startMarkedRecording(gpu, (onStarted) => meter.record(setup, request, undefined, onStarted))
  }
}
