import type * as ort from 'onnxruntime-node'
import type { LabelledImages } from '../../../core/model/dataSet'
import { sizeOf, type Graph } from '../../../core/model/graph'
import { toHwc } from '../../../core/quant/hwcGraph'
import { argmax } from '../../../core/quant/integer/runInteger'
import { tensorReals, realTensor } from '../onnxruntime/ortSession'
import { augmentInto } from '../training/augment'

const batch = 250

/** Scores of a float session over images, [count][classes]. */
export async function floatScores(
  session: ort.InferenceSession,
  graph: Graph,
  images: LabelledImages
): Promise<Float32Array> {
  const size = sizeOf(graph.inputShape)
  const shape = toHwc(graph.inputShape)
  const parts: Float32Array[] = []
  for (let from = 0; from < images.count; from += batch) {
    const count = Math.min(batch, images.count - from)
    const input = new Float32Array(count * size)
    for (let at = 0; at < count; at++) {
      const pixels = images.pixels.subarray((from + at) * size, (from + at + 1) * size)
      augmentInto(pixels, shape, graph.inputScale, graph.inputZero - 128, input, at * size, null)
    }
    const results = await session.run({
      [session.inputNames[0]]: realTensor(input, [count, ...graph.inputShape])
    })
    parts.push(tensorReals(results[session.outputNames[0]]))
  }
  const scores = new Float32Array(parts.reduce((total, part) => total + part.length, 0))
  let at = 0
  for (const part of parts) {
    scores.set(part, at)
    at += part.length
  }
  return scores
}

/** How many images get their label as the highest score. */
export function countCorrect(
  scores: ArrayLike<number> & { subarray(a: number, b: number): ArrayLike<number> },
  labels: Uint8Array
): number {
  const classes = scores.length / labels.length
  let correct = 0
  for (let image = 0; image < labels.length; image++) {
    if (argmax(scores.subarray(image * classes, (image + 1) * classes)) === labels[image]) correct++
  }
  return correct
}
