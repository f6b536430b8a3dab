import { createRandom, type Random } from '@core/math/random'
import type { Graph, GraphNode } from '@core/model/graph'

const draw = (random: Random, count: number, spread: number): Float32Array =>
  Float32Array.from({ length: count }, () => random.normal() * spread)

/** Two convolutions, a pool and two dense layers on 1 x 8 x 8 images; four classes. */
export function plainNetwork(seed = 1): Graph {
  const random = createRandom(seed)
  const nodes: GraphNode[] = [
    {
      op: 'conv2d',
      name: 'conv1',
      inputs: [-1],
      outputShape: [4, 8, 8],
      kernel: [3, 3],
      stride: [1, 1],
      pad: [1, 1, 1, 1],
      weights: draw(random, 36, 0.5),
      bias: draw(random, 4, 0.1),
      relu: true
    },
    {
      op: 'maxPool',
      name: 'pool',
      inputs: [0],
      outputShape: [4, 4, 4],
      kernel: [2, 2],
      stride: [2, 2],
      pad: [0, 0, 0, 0]
    },
    {
      op: 'conv2d',
      name: 'conv2',
      inputs: [1],
      outputShape: [6, 2, 2],
      kernel: [3, 3],
      stride: [2, 2],
      pad: [1, 1, 1, 1],
      weights: draw(random, 216, 0.25),
      bias: draw(random, 6, 0.1),
      relu: true
    },
    { op: 'flatten', name: 'flatten', inputs: [2], outputShape: [24] },
    {
      op: 'dense',
      name: 'fc1',
      inputs: [3],
      outputShape: [12],
      weights: draw(random, 288, 0.3),
      bias: draw(random, 12, 0.1),
      relu: true
    },
    {
      op: 'dense',
      name: 'fc2',
      inputs: [4],
      outputShape: [4],
      weights: draw(random, 48, 0.3),
      bias: draw(random, 4, 0.1),
      relu: false
    }
  ]
  return { name: 'plain', inputShape: [1, 8, 8], inputScale: 1 / 255, inputZero: 128, nodes, output: 5 }
}

/** A residual block with a signed branch, a depthwise layer, global average pooling; three classes. */
export function residualNetwork(seed = 2): Graph {
  const random = createRandom(seed)
  const square = { kernel: [3, 3], stride: [1, 1], pad: [1, 1, 1, 1] } as const
  const nodes: GraphNode[] = [
    {
      op: 'conv2d',
      name: 'stem',
      inputs: [-1],
      outputShape: [4, 6, 6],
      ...square,
      weights: draw(random, 36, 0.5),
      bias: draw(random, 4, 0.1),
      relu: true
    },
    {
      op: 'depthwiseConv2d',
      name: 'depth',
      inputs: [0],
      outputShape: [4, 6, 6],
      ...square,
      weights: draw(random, 36, 0.4),
      bias: draw(random, 4, 0.1),
      relu: false
    },
    {
      op: 'conv2d',
      name: 'point',
      inputs: [1],
      outputShape: [4, 6, 6],
      kernel: [1, 1],
      stride: [1, 1],
      pad: [0, 0, 0, 0],
      weights: draw(random, 16, 0.5),
      bias: draw(random, 4, 0.1),
      relu: false
    },
    { op: 'add', name: 'join', inputs: [0, 2], outputShape: [4, 6, 6], relu: true },
    {
      op: 'avgPool',
      name: 'mean',
      inputs: [3],
      outputShape: [4, 1, 1],
      kernel: [6, 6],
      stride: [1, 1],
      pad: [0, 0, 0, 0],
      countIncludePad: false
    },
    { op: 'flatten', name: 'flatten', inputs: [4], outputShape: [4] },
    {
      op: 'dense',
      name: 'fc',
      inputs: [5],
      outputShape: [3],
      weights: draw(random, 12, 0.6),
      bias: draw(random, 3, 0.1),
      relu: false
    }
  ]
  return { name: 'residual', inputShape: [1, 6, 6], inputScale: 1 / 255, inputZero: 128, nodes, output: 6 }
}

/** A dense layer of 784 taps and one of 12 on 1 x 28 x 28 images; four classes. */
export function wideNetwork(seed = 3): Graph {
  const random = createRandom(seed)
  const nodes: GraphNode[] = [
    { op: 'flatten', name: 'flatten', inputs: [-1], outputShape: [784] },
    {
      op: 'dense',
      name: 'fc1',
      inputs: [0],
      outputShape: [12],
      weights: draw(random, 12 * 784, 0.05),
      bias: draw(random, 12, 0.1),
      relu: true
    },
    {
      op: 'dense',
      name: 'fc2',
      inputs: [1],
      outputShape: [4],
      weights: draw(random, 48, 0.3),
      bias: draw(random, 4, 0.1),
      relu: false
    }
  ]
  return { name: 'wide', inputShape: [1, 28, 28], inputScale: 1 / 255, inputZero: 128, nodes, output: 2 }
}

/** Smooth random images, so that neighbouring pixels are alike as in photographs. */
export function someImages(graph: Graph, count: number, seed = 5): Uint8Array {
  const random = createRandom(seed)
  const [channels, height = 1, width = 1] = graph.inputShape as [number, number?, number?]
  const pixels = new Uint8Array(count * channels * height * width)
  let at = 0
  for (let image = 0; image < count; image++) {
    const [fx, fy, phase] = [random.next() * 1.5, random.next() * 1.5, random.next() * 6]
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < channels; c++) {
          const wave = 128 + 100 * Math.sin(fx * x + fy * y + phase + c) + 20 * random.normal()
          pixels[at++] = Math.max(0, Math.min(255, Math.round(wave)))
        }
      }
    }
  }
  return pixels
}
