import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type {
  ModelCheck,
  modelContract,
  ModelInfo,
  QuantMethod,
  SchemeAccuracy,
  Sensitivity,
  Split
} from '../../shared/contract/model'
import { type Graph, weightedLayerNames } from '../../core/model/graph'
import type { Scheme } from '../../core/quant/scheme'
import type { JobService } from '../jobs/jobService'
import type { createImageLibrary } from './data/imageLibrary'
import type { ModelRanges } from '../../shared/contract/model/modelRanges'
import type { createModelFiles } from './files/modelFiles'
import type { ResultStore } from './accuracy/resultStore'
import type { SchemeEvaluations } from './accuracy/schemeEvaluations'
import { measureSensitivity } from './accuracy/sensitivity'

/** The use cases that the commands call. */
export interface HandledModels {
  open(file: string): Promise<ModelInfo>
  info(modelId: string): Promise<ModelInfo>
  name(modelId: string): Promise<string>
  graph(modelId: string): Promise<Graph>
  evaluate(
    modelId: string,
    scheme: Scheme | null,
    split: Split,
    method: QuantMethod,
    signal?: AbortSignal
  ): Promise<SchemeAccuracy>
  useDataSet(modelId: string, dataSet: string | null): Promise<void>
  useOutput(modelId: string, output: string): Promise<ModelInfo>
  check(file: string): Promise<ModelCheck>
  ranges(modelId: string, signal: AbortSignal, report: (ranges: ModelRanges) => void): Promise<void>
}

/** What the handlers of the model noun are made from. */
export interface ModelHandlerDeps {
  service: HandledModels
  evaluations: SchemeEvaluations
  results: ResultStore | undefined
  files: ReturnType<typeof createModelFiles>
  library: ReturnType<typeof createImageLibrary>
  jobs: JobService
  emit: EmitterOf<typeof modelContract>
}

/** The commands of models over their use cases. */
export function modelHandlers(deps: ModelHandlerDeps): HandlersOf<typeof modelContract> {
  const { service, evaluations, results, files, library } = deps
  const sensitivities = new Map<string, Sensitivity[]>()
  const ranges = new Map<string, ModelRanges>()
  return {
    ...modelJobs(deps, ranges, sensitivities),
    'model.list': async () => ({
      models: await files.list(),
      dataSet: { name: library.name, origin: library.origin, splits: await library.sizes() }
    }),
    'model.open': async ({ path }) => ({ model: await service.open(path) }),
    'model.check': async ({ path }) => ({ check: await service.check(path) }),
    'model.ranges': async ({ modelId }) => ({ ranges: ranges.get(modelId) ?? null }),
    'model.useDataSet': async ({ modelId, dataSet }) => {
      await service.useDataSet(modelId, dataSet)
      ranges.delete(modelId)
      sensitivities.delete(modelId)
      return { dataSet }
    },
    'model.useOutput': async ({ modelId, output }) => ({ model: await service.useOutput(modelId, output) }),
    'model.results': async ({ modelId }) => ({
      results: ((await results?.list(modelId)) ?? []).map(({ judged, ...key }) => {
        const { right: _right, ...numbers } = judged
        return { ...key, ...numbers }
      })
    }),
    'model.clearResults': async ({ modelId }) => {
      evaluations.forget(modelId)
      return { cleared: (await results?.clear(modelId)) ?? 0 }
    },
    'model.info': async ({ modelId }) => ({ model: await service.info(modelId) }),
    'model.evaluations': async ({ modelId }) => ({
      evaluations: evaluations.list(modelId)
    }),
    'model.sensitivities': async ({ modelId }) => ({ rows: sensitivities.get(modelId) ?? [] })
  }
}

/** Commands that run as jobs; what ranges and sensitivities find is kept in the maps. */
function modelJobs(
  { service, jobs, emit }: ModelHandlerDeps,
  ranges: Map<string, ModelRanges>,
  sensitivities: Map<string, Sensitivity[]>
): Pick<HandlersOf<typeof modelContract>, 'model.measureRanges' | 'model.evaluate' | 'model.sensitivity'> {
  return {
    'model.measureRanges': async ({ modelId }) => {
      const name = await service.name(modelId)
      return jobs.launch({
        kind: 'model.measureRanges',
        title: `Value ranges of ${name}`,
        unit: 'items',
        run: ({ signal, progress }) =>
          service.ranges(modelId, signal, (found) => {
            ranges.set(modelId, found)
            progress(found.items, found.total)
            emit('model.rangesFound', found)
          })
      })
    },
    'model.evaluate': async ({ modelId, scheme, split, method }) => {
      const name = await service.name(modelId)
      return jobs.launch({
        kind: 'model.evaluate',
        title: `Accuracy of ${name}${scheme === null ? ' in float' : ''}`,
        unit: 'schemes',
        total: 1,
        run: async ({ signal, progress }) => {
          const evaluation = await service.evaluate(modelId, scheme, split, method, signal)
          progress(1)
          emit('model.evaluated', evaluation)
        }
      })
    },
    'model.sensitivity': async ({ modelId, bits }) => {
      const name = await service.name(modelId)
      return jobs.launch({
        kind: 'model.sensitivity',
        title: `Sensitivity of ${name}`,
        unit: 'schemes',
        run: async ({ signal, progress }) => {
          const layers = weightedLayerNames(await service.graph(modelId))
          const evaluate = (scheme: Scheme): Promise<SchemeAccuracy> =>
            service.evaluate(modelId, scheme, 'search', 'ptq', signal)
          const rows = await measureSensitivity(layers, bits, evaluate, progress)
          sensitivities.set(modelId, rows)
          emit('model.sensitivityFound', { modelId, rows })
        }
      })
    }
  }
}
