import type { QuantMethod } from '../../shared/contract/model'
import type { LabelledImages } from '../../core/model/dataSet'
import type { ItemSet } from '../../core/dataset/itemSet'
import type { Graph } from '../../core/model/graph'
import { importOnnx } from '../../core/model/onnx/importOnnx'
import { exportOnnx } from '../../core/model/onnx/exportOnnx'
import { measuringRanges, type ActivationRanges } from '../../core/quant/quantize/calibration'
import { createBoundedCache } from '../../core/quant/quantize/boundedCache'
import { runFit } from '../../core/quant/quantize/fitEngine'
import { quantizing } from '../../core/quant/quantize/quantizeNetwork'
import type { QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import { schemeKey, type Scheme } from '../../core/quant/scheme'
import type { TaskContext } from '../threads/task'
import { countCorrect, floatScores } from './accuracy/floatAccuracy'
import { generatedSetOf, openGeneratedItems } from './data/generatedItems'
import { createImageLibrary, type ImageLibrary } from './data/imageLibrary'
import { checkImages } from './data/imageFit'
import { readModelFile } from './files/readModelFile'
import { openStoredItems } from '../store/storedItems'
import { fitItems, graphFor } from './data/dataFit'
import { itemsLibrary } from './data/itemsLibrary'
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
  calibration(): Promise<ActivationRanges>
  /** Finished networks by scheme and method. */
  readonly networks: ReturnType<typeof createBoundedCache<QuantizedNetwork>>
}

/** What a bench is made of. */
export interface BenchSource {
  readonly file: string
  readonly modelsFolder: string
  /** Folder of a stored data set; null or missing: the shipped images. */
  readonly dataSetFolder?: string | null
}

const engine = createOrtFitEngine()

const benches = new Map<string, Promise<ModelBench>>()
/** Models a worker keeps ready: each holds up to some hundred MiB of calibration values. */
const maxWorkspaces = 2
const networkCacheBytes = 32 * 2 ** 20

/** @throws AppError model.*, data.*; model.unsupportedShape when the images do not fit the network. */
export function openBench(source: BenchSource): Promise<ModelBench> {
  const key = `${source.modelsFolder}\n${source.file}\n${source.dataSetFolder ?? ''}`
  let bench = benches.get(key)
  if (bench === undefined) {
    bench = build(source)
    benches.set(key, bench)
    bench.catch(() => benches.delete(key))
    for (const [oldest, held] of benches) {
      if (benches.size <= maxWorkspaces) break
      benches.delete(oldest)
      void held.then(({ items }) => items?.close()).catch(() => undefined)
    }
  }
  return bench
}

async function build({ file, modelsFolder, dataSetFolder = null }: BenchSource): Promise<ModelBench> {
  const read = importOnnx((await readModelFile(file)).model)
  const { graph, library, items } =
    dataSetFolder === null ? await withShipped(read, modelsFolder) : await withDataSet(read, dataSetFolder)
  let calibration: Promise<ActivationRanges> | undefined
  return {
    graph,
    library,
    items,
    calibration: () =>
      (calibration ??= library
        .load('calibration')
        .then(({ pixels }) => runFit(measuringRanges(graph, pixels), engine))),
    networks: createBoundedCache<QuantizedNetwork>(networkCacheBytes)
  }
}

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
  const calibration = await bench.calibration()
  await context.yieldToAbort()
  const fitted = await runFit(quantizing(calibration, scheme), engine, () => context.yieldToAbort())
  const network =
    method !== 'ptq' && isRetrained(scheme, method) ? await retrainOn(bench, fitted, method, context) : fitted
  const sizeBytes = network.layers.reduce(
    (sum, layer) => sum + ('weights' in layer ? layer.weights.length : 64),
    0
  )
  bench.networks.set(key, network, sizeBytes)
  return network
}

/** Whether a method retrains a network of these widths: "retrain" below 4 bits, "distill" below 8. */
export function isRetrained(scheme: Scheme, method: QuantMethod): boolean {
  if (method === 'ptq') return false
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
