import type { RecordPower } from '../deploy/deployNeeds'
import type { GpuService } from '../gpu/gpuService'
import type { MeterService } from '../meter/meterService'
import type { OpenEnergyMeter } from '../profile/measureEnergy'
import { startMarkedRecording } from './markedRecording'

/** Power meters beside boards, as deploying and profiling need them. */
export interface BoardMeters {
  /** Records what runs on the board, for its energy afterwards. */
  readonly recordPower: RecordPower
  /** Integrates what runs on the board at once; nothing is stored. */
  readonly openMeter: OpenEnergyMeter
}

/** Returns what power meters do beside boards. */
export function meterPower(meter: MeterService, gpu: GpuService): BoardMeters {
  const recordPower: RecordPower = (setup, title, network) => {
    const request = { title, network, command: [], idleMs: 0, idleAfterMs: 0 }
    return startMarkedRecording(gpu, (onStarted) => meter.record(setup, request, undefined, onStarted))
  }
  return { recordPower, openMeter: (setup) => meter.openPhases(setup) }
}
