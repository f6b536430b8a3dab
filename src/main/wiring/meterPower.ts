import type { RecordPower } from '../deploy/deployNeeds'
import type { GpuService } from '../gpu/gpuService'
import type { MeterService } from '../meter/meterService'
import type { OpenEnergyMeter } from '../profile/measureEnergy'
import { startMarkedRecording } from './markedRecording'

/** Power meters beside boards, as deploying and profiling need them. */
export interface BoardMeters {
  /** Records what runs on the board, for its energy afterwards. */
  readonly recordPower: RecordPower
  /** Integrates what runs on the board at once, and stores what is read as a recording of the campaign. */
  readonly openMeter: OpenEnergyMeter
}

/** Returns what power meters do beside boards. */
export function meterPower(meter: MeterService, gpu: GpuService): BoardMeters {
  const recordPower: RecordPower = (setup, title, network) => {
    const request = { title, network, command: [], idleMs: 0, idleAfterMs: 0 }
    return startMarkedRecording(gpu, (onStarted) => meter.record(setup, request, undefined, onStarted))
  }
  const openMeter: OpenEnergyMeter = (setup, { campaignId, boardName }) =>
    meter.openPhases(setup, (device) => {
      const title = `Power of ${boardName} in a campaign`
      const request = { title, campaignId, command: [], intervalMs: device.intervalMs, idleMs: 0 }
      return startMarkedRecording(gpu, (onStarted) => gpu.record(request, undefined, onStarted, device))
    })
  return { recordPower, openMeter }
}
