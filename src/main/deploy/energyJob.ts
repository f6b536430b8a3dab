import { requireMeterFor } from '../../core/meter/simulatedMeter'
import type { DeployEnergyRequest } from '../../shared/contract/deploy'
import type { JobService } from '../jobs/jobService'
import { benchedLayers } from './boardEnergy'
import type { DeployBoards, DeployModels, PredictNetwork, RecordPower } from './deployNeeds'
import { totalOf } from './describePlan'
import { createEnergyWork } from './energyWork'
import type { NetworkPreparation } from './preparation'

/** What measuring energy on a board needs. */
export interface EnergyJobDeps {
  boards: DeployBoards
  models: DeployModels
  recordPower: RecordPower
  /** Energy by proxies of the board. */
  predict: PredictNetwork
  jobs: JobService
  preparation: Pick<NetworkPreparation, 'prepare' | 'loadAs'>
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
  const { boardId, modelId, scheme, method, meter, layers } = request
  const { name: boardName, kind } = await boards.describe(boardId)
  requireMeterFor(meter.port, { name: boardName, kind })
  const modelName = await models.name(modelId)
  const info = await boards.info(boardId)
  const prepared = await preparation.prepare({ ...request, proxyId: null }, info)
  const { network } = prepared
  const predicted = await predict(network, modelId, boardId, null, 'energy')
  const predictedNj = predicted === null ? null : totalOf(predicted)
  const title = `Energy of ${modelName} on ${boardName}`
  const predictedJ = predictedNj === null ? null : predictedNj * 1e-9
  const recording = await recordPower(meter, title, {
    ...{ modelId, boardId, boardName, scheme, method, predictedJ, complete: false }
  })
  const work = jobs.start({
    kind: 'deploy.energy',
    title,
    unit: 'phases',
    run: createEnergyWork({ request, models, boards, preparation, prepared, recording, modelName, info })
  })
  return {
    jobId: work.jobId,
    recordingId: recording.recordingId,
    layers: layers ? benchedLayers(network).map((layer) => layer.name) : [],
    predictedJ,
    result: work.result
  }
}
