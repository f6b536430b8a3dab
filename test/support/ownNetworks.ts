import { createRandom } from '@core/math/random'
import type { DenseNode, Graph, GraphNode } from '@core/model/graph'

const base = { inputScale: 1 / 255, inputZero: 128 } as const

function dense(
  name: string,
  input: number,
  inner: number,
  outputs: number,
  seed: number,
  relu: boolean
): DenseNode {
  const random = createRandom(seed)
  return {
    op: 'dense',
    name,
    inputs: [input],
    outputShape: [outputs],
    weights: Float32Array.from({ length: inner * outputs }, () => random.normal() / Math.sqrt(inner)),
    bias: Float32Array.from({ length: outputs }, () => random.normal() * 0.1),
    relu
  }
}

/** Tells pictures of 3 x 8 x 8 whose left half is bright (class 0) from those whose right half is (class 1). */
export function halvesNetwork(): Graph {
  const weights = new Float32Array(4 * 27).fill(1 / 27)
  const decision = Float32Array.from({ length: 2 * 256 }, (_, at) => {
    const isLeft = at % 8 < 4
    return (isLeft === at < 256 ? 1 : -1) / 32
  })
  const nodes: GraphNode[] = [
    {
      op: 'conv2d',
      name: 'mean',
      inputs: [-1],
      outputShape: [4, 8, 8],
      kernel: [3, 3],
      stride: [1, 1],
      pad: [1, 1, 1, 1],
      weights,
      bias: new Float32Array(4),
      relu: true
    },
    { op: 'flatten', name: 'flatten', inputs: [0], outputShape: [256] },
    {
      op: 'dense',
      name: 'decide',
      inputs: [1],
      outputShape: [2],
      weights: decision,
      bias: new Float32Array(2),
      relu: false
    }
  ]
  return { name: 'halves', inputShape: [3, 8, 8], ...base, nodes, output: 2 }
}

/** Two dense layers over a vector. */
export function vectorNetwork(inputs: number, hidden: number, outputs: number): Graph {
  const nodes = [dense('fc1', -1, inputs, hidden, 3, true), dense('fc2', 0, hidden, outputs, 4, false)]
  return { name: 'vector', inputShape: [inputs], ...base, nodes, output: 1 }
}

/** One layer that is 2 a - b + 0.5 of three inputs. */
export function linearNetwork(): Graph {
  const node: DenseNode = {
    ...dense('fc', -1, 3, 1, 1, false),
    weights: Float32Array.of(2, -1, 0),
    bias: Float32Array.of(0.5)
  }
  return { name: 'linear', inputShape: [3], ...base, nodes: [node], output: 0 }
}

/** A convolution with stride 2 and a dense layer over pictures of any size. */
export function pictureNetwork(channels: number, side: number, outputs: number): Graph {
  const random = createRandom(9)
  const half = Math.floor((side - 1) / 2) + 1
  const inner = 6 * half * half
  const nodes: GraphNode[] = [
    {
      op: 'conv2d',
      name: 'conv',
      inputs: [-1],
      outputShape: [6, half, half],
      kernel: [3, 3],
      stride: [2, 2],
      pad: [1, 1, 1, 1],
      weights: Float32Array.from({ length: 54 * channels }, () => random.normal() / Math.sqrt(9 * channels)),
      bias: new Float32Array(6),
      relu: true
    },
    { op: 'flatten', name: 'flatten', inputs: [0], outputShape: [inner] },
    dense('fc', 1, inner, outputs, 5, false)
  ]
  return { name: 'picture', inputShape: [channels, side, side], ...base, nodes, output: 2 }
}
