import * as ort from 'onnxruntime-node'
import type { LabelledImages } from '../../../core/model/dataSet'
import { elementCount, type QuantizedNetwork } from '../../../core/quant/quantizedNetwork'
import { evaluationModel, levelsOfPixels } from '../../../core/quant/integer/evaluationModel'
import { byteModel, isByteLayer } from '../../../core/quant/integer/byteModel'
import { exactByteWeights } from '../onnxruntime/byteWeights'
import { countCorrect } from './floatAccuracy'
import { itemsAtOnce, openOrtSession, tensorReals, realTensor } from '../onnxruntime/ortSession'

/** Scores of a quantized network over images through onnxruntime, [count][outputCount]. */
export async function schemeScores(network: QuantizedNetwork, images: LabelledImages): Promise<Float32Array> {
  const run = await openScheme(network)
  try {
    const size = elementCount(network.inputShape)
    const batch = itemsAtOnce(
      Math.max(
        ...network.layers.map((layer) => elementCount(layer.inputShape) + elementCount(layer.outputShape))
      )
    )
    const scores = new Float32Array(images.count * network.outputCount)
    for (let from = 0; from < images.count; from += batch) {
      const count = Math.min(batch, images.count - from)
      const pixels = images.pixels.subarray(from * size, (from + count) * size)
      scores.set(await run.scores(pixels, count), from * network.outputCount)
    }
    return scores
  } finally {
    await run.close()
  }
}

/** A quantized network in onnxruntime: over bytes where its operators allow it, else over floats. */
async function openScheme(network: QuantizedNetwork) {
  const isBytes = network.layers.every(isByteLayer)
  const session = await openOrtSession(
    isBytes ? byteModel(network, await exactByteWeights()) : evaluationModel(network)
  )
  const [height, width, channels] = network.inputShape
  const feeds = (pixels: Uint8Array, count: number): Record<string, ort.Tensor> =>
    isBytes
      ? { bytes: new ort.Tensor('uint8', pixels, [count, height, width, channels]) }
      : { levels: realTensor(levelsOfPixels(network, pixels), [count, channels, height, width]) }
  return {
    scores: async (pixels: Uint8Array, count: number): Promise<Float32Array> =>
      tensorReals((await session.run(feeds(pixels, count)))['logits']),
    close: () => session.release()
  }
}

/** The same in the float network's units: the graph's sums are codes, in units of the last layer's scale. */
export async function schemeRealScores(
  network: QuantizedNetwork,
  images: LabelledImages
): Promise<Float32Array> {
  const scale = network.layers.at(-1)!.outScale
  return (await schemeScores(network, images)).map((score) => score * scale)
}

/** How many images a quantized network gets right. */
export async function schemeCorrect(network: QuantizedNetwork, images: LabelledImages): Promise<number> {
  return countCorrect(await schemeScores(network, images), images.labels)
}
