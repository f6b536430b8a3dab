import { AppError } from '../../shared/errors'
import path from 'node:path'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type {
  SchemeAccuracy,
  ModelInfo,
  modelContract,
  QuantMethod,
  SchemeJson,
  Split
} from '../../shared/contract/model'
import { firstImages } from '../../core/model/dataSet'
import { weightedLayerNames, type Graph } from '../../core/model/graph'
import { recurrentWorkOf, workloadsOf, type RecurrentWork, type Workload } from '../../core/model/workload'
import type { QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import { codesOfPixels } from '../../core/quant/integer/runInteger'
import { checkScheme, type Scheme } from '../../core/quant/scheme'
import type { JobService } from '../jobs/jobService'
import type { TaskPool } from '../threads/taskPool'
import { generatedSetOf } from './data/generatedItems'
import { checkImages, fitsClasses } from './data/imageFit'
import { createImageLibrary } from './data/imageLibrary'
import { misfitOfOwn, misfitOfSet } from './data/misfit'
import { createModelDataSets } from './data/modelDataSets'
import { createModelFiles, describeModel, type LoadedModel } from './files/modelFiles'
import { measureRanges } from './measureRanges'
import { modelHandlers, type HandledModels } from './modelHandlers'
import { requireFit } from './data/requireFit'
import { findNoDataSet, locateModels, type FindDataSet } from './modelSources'
import type { PrepareFileInput } from './modelTasks'
import { isLargeNetwork, readNetwork } from './files/readNetwork'
import type { ResultStore } from './accuracy/resultStore'
import { outputOfLogits, type FileOutput } from './files/runFile'
import {
  createSchemeEvaluations,
  type MeasuredScheme,
  type ModelTasks,
  type SchemeMeasure
} from './accuracy/schemeEvaluations'

export type { SchemeMeasure } from './accuracy/schemeEvaluations'

/** Models, their accuracy under schemes, and the quantized networks that are deployed. */
export interface ModelService {
  readonly handlers: HandlersOf<typeof modelContract>
  open(file: string): Promise<ModelInfo>
  /** Paths of opened networks, also of files that cannot be read now. */
  openedPaths(): Promise<string[]>
  info(modelId: string): Promise<ModelInfo>
  name(modelId: string): Promise<string>
  /** Names of those of these models that are known; files are only read for ids that were not looked for before. */
  names(modelIds: Iterable<string>): Promise<Map<string, string>>
  graph(modelId: string): Promise<Graph>
  workloads(modelId: string): Promise<Workload[]>
  /** What each recurrence computes and keeps beside them. */
  recurrentWork(modelId: string): Promise<RecurrentWork[]>
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
  /** The network as it is under a scheme but for its codes, which stand in for fitted ones: needs no data (standInNetwork.ts). */
  standIn(modelId: string, scheme: Scheme): Promise<QuantizedNetwork>
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
  /** Opens a model with another of its outputs. @throws AppError input.notFound, input.unsupported */
  useOutput(modelId: string, output: string): Promise<ModelInfo>
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

/** What the model service is made from. */
export interface ModelServiceDeps {
  tasks: TaskPool<ModelTasks>
  jobs: JobService
  emit: EmitterOf<typeof modelContract>
  modelsFolder: string
  /** JSON file with the paths of opened models; null: nothing is remembered. */
  openedFile: string | null
  /** JSON file with the data set of each model; null or missing: nothing is remembered. */
  dataSetsFile?: string | null
  /** The folder of a data set. @throws AppError input.notFound */
  findDataSet?: FindDataSet
  /** Results kept across processes; missing: only this process remembers. */
  results?: ResultStore
  nowMs?: () => number
}

/** Returns the service of models: read, evaluate, quantize, retrain. */
export function createModelService(deps: ModelServiceDeps): ModelService {
  const { tasks, jobs, emit, modelsFolder, openedFile, results, nowMs = () => 0 } = deps
  const findDataSet = deps.findDataSet ?? findNoDataSet
  const dataSets = createModelDataSets(deps.dataSetsFile ?? null)
  const files = createModelFiles({
    modelsFolder,
    openedFile,
    read: async (file) =>
      (await isLargeNetwork(file)) ? tasks.run('model.read', { file }) : readNetwork(file)
  })
  const library = createImageLibrary({ modelsFolder })
  const sourceOf = locateModels({ dataSets, findDataSet, modelsFolder, shipped: library })
  const evaluations = createSchemeEvaluations({ tasks, results, sourceOf, nowMs })
  const measured = async (
    ...[modelId, ...rest]: Parameters<ModelService['measure']>
  ): Promise<MeasuredScheme> => {
    const [scheme, split, method, signal] = rest
    return evaluations.measured(await files.find(modelId), scheme, split, method, signal)
  }

  /** The data set that a model is judged on, and why it cannot be. */
  const dataOf = async ({ summary, graph }: LoadedModel): Promise<Pick<ModelInfo, 'dataSet' | 'misfit'>> => {
    const dataSet = await dataSets.get(summary.id)
    const misfit = await (dataSet === null
      ? misfitOfOwn(graph, library, modelsFolder)
      : misfitOfSet(graph, async () => (await findDataSet(dataSet)).folder))
    return { dataSet, ...(misfit === undefined ? {} : { misfit }) }
  }
  const describe = async (model: LoadedModel): Promise<ModelInfo> => ({
    ...describeModel(model),
    ...(await dataOf(model))
  })
  /** Whether a model is judged on the shipped images. */
  const isOnShipped = async ({ summary, graph }: LoadedModel): Promise<boolean> =>
    (await dataSets.get(summary.id)) === null && generatedSetOf(graph) === null

  const inputs = createModelInputs({ tasks, files, library, sourceOf, isOnShipped })
  const service: Omit<ModelService, 'handlers'> & HandledModels = {
    ...inputs,
    open: async (file) => describe(await files.open(file)),
    openedPaths: () => files.openedPaths(),
    info: async (modelId) => describe(await files.find(modelId)),
    name: async (modelId) => (await files.find(modelId)).summary.name,
    names: (modelIds) => files.names(modelIds),
    graph: async (modelId) => (await files.find(modelId)).graph,
    workloads: async (modelId) => workloadsOf((await files.find(modelId)).graph),
    recurrentWork: async (modelId) => recurrentWorkOf((await files.find(modelId)).graph),
    layers: async (modelId) =>
      workloadsOf((await files.find(modelId)).graph).map(({ layer, macs, parameters }) => ({
        name: layer,
        macs,
        parameters
      })),
    evaluate: async (...request) => (await measured(...request)).evaluation,
    measure: async (...request) => (await measured(...request)).measure,
    dataSet: async (modelId) => (await sourceOf(await files.find(modelId))).dataSet.name,
    async useDataSet(modelId, dataSet) {
      const { graph } = await files.find(modelId)
      if (dataSet !== null) await requireFit(graph, (await findDataSet(dataSet)).folder)
      await dataSets.set(modelId, dataSet)
    },
    async useOutput(modelId, output) {
      if (openedFile === null) throw nothingRemembered()
      const folder = path.join(path.dirname(openedFile), 'modelOutputs')
      const { summary, outputs } = await files.find(modelId)
      const { path: file, id } = summary
      const made = await tasks.run('model.fileWithOutput', { folder, file, id, outputs, output })
      return describe(await files.open(made))
    },
    check: (file) => tasks.run('model.check', { file: path.resolve(file) }),
    ranges: async (modelId, signal, report) =>
      measureRanges({ tasks, sourceOf }, await files.find(modelId), signal, report)
  }

  const handlers = modelHandlers({ service, evaluations, results, files, library, jobs, emit })
  return { ...service, handlers }
}

/** Integers of networks and the items they run on, in worker threads. */
function createModelInputs({
  tasks,
  files,
  library,
  sourceOf,
  isOnShipped
}: {
  tasks: TaskPool<ModelTasks>
  files: ReturnType<typeof createModelFiles>
  library: ReturnType<typeof createImageLibrary>
  sourceOf: ReturnType<typeof locateModels>
  isOnShipped: (model: LoadedModel) => Promise<boolean>
}): Pick<ModelService, 'reportSplit' | 'quantize' | 'standIn' | 'testInputs' | 'prepareFile' | 'reference'> {
  return {
    reportSplit: async (modelId) =>
      library.hasFullSet() && (await isOnShipped(await files.find(modelId))) ? 'fullTest' : 'test',
    async quantize(modelId, scheme, method = 'ptq', signal) {
      if (method === 'grouped') throw noGroupKernel()
      const model = await files.find(modelId)
      checkScheme(scheme, weightedLayerNames(model.graph))
      const input = { ...(await sourceOf(model)).source, scheme, method }
      return tasks.run('model.quantize', input, signal === undefined ? {} : { signal })
    },
    async standIn(modelId, scheme) {
      const { summary, graph } = await files.find(modelId)
      checkScheme(scheme, weightedLayerNames(graph))
      return tasks.run('model.standIn', { file: summary.path, modelId: summary.id, scheme })
    },
    async testInputs(modelId, images) {
      const model = await files.find(modelId)
      const { source } = await sourceOf(model)
      if (await isOnShipped(model)) return shippedInputs(library, model.graph, images)
      const { bytes, ...known } = await tasks.run('model.inputs', { ...source, images })
      return { codes: codesOfPixels(bytes), ...known }
    },
    async prepareFile(input) {
      const made = await tasks.run('model.prepareFile', input)
      return { ...made, outputOf: (logits) => outputOfLogits(made, logits) }
    },
    reference: (network, codes, _images, signal) =>
      tasks.run('model.reference', { network, codes }, signal === undefined ? {} : { signal })
  }
}

/** The first shipped test images; the full set where that many are wanted and it is there. */
async function shippedInputs(
  library: ReturnType<typeof createImageLibrary>,
  graph: Graph,
  images: number
): ReturnType<ModelService['testInputs']> {
  checkImages(graph, await library.shape())
  const shipped = await library.load('test')
  const large = images > shipped.count && library.hasFullSet() ? await library.load('fullTest') : shipped
  const taken = firstImages(large, images)
  // Outputs that are not one per class are compared with the host's too; they have no accuracy.
  const labels = fitsClasses(graph, shipped.labels) ? taken.labels : null
  return { codes: codesOfPixels(taken.pixels), labels, images: taken.count }
}

function nothingRemembered(): AppError {
  return new AppError(
    'input.unsupported',
    'Another output cannot be chosen: there is no data folder to keep the choice in.',
    'Export the network with the output you want first.'
  )
}

function noGroupKernel(): AppError {
  return new AppError(
    'input.unsupported',
    'No kernel takes scales of groups of weights: the method "grouped" is for evaluation alone.',
    'Search or judge with --method reconstruct: it has one scale per output, which boards take.'
  )
}
