import type { LabelledImages } from '../../core/model/dataSet'
import { elementCount, type QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import { evaluationModel, levelsOfPixels } from '../../core/quant/integer/evaluationModel'
import { countCorrect } from './floatAccuracy'
import { openOrtSession, tensorReals, realTensor } from './ortSession'

/** Few, so that tensors between nodes stay in the processor's cache. */
const batch = 50

/** Scores of a quantized network over images through onnxruntime, [count][outputCount]. */
export async function schemeScores(network: QuantizedNetwork, images: LabelledImages): Promise<Float32Array> {
  const session = await openOrtSession(evaluationModel(network))
  try {
    const size = elementCount(network.inputShape)
    const [height, width, channels] = network.inputShape
    const scores = new Float32Array(images.count * network.outputCount)
    for (let from = 0; from < images.count; from += batch) {
      const count = Math.min(batch, images.count - from)
      const levels = levelsOfPixels(network, images.pixels.subarray(from * size, (from + count) * size))
      const results = await session.run({ levels: realTensor(levels, [count, channels, height, width]) })
      scores.set(tensorReals(results['logits']!), from * network.outputCount)
    }
    return scores
  } finally {
    await session.release()
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
