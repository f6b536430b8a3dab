import type { SchemeAccuracy, QuantMethod, Split } from '../../../shared/contract/model'
import { weightedLayerNames } from '../../../core/model/graph'
import type { ScoreMeasure } from '../../../core/model/scoreMeasure'
import { checkScheme, schemeKey, type Scheme } from '../../../core/quant/scheme'
import type { TaskPool } from '../../threads/taskPool'
import type { LoadedModel } from '../files/modelFiles'
import type { LocatedModel } from '../modelSources'
import type { Judged, modelTasks } from '../modelTasks'
import type { ResultKey, ResultStore } from './resultStore'

/** The tasks of models, as a pool runs them. */
export type ModelTasks = {
  [K in keyof typeof modelTasks]: {
    input: Parameters<(typeof modelTasks)[K]>[0]
    output: Awaited<ReturnType<(typeof modelTasks)[K]>>
  }
}

/** An evaluation with what searches need of it. */
export interface SchemeMeasure extends Pick<ScoreMeasure, 'right' | 'kl' | 'crossEntropy' | 'mse'> {
  readonly accuracy: number
  readonly images: number
  readonly metrics: SchemeAccuracy['metrics']
  /** Time the evaluation itself took where it ran, ms; null: its result was known. */
  readonly computedMs: number | null
}

/** An evaluation as the contract shows it, and as searches use it. */
export interface MeasuredScheme {
  readonly evaluation: SchemeAccuracy
  readonly measure: SchemeMeasure
}

/** Accuracies of schemes: kept in memory and in the data file, computed in workers. */
export interface SchemeEvaluations {
  /** From memory, from the data file, or computed. @throws AppError scheme.invalid */
  measured(
    model: LoadedModel,
    scheme: Scheme | null,
    split: Split,
    method: QuantMethod,
    signal: AbortSignal | undefined
  ): Promise<MeasuredScheme>
  /** Those in memory, oldest first. */
  list(modelId: string): SchemeAccuracy[]
  /** Forgets those in memory of one model or, with null, of all. */
  forget(modelId: string | null): void
}

/** Evaluations listed per model; older ones fall off. */
const maxKeptEvaluations = 500

/** Returns the evaluations, at first without any in memory. */
export function createSchemeEvaluations(deps: {
  tasks: TaskPool<ModelTasks>
  /** Results kept across processes; missing: only this process remembers. */
  results: ResultStore | undefined
  sourceOf: (model: LoadedModel) => Promise<LocatedModel>
  nowMs: () => number
}): SchemeEvaluations {
  const { tasks, results, sourceOf, nowMs } = deps
  /** By model, then by all that a result depends on. */
  const evaluations = new Map<string, Map<string, MeasuredScheme>>()

  /** Judged before, as the data file has it, or now in a worker. */
  const judge = async (
    key: ResultKey,
    work: Parameters<(typeof modelTasks)['model.evaluate']>[0],
    items: number | null,
    signal: AbortSignal | undefined
  ): Promise<{ judged: Judged; atMs: number; cached: boolean }> => {
    const kept = (await results?.get(key, items).catch(() => null)) ?? null
    if (kept !== null) return { ...kept, cached: true }
    const judged: Judged = await tasks.run('model.evaluate', work, signal === undefined ? {} : { signal })
    const atMs = nowMs()
    // A data file that cannot be written must not lose a result that is there.
    await results?.put(key, judged, atMs).catch(() => undefined)
    return { judged, atMs, cached: false }
  }

  return {
    async measured(model, scheme, split, method, signal) {
      const modelId = model.summary.id
      if (scheme !== null) checkScheme(scheme, weightedLayerNames(model.graph))
      const { dataSet, source, items } = await sourceOf(model)
      const own = evaluations.get(modelId) ?? new Map<string, MeasuredScheme>()
      evaluations.set(modelId, own)
      // The content of the set, not its name: one that was removed and added again may hold other items.
      const key: ResultKey = {
        ...{ modelId, dataSetId: dataSet.id, split, method },
        scheme: scheme === null ? 'float' : schemeKey(scheme)
      }
      const keyText = JSON.stringify(key)
      const known = own.get(keyText)
      if (known !== undefined) {
        const { evaluation, measure } = known
        return { evaluation: { ...evaluation, cached: true }, measure: { ...measure, computedMs: null } }
      }
      const work = { ...source, scheme, split, method }
      const { judged, atMs, cached } = await judge(key, work, await items(split), signal)
      const { images, correct, durationMs, accuracy, metrics, fittedOn, ...rest } = judged
      const found: MeasuredScheme = {
        evaluation: {
          ...{ modelId, scheme: scheme === null ? null : [...scheme], method, split },
          ...{ images, correct, durationMs, accuracy, metrics, fittedOn, atMs, cached },
          dataSet: dataSet.name
        },
        measure: { ...rest, accuracy, images, metrics, computedMs: cached ? null : durationMs }
      }
      own.set(keyText, found)
      const [oldest] = own.keys()
      if (oldest !== undefined && own.size > maxKeptEvaluations) own.delete(oldest)
      return found
    },
    list: (modelId) => [...(evaluations.get(modelId)?.values() ?? [])].map(({ evaluation }) => evaluation),
    forget(modelId) {
      if (modelId === null) evaluations.clear()
      else evaluations.delete(modelId)
    }
  }
}
