import path from 'node:path'
import type { QuantMethod } from '../../shared/contract/model'
import type { LabelledImages } from '../../core/model/dataSet'
import type { ItemSet } from '../../core/dataset/itemSet'
import type { Graph } from '../../core/model/graph'
import { importOnnx } from '../../core/model/onnx/importOnnx'
import { exportOnnx } from '../../core/model/onnx/exportOnnx'
import { measuringRanges, type ActivationRanges } from '../../core/quant/quantize/calibration'
import { createBoundedCache } from '../../core/quant/quantize/boundedCache'
import { createByteCache } from '../../core/quant/quantize/byteCache'
import { runFit } from '../../core/quant/quantize/fitEngine'
import { allSteps, groupedSteps, thoroughSteps, type FitSteps } from '../../core/quant/quantize/reconstruct'
import { quantizing } from '../../core/quant/quantize/quantizeNetwork'
import type { QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import { schemeKey, type Scheme } from '../../core/quant/scheme'
import { thoroughMethods, trainingMethods } from '../../shared/vocabulary'
import { AppError } from '../../shared/errors'
import { areUnchanged, fileState, type SeenFile } from '../files/fileState'
import type { TaskContext } from '../threads/task'
import { countCorrect, floatScores } from './accuracy/floatAccuracy'
import type { KeptOutputs } from './accuracy/keptOutputs'
import { generatedSetOf, openGeneratedItems } from './data/generatedItems'
import { createImageLibrary, type ImageLibrary } from './data/imageLibrary'
import { checkImages } from './data/imageFit'
import { readModelFile } from './files/readModelFile'
import { openStoredItems, storedFiles } from '../store/storedItems'
import { fitItems, graphFor } from './data/dataFit'
import { moreItems } from './data/moreItems'
import { checkTrainable, itemsLibrary } from './data/itemsLibrary'
import { joinHostFits, type HostFits } from './hostFits'
import { joinFits, joinOutputs, type JoinedFits } from './sharedFits'
import { createOrtFitEngine } from './onnxruntime/ortFitEngine'
import { openOrtSession } from './onnxruntime/ortSession'
import { distillSettings, retrain, usualSettings } from './training/retrain'

/** A model with what quantizing and judging it needs, kept by each worker between tasks. */
export interface ModelBench {
  readonly graph: Graph
  /** Images for fitting, and for judging where `items` is null. */
  readonly library: ImageLibrary
  /** The user's data set; null: the shipped images. */
  readonly items: ItemSet | null
  /** What a method fits on; `thoroughMethods` take tuning items beside the calibration items. */
  calibration(method: QuantMethod): Promise<ActivationRanges>
  /** Puts into them what other processes have fitted of a scheme; waits no longer than one fit takes. */
  lookForFits(method: QuantMethod, scheme: Scheme): Promise<void>
  /** Content of the network's file, as models are identified by it. */
  readonly modelId: string
  /** What the graph and the items were read from. */
  readonly files: readonly SeenFile[]
  /** Finished networks by scheme and method. */
  readonly networks: ReturnType<typeof createBoundedCache<QuantizedNetwork>>
  /** Outputs of layers over items that networks were judged on. */
  readonly outputs: KeptOutputs['cache']
  /** Frees what it holds. */
  close(): Promise<void>
}

/** What a bench is made of. */
export interface BenchSource {
  readonly file: string
  /** Which content the file has to have; missing: any. */
  readonly modelId?: string
  readonly modelsFolder: string
  /** Folder of a stored data set; null or missing: the shipped images. */
  readonly dataSetFolder?: string | null
  /** Hash of network and items that is equal on all hosts; missing: fits are not shared with other processes. */
  readonly content?: string
}

const engine = createOrtFitEngine()

const benches = new Map<string, Promise<ModelBench>>()
/** Models a worker keeps ready: each holds up to some hundred MiB of calibration values. */
const maxWorkspaces = 2
const networkCacheBytes = 32 * 2 ** 20
const outputCacheBytes = 64 * 2 ** 20

/**
 * The bench of a network and its items, made again where one of their files has changed.
 * @throws AppError model.*, data.*; model.unsupportedShape when the images do not fit the network; input.notFound where the file
 *   holds another network than `modelId`
 */
export async function openBench(source: BenchSource): Promise<ModelBench> {
  const key = `${source.modelsFolder}\n${source.file}\n${source.dataSetFolder ?? ''}`
  const held = benches.get(key)
  if (held !== undefined && !(await areUnchanged((await held).files)) && benches.get(key) === held)
    dismiss(key, held)
  const bench = await (benches.get(key) ?? keepBench(key, build(source)))
  if (source.modelId !== undefined && source.modelId !== bench.modelId) throw otherNetwork(source.file)
  return bench
}

function keepBench(key: string, bench: Promise<ModelBench>): Promise<ModelBench> {
  benches.set(key, bench)
  bench.catch(() => {
    if (benches.get(key) === bench) benches.delete(key)
  })
  for (const [oldest, held] of benches) {
    if (benches.size <= maxWorkspaces) break
    dismiss(oldest, held)
  }
  return bench
}

function dismiss(key: string, bench: Promise<ModelBench>): void {
  benches.delete(key)
  void bench.then((held) => held.close()).catch(() => undefined)
}

/** A file that was changed since its network was opened. */
export function otherNetwork(file: string): AppError {
  return new AppError(
    'input.notFound',
    `${file} holds another network than when it was opened.`,
    'Open the file again: its network is a new one, with results of its own.'
  )
}

async function build({
  file,
  modelsFolder,
  dataSetFolder = null,
  content: ofHosts
}: BenchSource): Promise<ModelBench> {
  const { model, id, files } = await readModelFile(file)
  const read = importOnnx(model)
  const record = dataSetFolder === null ? null : path.join(dataSetFolder, storedFiles.record)
  const seen = record === null ? files : [...files, { path: record, state: await fileState(record) }]
  const { graph, library, items } =
    dataSetFolder === null ? await withShipped(read, modelsFolder) : await withDataSet(read, dataSetFolder)
  const content = JSON.stringify([id, modelsFolder, dataSetFolder, seen.map(({ state }) => state)])
  const outputs = joinOutputs(JSON.stringify([content, 'outputs']), createByteCache(outputCacheBytes))
  const calibrations = new Map<FitSteps, Promise<SharedRanges>>()
  const calibrate = async (steps: FitSteps): Promise<SharedRanges> => {
    const { pixels } = steps.search ? await moreItems(library) : await library.load('calibration')
    const measured = await runFit(measuringRanges(graph, pixels, steps), engine)
    const joined = joinFits(JSON.stringify([content, steps]), measured)
    const known = ofHosts === undefined ? null : JSON.stringify([ofHosts, steps])
    return { leave: joined.leave, ...joinHostFits(known, joined.ranges) }
  }
  const calibrationOf = (method: QuantMethod): Promise<SharedRanges> => {
    const steps = stepsOf(method)
    const fits = calibrations.get(steps) ?? calibrate(steps)
    calibrations.set(steps, fits)
    return fits
  }
  return {
    graph,
    library,
    items,
    modelId: id,
    files: seen,
    calibration: async (method) => (await calibrationOf(method)).ranges,
    lookForFits: async (method, scheme) => (await calibrationOf(method)).look(scheme),
    networks: createBoundedCache<QuantizedNetwork>(networkCacheBytes),
    outputs: outputs.cache,
    async close() {
      outputs.leave()
      for (const fits of calibrations.values()) await fits.then(({ leave }) => leave()).catch(() => undefined)
      await items?.close()
    }
  }
}

/** Ranges whose fits other threads and other processes share. */
type SharedRanges = HostFits & Pick<JoinedFits, 'leave'>

async function withShipped(
  graph: Graph,
  modelsFolder: string
): Promise<Pick<ModelBench, 'graph' | 'library' | 'items'>> {
  const generated = generatedSetOf(graph)
  if (generated !== null) {
    const items = fitItems(graph, openGeneratedItems(generated, modelsFolder))
    return { graph, library: itemsLibrary(items), items }
  }
  const library = createImageLibrary({ modelsFolder })
  checkImages(graph, await library.shape())
  return { graph, library, items: null }
}

async function withDataSet(
  read: Graph,
  folder: string
): Promise<Pick<ModelBench, 'graph' | 'library' | 'items'>> {
  const stored = await openStoredItems(folder)
  try {
    const items = fitItems(read, stored)
    return { graph: graphFor(read, items), library: itemsLibrary(items), items }
  } catch (reason) {
    await stored.close()
    throw reason
  }
}

/** Quantizes a network on its calibration items. */
export async function quantizeOn(
  bench: ModelBench,
  scheme: Scheme,
  method: QuantMethod,
  context: TaskContext
): Promise<QuantizedNetwork> {
  const key = `${method}:${schemeKey(scheme)}`
  const known = bench.networks.get(key)
  if (known !== undefined) return known
  const calibration = await bench.calibration(method)
  await bench.lookForFits(method, scheme)
  await context.yieldToAbort()
  const fitted = await runFit(quantizing(calibration, scheme), engine, () => context.yieldToAbort())
  const network = isRetrained(scheme, method) ? await retrainOn(bench, fitted, method, context) : fitted
  const sizeBytes = network.layers.reduce(
    (sum, layer) => sum + ('weights' in layer ? layer.weights.length : 64),
    0
  )
  bench.networks.set(key, network, sizeBytes)
  return network
}

function stepsOf(method: QuantMethod): FitSteps {
  if (method === 'grouped') return groupedSteps
  return thoroughMethods.includes(method) ? thoroughSteps : allSteps
}

/** Whether a method retrains a network of these widths: "retrain" below 4 bits, "distill" below 8. */
export function isRetrained(scheme: Scheme, method: QuantMethod): method is 'retrain' | 'distill' {
  if (!trainingMethods.includes(method)) return false
  const bits = method === 'retrain' ? 4 : 8
  return scheme.some(({ weightBits, activationBits }) => weightBits < bits || activationBits < bits)
}

/** Clothes may be mirrored and shifted; of a user's items nothing of the kind is known. */
async function retrainOn(
  bench: ModelBench,
  fitted: QuantizedNetwork,
  method: 'retrain' | 'distill',
  context: TaskContext
): Promise<QuantizedNetwork> {
  if (bench.items !== null) checkTrainable(bench.items)
  const settings = method === 'retrain' ? usualSettings : distillSettings
  return retrain(bench, fitted, context, bench.items === null ? settings : { ...settings, augment: null })
}

/** Number of images that the float network classifies right. */
export async function floatCorrect({ graph }: ModelBench, images: LabelledImages): Promise<number> {
  const session = await openOrtSession(exportOnnx(graph))
  try {
    return countCorrect(await floatScores(session, graph, images), images.labels)
  } finally {
    await session.release()
  }
}
