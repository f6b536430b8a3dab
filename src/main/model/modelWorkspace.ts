import type { QuantMethod } from '../../shared/contract/model'
import type { LabelledImages } from '../../core/model/dataSet'
import type { Graph } from '../../core/model/graph'
import { importOnnx } from '../../core/model/importOnnx'
import { exportOnnx } from '../../core/model/exportOnnx'
import { calibrate, type Calibration } from '../../core/quant/quantize/calibration'
import { createBoundedCache } from '../../core/quant/quantize/boundedCache'
import { quantizeNetwork } from '../../core/quant/quantize/quantizeNetwork'
import type { QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import { schemeKey, type Scheme } from '../../core/quant/scheme'
import type { TaskContext } from '../threads/task'
import { countCorrect, floatScores } from './floatAccuracy'
import { createImageLibrary, type ImageLibrary } from './imageLibrary'
import { checkImages } from './imageFit'
import { readModelFile } from './readModelFile'
import { openSession } from './ortSession'
import { retrain } from './training/retrain'

/** A model with what quantizing and judging it needs, kept by each worker between tasks. */
export interface ModelBench {
  readonly graph: Graph
  readonly library: ImageLibrary
  calibration(): Promise<Calibration>
  /** Finished networks by scheme and method. */
  readonly networks: ReturnType<typeof createBoundedCache<QuantizedNetwork>>
}

const benches = new Map<string, Promise<ModelBench>>()
/** Models a worker keeps ready: each holds up to some hundred MiB of calibration values. */
const keptBenches = 2
const networkCacheBytes = 32 * 2 ** 20

/** @throws AppError model.*, data.*; model.unsupportedShape when the images do not fit the network. */
export function openBench(source: { file: string; modelsFolder: string }): Promise<ModelBench> {
  const key = `${source.modelsFolder}\n${source.file}`
  let bench = benches.get(key)
  if (bench === undefined) {
    bench = build(source)
    benches.set(key, bench)
    bench.catch(() => benches.delete(key))
    for (const oldest of benches.keys()) if (benches.size > keptBenches) benches.delete(oldest)
  }
  return bench
}

async function build({ file, modelsFolder }: { file: string; modelsFolder: string }): Promise<ModelBench> {
  const graph = importOnnx((await readModelFile(file)).model)
  const library = createImageLibrary({ modelsFolder })
  checkImages(graph, await library.shape())
  let calibration: Promise<Calibration> | undefined
  return {
    graph,
    library,
    calibration: () =>
      (calibration ??= library.load('calibration').then(({ pixels }) => calibrate(graph, pixels))),
    networks: createBoundedCache<QuantizedNetwork>(networkCacheBytes)
  }
}

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
  const fitted = quantizeNetwork(calibration, scheme)
  const isLow = scheme.some(({ weightBits, activationBits }) => weightBits < 4 || activationBits < 4)
  const network = method === 'retrain' && isLow ? await retrain(bench, fitted, context) : fitted
  const sizeBytes = network.layers.reduce(
    (sum, layer) => sum + ('weights' in layer ? layer.weights.length : 64),
    0
  )
  bench.networks.set(key, network, sizeBytes)
  return network
}

export async function floatCorrect({ graph }: ModelBench, images: LabelledImages): Promise<number> {
  const session = await openSession(exportOnnx(graph))
  try {
    return countCorrect(await floatScores(session, graph, images), images.labels)
  } finally {
    await session.release()
  }
}
