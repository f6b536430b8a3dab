import { setTimeout as pause } from 'node:timers/promises'
import { requireMeterFor } from '../../core/meter/simulatedMeter'
import type { DeployEnergyRequest } from '../../shared/contract/deploy'
import { AppError } from '../../shared/errors'
import type { JobService } from '../jobs/jobService'
import { benchedLayers, runEnergyPhases } from './boardEnergy'
import type { DeployBoards, DeployModels, PredictNetwork, RecordPower } from './deployNeeds'
import { totalOf } from './describePlan'
import { createPreparation } from './preparation'

/** Images whose outputs are compared, and over which inferences are measured. */
const images = 16

/** What measuring energy on a board needs. */
export interface EnergyJobDeps {
  boards: DeployBoards
  models: DeployModels
  recordPower: RecordPower
  /** Energy by proxies of the board. */
  predict: PredictNetwork
  jobs: JobService
  preparation: Pick<ReturnType<typeof createPreparation>, 'prepare' | 'loadAs'>
}

/** A measurement of energy that runs. */
export interface StartedEnergy {
  jobId: string
  recordingId: string
  layers: string[]
  /** Energy of an inference as proxies of the board predict it; null where they cannot. */
  predictedJ: number | null
  result: Promise<void>
}

/**
 * Plans, starts the meter and measures as a Job. What can fail before the meter runs fails here.
 *
 * @throws what planning and the meter throw, board.notConnected; input.invalid for the simulated meter beside another board than
 * a virtual one
 */
export async function startEnergyJob(
  request: DeployEnergyRequest,
  deps: EnergyJobDeps
): Promise<StartedEnergy> {
  const { boards, models, recordPower, predict, jobs, preparation } = deps
  const { boardId, modelId, meter, trials, trialMs, idleMs, layers } = request
  const { name: boardName, kind } = await boards.describe(boardId)
  requireMeterFor(meter.port, { name: boardName, kind })
  const modelName = await models.name(modelId)
  const info = await boards.info(boardId)
  const prepared = await preparation.prepare({ ...request, proxyId: null }, info)
  const { network } = prepared
  const predicted = await predict(network, modelId, boardId, null, 'energy')
  const predictedNj = predicted === null ? null : totalOf(predicted)
  const title = `Energy of ${modelName} on ${boardName}`
  const recording = await recordPower(meter, title)
  const work = jobs.start({
    kind: 'deploy.energy',
    title,
    unit: 'phases',
    async run({ signal: cancelled, progress }) {
      // Without its recording the work on the board would be for nothing.
      const signal = AbortSignal.any([cancelled, recording.ended])
      try {
        const inputs = await models.testInputs(modelId, images)
        const host = await models.reference(network, inputs.codes, inputs.images, signal)
        await boards.withLease(boardId, `measuring energy of ${modelName}`, async (session) => {
          const onProgress = (): void => progress(0, undefined, 'uploading')
          const load = preparation.loadAs('image')
          const runner = await load(session, prepared, { signal, onStep: async () => undefined, onProgress })
          const rest = (durationMs: number): Promise<void> => pause(durationMs, undefined, { signal })
          const protocol = { idleMs, trials, trialMs, layers }
          const { mark, clock } = recording
          await runEnergyPhases(
            {
              session,
              runner,
              network,
              inputs,
              host,
              protocol,
              mark,
              clock,
              rest,
              clockHz: info.clockHz ?? null
            },
            { signal, progress }
          )
        })
      } catch (cause) {
        throw recording.ended.aborted && !cancelled.aborted ? endedEarly(cause) : cause
      } finally {
        // A failure of the recording is what is reported: it ended the work.
        await recording.finish()
      }
    }
  })
  return {
    jobId: work.jobId,
    recordingId: recording.recordingId,
    layers: layers ? benchedLayers(network).map((layer) => layer.name) : [],
    predictedJ: predictedNj === null ? null : predictedNj * 1e-9,
    result: work.result
  }
}

function endedEarly(cause: unknown): AppError {
  return new AppError(
    'data.missing',
    'The recording of the power meter was stopped before all phases were measured.',
    'Start the measurement again and leave its recording running; what was recorded is kept.',
    { cause }
  )
}
