import { estimatorToJson, type EstimatorJson } from '../../core/estimator/fit/estimator'
import { intervalLevel } from '../../core/estimator/fit/intervals'
import { dropOutliers } from '../../core/estimator/fit/outliers'
import { evaluateEstimator, evaluateRows } from '../../core/estimator/fit/report'
import { trainEstimator } from '../../core/estimator/fit/train'
import { analyseGuardrail } from '../../core/estimator/guard/guardrail'
import type { StageModelName } from '../../shared/vocabulary'
import type { StageSample } from '../../core/estimator/samples/stageSample'
import { stageTable, takeRows } from '../../core/estimator/samples/stageTable'
import { assembleTransfer } from '../../core/estimator/transfer/assemble'
import { stageTransferCurve } from '../../core/estimator/transfer/curve'
import { methodTitles } from '../../core/estimator/transfer/methods'
import { intervalFactors } from '../../core/regression/interval'
import type { EstimatorDetail, StageTransferPointJson } from '../../shared/contract/estimator'
import type { TaskContext } from '../threads/task'

/** Samples and settings of a training in a worker. */
export interface TrainTask {
  samples: StageSample[]
  model: StageModelName
  seed: number
  epochs: number
  maxDecodePerTokenMs: number | null
  dataHash: string
}

/** A trained estimator with everything its page shows. */
export interface TrainOutput {
  json: EstimatorJson
  detail: Omit<EstimatorDetail, 'estimator'>
}

const maxPoints = 600

/** Training and transfer curves: seconds to minutes of plain arithmetic, in a worker thread. */
export const estimatorTasks = {
  'estimator.train': (task: TrainTask, context: TaskContext): TrainOutput => {
    const { kept, byThreshold, byConfiguration } = dropOutliers(stageTable(task.samples), {
      maxDecodePerTokenMs: task.maxDecodePerTokenMs,
      robust: true
    })
    const { estimator, split, history, coverage } = trainEstimator(kept, {
      model: task.model,
      seed: task.seed,
      validationShare: 0.25,
      epochs: task.epochs,
      // The note of a step is its line of the log.
      onEpoch: (epoch) => context.progress(epoch.epoch, task.epochs, JSON.stringify(epoch))
    })
    const judged = takeRows(kept, split.validation.length > 0 ? split.validation : split.train)
    const rows = evaluateRows(estimator, judged)
    const factors = intervalFactors({ logRatios: estimator.logRatios }, intervalLevel)
    const predicted = Array.from(rows.predictedTotal, (totalMs) => ({
      totalMs,
      lowMs: totalMs * factors.low,
      highMs: totalMs * factors.high
    }))
    const step = Math.max(1, Math.ceil(judged.count / maxPoints))
    const points = rows.configurations.flatMap((configuration, row) =>
      row % step === 0
        ? [
            {
              configuration,
              measuredMs: rows.measuredTotal[row] ?? NaN,
              predictedMs: rows.predictedTotal[row] ?? NaN
            }
          ]
        : []
    )
    return {
      json: estimatorToJson(estimator, {
        seed: task.seed,
        origin: kept.origin,
        dataHash: task.dataHash,
        rows: { train: split.train.length, validation: split.validation.length }
      }),
      detail: {
        knobs: estimator.codec.knobs.map(({ levels, ...knob }) => ({
          ...knob,
          levels: levels === null ? null : [...levels]
        })),
        outputTokens: estimator.codec.outputTokens,
        evaluation: evaluateEstimator(estimator, judged),
        history,
        coverage,
        position: estimator.position,
        dropped: { byThreshold, byConfiguration },
        guardrail: analyseGuardrail(predicted, rows.measuredTotal),
        points
      }
    }
  },
  'estimator.transfer': (
    task: { source: StageSample[]; target: StageSample[]; sizes: number[]; seeds: number },
    context: TaskContext
  ): { points: StageTransferPointJson[]; chosen: Record<string, string> } => {
    const { points, chosen } = stageTransferCurve(assembleTransfer(task), {
      sizes: task.sizes,
      seeds: task.seeds,
      onProgress: (done, total, note) => context.progress(done, total, note)
    })
    return {
      chosen,
      points: points.map(({ perOperator: _perOperator, ...point }) => ({
        ...point,
        title: point.method === 'auto' ? 'Chosen by leave-one-out' : methodTitles[point.method]
      }))
    }
  }
}
