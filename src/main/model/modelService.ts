import { AppError } from '../../shared/errors'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type {
  SchemeAccuracy,
  ModelInfo,
  modelContract,
  QuantMethod,
  SchemeJson,
  Sensitivity,
  Split
} from '../../shared/contract/model'
import { firstImages } from '../../core/model/dataSet'
import type { ScoreMeasure } from '../../core/model/scoreMeasure'
import { weightedLayerNames, type Graph } from '../../core/model/graph'
import { workloadsOf, type Workload } from '../../core/model/workload'
import type { QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import { codesOfPixels } from '../../core/quant/integer/runInteger'
import { checkScheme, schemeKey, uniformScheme, type Scheme } from '../../core/quant/scheme'
import type { JobService } from '../jobs/jobService'
import type { TaskPool } from '../threads/taskPool'
import { checkImages, fitsClasses } from './imageFit'
import { createImageLibrary } from './imageLibrary'
import { createModelDataSets } from './modelDataSets'
import { createModelFiles, describeModel, type LoadedModel } from './modelFiles'
import type { Judged, modelTasks, PrepareFileInput } from './modelTasks'
import type { ResultKey, ResultStore } from './resultStore'
import { outputOfLogits, type FileOutput } from './runFile'

type ModelTasks = {
  [K in keyof typeof modelTasks]: {
    input: Parameters<(typeof modelTasks)[K]>[0]
    output: Awaited<ReturnType<(typeof modelTasks)[K]>>
  }
}

/** Models, their accuracy under schemes, and the quantized networks that are deployed. */
export interface ModelService {
  readonly handlers: HandlersOf<typeof modelContract>
  open(file: string): Promise<ModelInfo>
  info(modelId: string): Promise<ModelInfo>
  name(modelId: string): Promise<string>
  /** Names of those of these models that are known; files are only read for ids that were not looked for before. */
  names(modelIds: Iterable<string>): Promise<Map<string, string>>
  graph(modelId: string): Promise<Graph>
  workloads(modelId: string): Promise<Workload[]>
  /** The weighted layers in scheme order. */
  layers(modelId: string): Promise<{ name: string; macs: number; parameters: number }[]>
  evaluate(
    modelId: string,
    scheme: Scheme | null,
    split: Split,
    method: QuantMethod,
    signal?: AbortSignal
  ): Promise<SchemeAccuracy>
  /** The same with distances to the float network and what is right item by item, for searches. */
  measure(
    modelId: string,
    scheme: Scheme | null,
    split: Split,
    method: QuantMethod,
    signal?: AbortSignal
  ): Promise<SchemeMeasure>
  dataSet(modelId: string): Promise<string>
  /** The largest set of test images there is on this machine. */
  reportSplit(modelId: string): Promise<'test' | 'fullTest'>
  quantize(
    modelId: string,
    scheme: Scheme | SchemeJson,
    method?: QuantMethod,
    signal?: AbortSignal
  ): Promise<QuantizedNetwork>
  /** The first test items as input codes; labels: which output should be the largest, null where none should. */
  testInputs(
    modelId: string,
    images: number
  ): Promise<{ codes: Int8Array; labels: ArrayLike<number> | null; images: number }>
  /** A file's integers for the items of an array, and the output that the int32 results of all items mean. */
  prepareFile(input: PrepareFileInput): Promise<{
    network: QuantizedNetwork
    codes: Int8Array
    items: number
    outputOf(logits: Int32Array): FileOutput
  }>
  /** Binds a data set to a model; null: the shipped images. @throws AppError input.notFound */
  useDataSet(modelId: string, dataSet: string | null): Promise<void>
  /** Logits of the integer reference, [images][outputCount]. */
  reference(
    network: QuantizedNetwork,
    codes: Int8Array,
    images: number,
    signal?: AbortSignal
  ): Promise<Int32Array>
}

/** An evaluation with what searches need of it. */
export interface SchemeMeasure extends Pick<ScoreMeasure, 'right' | 'kl' | 'crossEntropy' | 'mse'> {
  readonly accuracy: number
  readonly images: number
}

/** Content of the shipped subset; raise it with the file. */
const shippedId = 'fashion-subset-1'

function unknownDataSet(name: string): AppError {
  return new AppError('input.notFound', `There is no data set "${name}".`, 'Add it first.')
}

/** Evaluations listed per model; older ones fall off. */
const maxKeptEvaluations = 500
/** Rows of a sensitivity analysis handed to the workers at once. */
const sensitivityBatch = 8

interface Measured {
  readonly evaluation: SchemeAccuracy
  readonly measure: SchemeMeasure
}

/** Returns the service of models: read, evaluate, quantize, retrain. */
export function createModelService(deps: {
  tasks: TaskPool<ModelTasks>
  jobs: JobService
  emit: EmitterOf<typeof modelContract>
  modelsFolder: string
  /** JSON file with the paths of opened models; null: nothing is remembered. */
  openedFile: string | null
  /** JSON file with the data set of each model; null or missing: nothing is remembered. */
  dataSetsFile?: string | null
  /** Where a data set lies. @throws AppError input.notFound */
  findDataSet?: (name: string) => Promise<{ info: { id: string; name: string }; folder: string }>
  /** Results kept across processes; missing: only this process remembers. */
  results?: ResultStore
  nowMs?: () => number
}): ModelService {
  const { tasks, jobs, emit, modelsFolder, openedFile, results, nowMs = () => 0 } = deps
  const findDataSet = deps.findDataSet ?? (async (name: string) => Promise.reject(unknownDataSet(name)))
  const dataSets = createModelDataSets(deps.dataSetsFile ?? null)
  const files = createModelFiles({ modelsFolder, openedFile })
  const library = createImageLibrary({ modelsFolder })
  const evaluations = new Map<string, Measured[]>()
  const sensitivities = new Map<string, Sensitivity[]>()

  /** The model's file and data, as workers open them. */
  const sourceOf = async (model: LoadedModel) => {
    const name = await dataSets.get(model.summary.id)
    const found = name === null ? null : await findDataSet(name)
    return {
      dataSet: { id: found?.info.id ?? shippedId, name: name ?? library.name },
      source: { file: model.summary.path, modelsFolder, dataSetFolder: found?.folder ?? null }
    }
  }

  const keyOf = (entry: Scheme | null): string => (entry === null ? 'float' : schemeKey(entry))

  /** The evaluation from memory, or computed in a worker. */
  const measured = async (
    modelId: string,
    scheme: Scheme | null,
    split: Split,
    method: QuantMethod,
    signal: AbortSignal | undefined
  ): Promise<Measured> => {
    const model = await files.find(modelId)
    if (scheme !== null) checkScheme(scheme, weightedLayerNames(model.graph))
    const { dataSet, source } = await sourceOf(model)
    const own = evaluations.get(modelId) ?? []
    evaluations.set(modelId, own)
    const known = own.find(
      ({ evaluation: entry }) =>
        keyOf(entry.scheme) === keyOf(scheme) &&
        entry.split === split &&
        entry.method === method &&
        entry.dataSet === dataSet.name
    )
    if (known !== undefined) return { ...known, evaluation: { ...known.evaluation, cached: true } }
    const key: ResultKey = { modelId, dataSetId: dataSet.id, split, method, scheme: keyOf(scheme) }
    const kept = (await results?.get(key).catch(() => null)) ?? null
    const judged: Judged =
      kept?.judged ??
      (await tasks.run(
        'model.evaluate',
        { ...source, scheme, split, method },
        signal === undefined ? {} : { signal }
      ))
    // A data file that cannot be written must not lose a result that is there.
    const atMs = kept?.atMs ?? nowMs()
    if (kept === null) await results?.put(key, judged, atMs).catch(() => undefined)
    const { images, correct, durationMs, accuracy, metrics, fittedOn, ...rest } = judged
    const found: Measured = {
      evaluation: {
        modelId,
        scheme: scheme === null ? null : [...scheme],
        method,
        split,
        images,
        correct,
        durationMs,
        accuracy,
        metrics,
        dataSet: dataSet.name,
        fittedOn,
        atMs,
        cached: kept !== null
      },
      measure: { ...rest, accuracy, images }
    }
    own.push(found)
    if (own.length > maxKeptEvaluations) own.shift()
    return found
  }

  const evaluate: ModelService['evaluate'] = async (modelId, scheme, split, method, signal) =>
    (await measured(modelId, scheme, split, method, signal)).evaluation

  const describe = async (model: LoadedModel): Promise<ModelInfo> => ({
    ...describeModel(model),
    dataSet: await dataSets.get(model.summary.id)
  })
  const info = async (modelId: string): Promise<ModelInfo> => describe(await files.find(modelId))

  const service: Omit<ModelService, 'handlers'> = {
    open: async (file) => describe(await files.open(file)),
    info,
    name: async (modelId) => (await files.find(modelId)).summary.name,
    names: (modelIds) => files.names(modelIds),
    graph: async (modelId) => (await files.find(modelId)).graph,
    workloads: async (modelId) => workloadsOf((await files.find(modelId)).graph),
    layers: async (modelId) =>
      workloadsOf((await files.find(modelId)).graph).map(({ layer, macs, parameters }) => ({
        name: layer,
        macs,
        parameters
      })),
    evaluate,
    measure: async (modelId, scheme, split, method, signal) =>
      (await measured(modelId, scheme, split, method, signal)).measure,
    dataSet: async (modelId) => (await dataSets.get(modelId)) ?? library.name,
    reportSplit: async (modelId) =>
      (await dataSets.get(modelId)) === null && library.hasFullSet() ? 'fullTest' : 'test',
    async quantize(modelId, scheme, method = 'ptq', signal) {
      const model = await files.find(modelId)
      checkScheme(scheme, weightedLayerNames(model.graph))
      const input = { ...(await sourceOf(model)).source, scheme, method }
      return tasks.run('model.quantize', input, signal === undefined ? {} : { signal })
    },
    async testInputs(modelId, images) {
      const model = await files.find(modelId)
      const { source } = await sourceOf(model)
      if (source.dataSetFolder !== null) {
        const { bytes, ...known } = await tasks.run('model.inputs', { ...source, images })
        return { codes: codesOfPixels(bytes), ...known }
      }
      const { graph } = model
      checkImages(graph, await library.shape())
      const shipped = await library.load('test')
      const large = images > shipped.count && library.hasFullSet() ? await library.load('fullTest') : shipped
      const taken = firstImages(large, images)
      // Outputs that are not one per class are compared with the host's all the same; they have no accuracy.
      const labels = fitsClasses(graph, shipped.labels) ? taken.labels : null
      return { codes: codesOfPixels(taken.pixels), labels, images: taken.count }
    },
    async prepareFile(input) {
      const made = await tasks.run('model.prepareFile', input)
      return { ...made, outputOf: (logits) => outputOfLogits(made, logits) }
    },
    async useDataSet(modelId, dataSet) {
      await files.find(modelId)
      if (dataSet !== null) await findDataSet(dataSet)
      await dataSets.set(modelId, dataSet)
    },
    reference: (network, codes, _images, signal) =>
      tasks.run('model.reference', { network, codes }, signal === undefined ? {} : { signal })
  }

  const sensitivityOf = async (
    modelId: string,
    bits: readonly Sensitivity['bits'][],
    signal: AbortSignal,
    progress: (done: number, total: number) => void
  ): Promise<Sensitivity[]> => {
    const layers = weightedLayerNames((await files.find(modelId)).graph)
    const asked = layers.flatMap((layer, index) =>
      (['weight', 'activation'] as const)
        .filter((what) => what === 'weight' || index > 0)
        .flatMap((what) => bits.map((width) => ({ layer, what, bits: width })))
    )
    const rows: Sensitivity[] = []
    for (let from = 0; from < asked.length; from += sensitivityBatch) {
      // The pool decides how many of these run at the same time.
      const found = asked.slice(from, from + sensitivityBatch).map(async (row): Promise<Sensitivity> => {
        const scheme = uniformScheme(layers, 8, 8).map((entry) =>
          entry.layer === row.layer ? { ...entry, [`${row.what}Bits`]: row.bits } : entry
        )
        const { accuracy } = await evaluate(modelId, scheme, 'search', 'ptq', signal)
        return { ...row, accuracy }
      })
      rows.push(...(await Promise.all(found)))
      progress(rows.length, asked.length)
    }
    return rows
  }

  const handlers: HandlersOf<typeof modelContract> = {
    'model.list': async () => ({
      models: await files.list(),
      dataSet: { name: library.name, origin: library.origin, splits: await library.sizes() }
    }),
    'model.open': async ({ path }) => ({ model: await service.open(path) }),
    'model.useDataSet': async ({ modelId, dataSet }) => {
      await service.useDataSet(modelId, dataSet)
      return { dataSet }
    },
    'model.results': async ({ modelId }) => ({
      results: ((await results?.list(modelId)) ?? []).map(({ judged, ...key }) => {
        const { right: _right, ...numbers } = judged
        return { ...key, ...numbers }
      })
    }),
    'model.clearResults': async ({ modelId }) => {
      if (modelId === null) evaluations.clear()
      else evaluations.delete(modelId)
      return { cleared: (await results?.clear(modelId)) ?? 0 }
    },
    'model.info': async ({ modelId }) => ({ model: await info(modelId) }),
    'model.evaluate': async ({ modelId, scheme, split, method }) => {
      const { summary } = await files.find(modelId)
      return jobs.launch({
        kind: 'model.evaluate',
        title: `Accuracy of ${summary.name}${scheme === null ? ' in float' : ''}`,
        unit: 'schemes',
        total: 1,
        run: async ({ signal, progress }) => {
          const evaluation = await evaluate(modelId, scheme, split, method, signal)
          progress(1)
          emit('model.evaluated', evaluation)
        }
      })
    },
    'model.evaluations': async ({ modelId }) => ({
      evaluations: (evaluations.get(modelId) ?? []).map(({ evaluation }) => evaluation)
    }),
    'model.sensitivity': async ({ modelId, bits }) => {
      const { summary } = await files.find(modelId)
      return jobs.launch({
        kind: 'model.sensitivity',
        title: `Sensitivity of ${summary.name}`,
        unit: 'schemes',
        run: async ({ signal, progress }) => {
          const rows = await sensitivityOf(modelId, bits, signal, progress)
          sensitivities.set(modelId, rows)
          emit('model.sensitivityFound', { modelId, rows })
        }
      })
    },
    'model.sensitivities': async ({ modelId }) => ({ rows: sensitivities.get(modelId) ?? [] })
  }
  return { ...service, handlers }
}
