import type { MeasuredNetwork, Recording } from '../../../shared/contract/gpu'
import type { RecordedDevice } from './recordingInstrument'
import type { Evidence } from './recordingEvidence'

/** A recording to make; times in ms. */
export interface RecordRequest {
  id: string
  title: string
  /** Program and arguments; empty to record time alone. */
  command: readonly string[]
  cwd: string | undefined
  /** The command may read the terminal only where there is one. */
  stdin: 'inherit' | 'ignore'
  /** Without a command: how long; undefined until stopped. */
  durationMs: number | undefined
  intervalMs: number
  idleMs: number
  /** Rest after the command, ms. */
  idleAfterMs: number
  /** Whether processes that are on the GPUs at the end are others'. */
  looksAfter: boolean
  /** Without a command: whether it fails when no more readings come. Times of work on GPUs count without them too. */
  needsReadings: boolean
  gpus: readonly RecordedDevice[]
  driverVersion: string
  origin: Recording['origin']
  /** The network whose energy on a board is measured. */
  network?: MeasuredNetwork | undefined
  /** The campaign beside which the meter is read. */
  campaignId?: string | undefined
}

/** Returns a recording that begins now, without readings. */
export function newRecording(
  request: RecordRequest,
  startedAtMs: number,
  temperaturesC: (number | null)[],
  evidence: ReturnType<Evidence['fields']>
): Recording {
  const { id, title, origin, gpus, driverVersion, intervalMs } = request
  return {
    ...{ id, title, origin, driverVersion, intervalMs, startedAtMs, state: 'running' },
    command: [...request.command],
    gpus: gpus.map(({ index, name, uuid }) => ({ index, name, uuid })),
    powerFields: gpus.map((gpu) => gpu.powerField),
    askedHz: 1000 / intervalMs,
    temperatureBeforeC: temperaturesC,
    temperatureAfterC: temperaturesC,
    ...{ durationMs: null, exitCode: null, achievedHz: null, message: null },
    ...(request.network && { network: request.network }),
    ...(request.campaignId !== undefined && { campaignId: request.campaignId }),
    ...{ samples: 0, restarts: 0, malformedLines: 0, idleMs: 0, idleAfterMs: 0 },
    ...evidence
  }
}
