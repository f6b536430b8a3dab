import type * as ort from 'onnxruntime-node'
import { createRandom } from '../../../core/math/random'
import type { LabelledImages } from '../../../core/model/dataSet'
import { sizeOf, type Graph } from '../../../core/model/graph'
import { toHwc } from '../../../core/quant/hwcGraph'
import { optimizerStates, rateFactor } from '../../../core/model/training/optimizer'
import { withParameters } from '../../../core/model/training/parameters'
import { joinParameters, splitParameters } from '../../../core/model/training/parameterVector'
import { buildTrainingStep, type TrainingOptions } from '../../../core/model/training/trainingStep'
import { openOrtSession, tensorReals, realTensor } from '../onnxruntime/ortSession'
import { augmentInto } from './augment'

/** Schedule, augmentation and teacher of a training. */
export interface TrainerOptions extends TrainingOptions {
  /** Below 1: only that share of the images, drawn by the seed. */
  readonly epochs: number
  readonly batch: number
  /** Learning rate at a point of the whole training, 0..1. */
  readonly rateAt: (progress: number) => number
  readonly seed: number
  readonly threads?: number
  readonly augment: { shift: number; mirror: boolean } | null
  /** Share of the target that is spread over all classes. */
  readonly smoothing?: number
  /** The float network, whose outputs become targets (Hinton et al. 2015), and their share beside the labels; 1: no labels. */
  readonly teacher?: { readonly session: ort.InferenceSession; readonly share: number }
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number, loss: number) => void | Promise<void>
}

/** A trained graph, and the trained scales of weight quantizers by node. */
export interface TrainedNetwork {
  readonly graph: Graph
  readonly scales: ReadonlyMap<number, Float32Array>
}

/** Trains the graph's parameters on the images; returns the graph with the trained values. */
export async function train(graph: Graph, images: LabelledImages, options: TrainerOptions): Promise<Graph> {
  return (await trainWithScales(graph, images, options)).graph
}

/** The same with the scales of quantizers that are learned. */
export async function trainWithScales(
  graph: Graph,
  images: LabelledImages,
  options: TrainerOptions
): Promise<TrainedNetwork> {
  const { model, parameters, scales } = buildTrainingStep(graph, options)
  const session = await openOrtSession(model, options.threads ?? 1)
  try {
    const random = createRandom(options.seed)
    const shape = toHwc(graph.inputShape)
    const imageSize = sizeOf(graph.inputShape)
    const classes = graph.nodes[graph.output].outputShape[0]
    const offset = graph.inputZero - 128
    const names = ['parameters', ...optimizerStates(options.optimizer)]
    const first = joinParameters(parameters.map(({ initial }) => initial))
    // Read by one step and written by the next: a new array for every step would cost its collection.
    const zeros = (): Float32Array => new Float32Array(first.length)
    let vectors = names.map((_, at) => (at === 0 ? first : zeros()))
    let next = names.map(zeros)
    const loss = realTensor(new Float32Array(1), [])
    const order = Int32Array.from({ length: images.count }, (_, index) => index)
    const batches = Math.floor(images.count / options.batch)
    const total = Math.max(1, Math.round(batches * options.epochs))
    const epochs = Math.ceil(options.epochs)
    const input = new Float32Array(options.batch * imageSize)
    for (let epoch = 0, step = 0; epoch < epochs; epoch++) {
      random.shuffle(order)
      let lossSum = 0
      const inEpoch = Math.min(batches, total - step)
      for (let batch = 0; batch < inEpoch; batch++, step++) {
        options.signal?.throwIfAborted()
        const members = order.subarray(batch * options.batch, (batch + 1) * options.batch)
        for (const [at, index] of members.entries()) {
          const pixels = images.pixels.subarray(index * imageSize, (index + 1) * imageSize)
          const how = options.augment === null ? null : { random, ...options.augment }
          augmentInto(pixels, shape, graph.inputScale, offset, input, at * imageSize, how)
        }
        const imageTensor = realTensor(input, [options.batch, ...graph.inputShape])
        const targets = await targetsOf(members, images.labels, classes, imageTensor, options)
        const feeds: Record<string, ort.Tensor> = {
          images: imageTensor,
          targets: realTensor(targets, [options.batch, classes]),
          rate: realTensor(
            Float32Array.of(options.rateAt(step / total) * rateFactor(options.optimizer, step)),
            []
          )
        }
        for (const [at, name] of names.entries()) feeds[name] = realTensor(vectors[at], [first.length])
        const written: Record<string, ort.Tensor> = { loss }
        for (const [at, name] of names.entries())
          written[`${name}.next`] = realTensor(next[at], [first.length])
        await session.run(feeds, written)
        ;[vectors, next] = [next, vectors]
        lossSum += tensorReals(loss)[0]
      }
      await options.onProgress?.(epoch + 1, epochs, lossSum / inEpoch)
    }
    const values = splitParameters(vectors[0], parameters)
    return {
      graph: withParameters(graph, values),
      scales: new Map(scales.map(({ node, parameter }) => [node, values[parameter]]))
    }
  } finally {
    await session.release()
  }
}

async function targetsOf(
  members: Int32Array,
  labels: Uint8Array,
  classes: number,
  images: ort.Tensor,
  { smoothing = 0, teacher }: TrainerOptions
): Promise<Float32Array> {
  const targets = new Float32Array(members.length * classes).fill(smoothing / classes)
  for (const [at, index] of members.entries()) {
    const own = at * classes + labels[index]
    targets[own] = targets[own] + 1 - smoothing
  }
  if (teacher === undefined) return targets
  const { session, share } = teacher
  const results = await session.run({ [session.inputNames[0]]: images })
  const scores = tensorReals(results[session.outputNames[0]])
  for (let from = 0; from < scores.length; from += classes) {
    let top = -Infinity
    for (let c = 0; c < classes; c++) top = Math.max(top, scores[from + c])
    let sum = 0
    for (let c = 0; c < classes; c++) sum += Math.exp(scores[from + c] - top)
    for (let c = 0; c < classes; c++) {
      const soft = Math.exp(scores[from + c] - top) / sum
      targets[from + c] = share * soft + (1 - share) * targets[from + c]
    }
  }
  return targets
}
