import type { InferenceSession } from 'onnxruntime-node'
import type { ShapeHwc } from '../../../core/kernel/shape'
import type { LabelledImages } from '../../../core/model/dataSet'
import { elementCount, type QuantizedNetwork } from '../../../core/quant/quantizedNetwork'
import { evaluationModel, levelsOfPixels } from '../../../core/quant/integer/evaluationModel'
import { byteModel, isByteLayer } from '../../../core/quant/integer/byteModel'
import { exactByteWeights } from '../onnxruntime/byteWeights'
import { countCorrect } from './floatAccuracy'
import { byteItems, itemsAtOnce, openOrtSession, tensorReals, realTensor } from '../onnxruntime/ortSession'
import { layersBehind, networkCuts, type KeptOutputs, type NetworkCut } from './keptOutputs'

/**
 * Scores of a quantized network over images through onnxruntime, [count][outputCount].
 * @param kept outputs of networks that were run over the same images: what begins like one of them goes on from there
 */
export async function schemeScores(
  network: QuantizedNetwork,
  images: LabelledImages,
  kept: KeptOutputs | null = null
): Promise<Float32Array> {
  const run = network.layers.every(isByteLayer)
    ? await openBytes(network, images, kept)
    : await openLevels(network, images)
  try {
    const batch = itemsAtOnce(
      Math.max(
        ...network.layers.map((layer) => elementCount(layer.inputShape) + elementCount(layer.outputShape))
      )
    )
    const scores = new Float32Array(images.count * network.outputCount)
    for (let from = 0; from < images.count; from += batch) {
      const count = Math.min(batch, images.count - from)
      scores.set(await run.scores(from, count), from * network.outputCount)
    }
    return scores
  } finally {
    await run.close()
  }
}

interface SchemeRun {
  /** Scores of `count` items from `from` on. */
  scores(from: number, count: number): Promise<Float32Array>
  close(): Promise<void>
}

/** A network over bytes, from the last of its cuts whose output is kept; outputs at later cuts are kept once all items ran. */
async function openBytes(
  network: QuantizedNetwork,
  { pixels, count: items }: LabelledImages,
  kept: KeptOutputs | null
): Promise<SchemeRun> {
  const cuts = kept === null ? [] : networkCuts(network.layers, items)
  const outputAt = ({ key }: NetworkCut): Uint8Array | undefined => kept?.cache.get(`${kept.items}|${key}`)
  const start = cuts.findLast((cut) => outputAt(cut) !== undefined)
  const at = start?.at ?? -1
  const read = start === undefined ? pixels : outputAt(start)!
  const inputShape = start === undefined ? network.inputShape : network.layers[at].outputShape
  const later = cuts.filter((cut) => cut.at > at)
  // What is read must not be written over where the cache lets go of it meanwhile.
  kept?.cache.hold(read)
  const results = later.map((cut) => {
    const shape = network.layers[cut.at].outputShape
    return { key: cut.key, shape, bytes: kept!.cache.take(items * elementCount(shape)) }
  })
  const letGo = (): void => {
    for (const bytes of [read, ...results.map((result) => result.bytes)]) kept?.cache.drop(bytes)
  }
  try {
    const rest = { name: network.name, inputShape, layers: layersBehind(network.layers, at) }
    const wanted = later.map((cut) => cut.at - (at + 1))
    const session = await openOrtSession(byteModel(rest, await exactByteWeights(), wanted))
    return {
      scores: (from, count) => runBytes(session, { read, inputShape, results, kept }, { from, count, items }),
      async close() {
        letGo()
        await session.release()
      }
    }
  } catch (reason) {
    letGo()
    throw reason
  }
}

interface KeptResult {
  readonly key: string
  readonly shape: ShapeHwc
  readonly bytes: Uint8Array
}

/** Scores of some items; behind the last of them the outputs at cuts are kept. */
async function runBytes(
  session: InferenceSession,
  of: {
    readonly read: Uint8Array
    readonly inputShape: ShapeHwc
    readonly results: readonly KeptResult[]
    readonly kept: KeptOutputs | null
  },
  { from, count, items }: { readonly from: number; readonly count: number; readonly items: number }
): Promise<Float32Array> {
  const { read, inputShape, results, kept } = of
  const outputs = await session.run(
    { bytes: byteItems(read, inputShape, from, count) },
    {
      logits: null,
      ...Object.fromEntries(
        results.map(({ shape, bytes }, n) => [`result${n}`, byteItems(bytes, shape, from, count)])
      )
    }
  )
  if (from + count === items)
    for (const { key, bytes } of results) kept?.cache.set(`${kept.items}|${key}`, bytes, bytes.length)
  return tensorReals(outputs['logits'])
}

/** A network with operators that onnxruntime has not over bytes, over floats. */
async function openLevels(network: QuantizedNetwork, { pixels }: LabelledImages): Promise<SchemeRun> {
  const session = await openOrtSession(evaluationModel(network))
  const [height, width, channels] = network.inputShape
  const size = elementCount(network.inputShape)
  return {
    async scores(from, count) {
      const levels = levelsOfPixels(network, pixels.subarray(from * size, (from + count) * size))
      const results = await session.run({ levels: realTensor(levels, [count, channels, height, width]) })
      return tensorReals(results['logits'])
    },
    close: () => session.release()
  }
}

/** The same in the float network's units: the graph's sums are codes, in units of the last layer's scale. */
export async function schemeRealScores(
  network: QuantizedNetwork,
  images: LabelledImages,
  kept: KeptOutputs | null = null
): Promise<Float32Array> {
  const scale = network.layers.at(-1)!.outScale
  return (await schemeScores(network, images, kept)).map((score) => score * scale)
}

/** How many images a quantized network gets right. */
export async function schemeCorrect(network: QuantizedNetwork, images: LabelledImages): Promise<number> {
  return countCorrect(await schemeScores(network, images), images.labels)
}
