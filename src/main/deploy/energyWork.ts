import { setTimeout as pause } from 'node:timers/promises'
import type { BoardInfo } from '../../core/board/boardInfo'
import type { DeployEnergyRequest } from '../../shared/contract/deploy'
import { AppError } from '../../shared/errors'
import type { JobContext } from '../jobs/runningJob'
import { runEnergyPhases } from './boardEnergy'
import type { DeployBoards, DeployModels, PowerRecording } from './deployNeeds'
import type { Prepared } from './deployRun'
import type { NetworkPreparation } from './preparation'

/** Images whose outputs are compared, and over which inferences are measured. */
const images = 16

/** A planned measurement of energy whose recording has begun. */
export interface EnergyWork {
  readonly request: DeployEnergyRequest
  readonly models: DeployModels
  readonly boards: DeployBoards
  readonly preparation: Pick<NetworkPreparation, 'loadAs'>
  readonly prepared: Prepared
  readonly recording: PowerRecording
  readonly modelName: string
  readonly info: BoardInfo
}

/** The work of the Job: it ends with the recording, and ends the recording. @throws data.missing when that was stopped early */
export function createEnergyWork(work: EnergyWork): (job: JobContext) => Promise<void> {
  const { recording } = work
  return async ({ signal: cancelled, progress }) => {
    // Without its recording the work on the board would be for nothing.
    const signal = AbortSignal.any([cancelled, recording.ended])
    try {
      await measureOnBoard(work, { signal, progress })
    } catch (cause) {
      throw recording.ended.aborted && !cancelled.aborted ? endedEarly(cause) : cause
    } finally {
      // A failure of the recording is what is reported: it ended the work.
      await recording.finish()
    }
  }
}

/** Loads the network and measures its phases under a lease of the board. */
async function measureOnBoard(
  { request, models, boards, preparation, prepared, recording, modelName, info }: EnergyWork,
  { signal, progress }: Pick<JobContext, 'signal' | 'progress'>
): Promise<void> {
  const { boardId, modelId, trials, trialMs, idleMs, layers } = request
  const { network } = prepared
  const inputs = await models.testInputs(modelId, images)
  const host = await models.reference(network, inputs.codes, inputs.images, signal)
  await boards.withLease(boardId, `measuring energy of ${modelName}`, async (session) => {
    const onProgress = (): void => progress(0, undefined, 'uploading')
    const load = preparation.loadAs('image')
    const runner = await load(session, prepared, { signal, onStep: async () => undefined, onProgress })
    const rest = (durationMs: number): Promise<void> => pause(durationMs, undefined, { signal })
    const protocol = { idleMs, trials, trialMs, layers }
    const { mark, clock } = recording
    const clockHz = info.clockHz ?? null
    const measured = { session, runner, network, inputs, host, protocol, mark, clock, rest, clockHz }
    await runEnergyPhases(measured, { signal, progress })
    recording.complete()
  })
}

function endedEarly(cause: unknown): AppError {
  return new AppError(
    'data.missing',
    'The recording of the power meter was stopped before all phases were measured.',
    'Start the measurement again and leave its recording running; what was recorded is kept.',
    { cause }
  )
}
