import { firstImages, type LabelledImages } from '../../../core/model/dataSet'
import { exportOnnx } from '../../../core/model/exportOnnx'
import { isWeightedNode, type Graph } from '../../../core/model/graph'
import { buildRetrainedLayer, retrainingStart } from '../../../core/quant/quantize/retraining'
import type { QuantizedNetwork } from '../../../core/quant/quantizedNetwork'
import type { TaskContext } from '../../threads/task'
import type { ImageLibrary } from '../imageLibrary'
import { openOrtSession } from '../ortSession'
import { schemeCorrect } from '../schemeAccuracy'
import { train } from './trainer'

/** Length and augmentation of a retraining. */
export interface RetrainSettings {
  /** Images seen in all, whatever the size of the set. */
  readonly imagesSeen: number
  readonly augment: { shift: number; mirror: boolean } | null
}

/** About one epoch of the full set (MiCo's "pretraining / 20"); clothes may be mirrored. */
export const usualSettings: RetrainSettings = { imagesSeen: 60_000, augment: { shift: 1, mirror: true } }
const batch = 50
const firstRate = 0.004
const seed = 1
/** Training images on which the retrained network must beat the fitted one to be kept. */
const maxJudged = 3000

/**
 * Short quantization-aware retraining that starts from a fitted network: weights and activations quantized with
 * straight-through gradients, scales fixed, the float network as teacher. Uses the full training set where it is
 * installed, else the shipped calibration and tuning images. The search and test images are never touched. The fitted
 * network is kept where retraining does not make it better on training images.
 */
export async function retrain(
  { graph, library }: { graph: Graph; library: ImageLibrary },
  fitted: QuantizedNetwork,
  context: TaskContext,
  settings: RetrainSettings = usualSettings
): Promise<QuantizedNetwork> {
  const images = library.hasFullSet() ? await library.loadFullTraining() : await shippedTraining(library)
  const start = retrainingStart(graph, fitted)
  const teacher = await openOrtSession(exportOnnx(graph))
  try {
    const epochs = Math.max(1, Math.round(settings.imagesSeen / images.count))
    const trained = await train(start.graph, images, {
      momentum: 0.9,
      decay: 0,
      quantizers: start.quantizers,
      epochs,
      batch,
      rateAt: (progress) => firstRate * 0.5 * (1 + Math.cos(Math.PI * progress)),
      seed,
      augment: settings.augment,
      teacher,
      signal: context.signal,
      onProgress: async (done, total, loss) => {
        context.progress(done, total, `retraining, loss ${loss.toFixed(3)}`)
        await context.yieldToAbort()
      }
    })
    const layers = fitted.layers.map((layer) => {
      const index = graph.nodes.findIndex((node) => isWeightedNode(node) && node.name === layer.name)
      return 'weights' in layer && index >= 0 ? buildRetrainedLayer(trained, index, layer) : layer
    })
    const retrained: QuantizedNetwork = { ...fitted, layers }
    // Straight-through gradients are no promise: very small or very coarse networks can get worse.
    const judged = firstImages(images, maxJudged)
    const isBetter = (await schemeCorrect(retrained, judged)) > (await schemeCorrect(fitted, judged))
    return isBetter ? retrained : fitted
  } finally {
    await teacher.release()
  }
}

async function shippedTraining(library: ImageLibrary): Promise<LabelledImages> {
  const parts = [await library.load('calibration'), await library.load('tune')]
  const pixels = new Uint8Array(parts.reduce((sum, part) => sum + part.pixels.length, 0))
  const labels = new Uint8Array(parts.reduce((sum, part) => sum + part.count, 0))
  pixels.set(parts[0]!.pixels)
  pixels.set(parts[1]!.pixels, parts[0]!.pixels.length)
  labels.set(parts[0]!.labels)
  labels.set(parts[1]!.labels, parts[0]!.count)
  return { count: labels.length, pixels, labels }
}
