import { firstImages, lastImages, type LabelledImages } from '../../../core/model/dataSet'
import { measureScores } from '../../../core/model/scoreMeasure'
import { exportOnnx } from '../../../core/model/onnx/exportOnnx'
import { isWeightedNode, type Graph } from '../../../core/model/graph'
import { buildRetrainedLayer, retrainingStart } from '../../../core/quant/quantize/retraining'
import type { QuantizedNetwork } from '../../../core/quant/quantizedNetwork'
import type { TaskContext } from '../../threads/task'
import type { ImageLibrary } from '../data/imageLibrary'
import { openOrtSession } from '../onnxruntime/ortSession'
import { floatScores } from '../accuracy/floatAccuracy'
import { schemeCorrect, schemeRealScores } from '../accuracy/schemeAccuracy'
import { trainWithScales } from './trainer'

/** Length and augmentation of a retraining. */
export interface RetrainSettings {
  /** Images seen in all, whatever the size of the set. */
  readonly imagesSeen: number
  readonly augment: { shift: number; mirror: boolean } | null
  /** False: no label is looked at; the float network's outputs alone are the target, and KL decides what is kept. */
  readonly labels: boolean
  /** First learning rate; it falls to 0 along a cosine. */
  readonly rate: number
}

/**
 * About one epoch of the full set (MiCo's "pretraining / 20"); clothes may be mirrored. Adam: within an epoch of SGD the
 * one-bit weights hardly change their signs. The rate has the least KL to the float network on held-out training images at
 * w2a2 and w2a4 of the shipped LeNet-5 (`npm run bench:retraining`; docs/models.md).
 */
export const usualSettings: RetrainSettings = {
  imagesSeen: 60_000,
  augment: { shift: 1, mirror: true },
  labels: true,
  rate: 0.0002
}
/** The same towards the float network alone. */
export const distillSettings: RetrainSettings = { ...usualSettings, labels: false }
/** Adam as its paper has it, and how far labels count beside the float network's outputs. */
const optimizer = { kind: 'adam', first: 0.9, second: 0.999, epsilon: 1e-8 } as const
const teacherShare = 0.8
const batch = 50
const seed = 1
/** Training images on which the retrained network must beat the fitted one to be kept. */
const maxJudged = 3000
/** Without labels: images kept out of the training, on which KL to the float network decides; a share of few. */
const maxHoldout = 2000
const holdoutShare = 0.25

/**
 * Short quantization-aware retraining that starts from a fitted network: weights and activations quantized with
 * straight-through gradients, weight scales trained too (LSQ), the float network as teacher. Uses the full training set
 * where it is installed, else the shipped calibration and tuning images. The search and test images are never touched.
 * The fitted network is kept where retraining does not make it better on training images (without labels: where KL to
 * the float network on images held out does not fall).
 */
export async function retrain(
  { graph, library }: { graph: Graph; library: ImageLibrary },
  fitted: QuantizedNetwork,
  context: TaskContext,
  settings: RetrainSettings = usualSettings
): Promise<QuantizedNetwork> {
  const all = library.hasFullSet() ? await library.loadFullTraining() : await shippedTraining(library)
  const [images, judged] = settings.labels ? [all, firstImages(all, maxJudged)] : withHeldOut(all)
  const start = retrainingStart(graph, fitted)
  const teacher = await openOrtSession(exportOnnx(graph))
  try {
    const epochs = epochsOf(settings.imagesSeen, images.count)
    const trained = await trainWithScales(start.graph, images, {
      optimizer,
      quantizers: start.quantizers,
      epochs,
      batch,
      rateAt: (progress) => settings.rate * 0.5 * (1 + Math.cos(Math.PI * progress)),
      seed,
      augment: settings.augment,
      teacher: { session: teacher, share: settings.labels ? teacherShare : 1 },
      signal: context.signal,
      onProgress: async (done, total, loss) => {
        context.progress(done, total, `retraining, loss ${loss.toFixed(3)}`)
        await context.yieldToAbort()
      }
    })
    const layers = fitted.layers.map((layer) => {
      const index = graph.nodes.findIndex((node) => isWeightedNode(node) && node.name === layer.name)
      return 'weights' in layer && index >= 0
        ? buildRetrainedLayer(trained.graph, index, layer, trained.scales.get(index))
        : layer
    })
    const retrained: QuantizedNetwork = { ...fitted, layers }
    // Straight-through gradients are no promise: very small or very coarse networks can get worse.
    const lossOf = settings.labels
      ? async (network: QuantizedNetwork) => -(await schemeCorrect(network, judged))
      : klToFloat(await floatScores(teacher, graph, judged), judged)
    return (await lossOf(retrained)) < (await lossOf(fitted)) ? retrained : fitted
  } finally {
    await teacher.release()
  }
}

/** How often a set is passed through to see so many images: whole epochs, or a share of one. */
export function epochsOf(imagesSeen: number, count: number): number {
  const epochs = imagesSeen / count
  return epochs < 1 ? epochs : Math.round(epochs)
}

/** The images to train on, and the last ones for the verdict. */
function withHeldOut(all: LabelledImages): [LabelledImages, LabelledImages] {
  const held = Math.max(1, Math.min(maxHoldout, Math.floor(all.count * holdoutShare)))
  return [firstImages(all, all.count - held), lastImages(all, held)]
}

const klToFloat =
  (float: Float32Array, images: LabelledImages) =>
  async (network: QuantizedNetwork): Promise<number> =>
    measureScores(await schemeRealScores(network, images), float, images.labels).kl

async function shippedTraining(library: ImageLibrary): Promise<LabelledImages> {
  const parts = [await library.load('calibration'), await library.load('tune')]
  const pixels = new Uint8Array(parts.reduce((sum, part) => sum + part.pixels.length, 0))
  const labels = new Uint8Array(parts.reduce((sum, part) => sum + part.count, 0))
  pixels.set(parts[0].pixels)
  pixels.set(parts[1].pixels, parts[0].pixels.length)
  labels.set(parts[0].labels)
  labels.set(parts[1].labels, parts[0].count)
  return { count: labels.length, pixels, labels }
}
