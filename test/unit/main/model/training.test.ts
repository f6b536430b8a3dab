import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import type { Conv2dNode, Graph, GraphNode, MaxPoolNode } from '@core/model/graph'
import { emitConv2d } from '@core/model/training/emitters/convolution'
import { rectified } from '@core/model/training/emitters/elementwise'
import { emitPooledConv2d, poolBehind } from '@core/model/training/emitters/pooledConvolution'
import { emitMaxPool } from '@core/model/training/emitters/pooling'
import { createOnnxBuilder } from '@core/model/onnx/onnxBuilder'
import { emitFakeQuant } from '@core/model/training/fakeQuant'
import { emitUpdate, optimizerStates, rateFactor, type Optimizer } from '@core/model/training/optimizer'
import { buildTrainingStep } from '@core/model/training/trainingStep'
import { withParameters } from '@core/model/training/parameters'
import { joinParameters, splitParameters } from '@core/model/training/parameterVector'
import { train } from '@main/model/training/trainer'
import { floatCorrect } from '@main/model/modelWorkspace'
import { openOrtSession, tensorReals, realTensor } from '@main/model/onnxruntime/ortSession'
import { plainNetwork, residualNetwork, someImages } from '../../../support/smallNetworks'

/** The residual network with normalisation in it and windows whose stride leaves a rest. */
function normalisedNetwork(): Graph {
  const random = createRandom(8)
  const draw = (count: number): Float32Array =>
    Float32Array.from({ length: count }, () => random.normal() * 0.4)
  const nodes: GraphNode[] = [
    {
      op: 'conv2d',
      name: 'conv',
      inputs: [-1],
      outputShape: [3, 3, 3],
      kernel: [2, 2],
      stride: [2, 2],
      pad: [0, 0, 0, 0],
      weights: draw(12),
      bias: draw(3),
      relu: false
    },
    {
      op: 'batchNorm',
      name: 'norm',
      inputs: [0],
      outputShape: [3, 3, 3],
      scale: Float32Array.of(1, 0.5, 2),
      shift: draw(3)
    },
    { op: 'relu', name: 'relu', inputs: [1], outputShape: [3, 3, 3] },
    {
      op: 'avgPool',
      name: 'mean',
      inputs: [2],
      outputShape: [3, 2, 2],
      kernel: [2, 2],
      stride: [1, 1],
      pad: [0, 0, 0, 0],
      countIncludePad: false
    },
    { op: 'flatten', name: 'flatten', inputs: [3], outputShape: [12] },
    { op: 'dense', name: 'fc', inputs: [4], outputShape: [3], weights: draw(36), bias: draw(3), relu: false }
  ]
  return { name: 'normalised', inputShape: [1, 7, 7], inputScale: 1, inputZero: 128, nodes, output: 5 }
}

/** Gradients do not depend on it. */
const plain = { kind: 'momentum', momentum: 0, decay: 0 } as const

const batch = 4

async function lossAndGradients(graph: Graph) {
  const step = buildTrainingStep(graph, { optimizer: plain, gradientsOnly: true })
  const session = await openOrtSession(step.model)
  const random = createRandom(21)
  const size = graph.inputShape.reduce((a, b) => a * b, 1)
  const classes = graph.nodes[graph.output]!.outputShape[0]!
  const images = Float32Array.from({ length: batch * size }, () => random.next())
  const targets = new Float32Array(batch * classes)
  for (let image = 0; image < batch; image++) targets[image * classes + random.integer(classes)] = 1
  const loss = async (values: readonly Float32Array[]) => {
    const joined = joinParameters(values)
    return session.run({
      parameters: realTensor(joined, [joined.length]),
      images: realTensor(images, [batch, ...graph.inputShape]),
      targets: realTensor(targets, [batch, classes])
    })
  }
  return { loss, parameters: step.parameters, close: () => session.release() }
}

describe.each([plainNetwork(), residualNetwork(), normalisedNetwork()])(
  'gradients of the $name network',
  (graph) => {
    it('are what the loss does when a parameter moves', async () => {
      const { loss, parameters, close } = await lossAndGradients(graph)
      const values = parameters.map(({ initial }) => initial.slice())
      const results = await loss(values)
      const gradients = splitParameters(tensorReals(results['gradients']!), parameters)
      const random = createRandom(31)
      const step = 2e-3
      let checked = 0
      for (const [at, value] of values.entries()) {
        const gradient = gradients[at]!
        expect(gradient.length).toBe(value.length)
        for (let probe = 0; probe < 4; probe++) {
          const index = random.integer(value.length)
          const own = value[index]!
          value[index] = own + step
          const above = tensorReals((await loss(values))['loss']!)[0]!
          value[index] = own - step
          const below = tensorReals((await loss(values))['loss']!)[0]!
          value[index] = own
          const numeric = (above - below) / (2 * step)
          // A kink (ReLU, max) inside the step may show in single probes; float32 loss limits the rest.
          expect(Math.abs(numeric - gradient[index]!)).toBeLessThan(0.01 + 0.05 * Math.abs(numeric))
          checked++
        }
      }
      expect(checked).toBe(4 * parameters.length)
      await close()
    })
  }
)

describe('a convolution computed with the pool behind it', () => {
  const conv: Conv2dNode = {
    op: 'conv2d',
    name: 'conv',
    inputs: [-1],
    outputShape: [3, 8, 7],
    kernel: [3, 2],
    stride: [1, 1],
    pad: [1, 0, 1, 1],
    weights: new Float32Array(3 * 2 * 6),
    bias: new Float32Array(3),
    relu: true
  }
  // Windows of 3 x 2 over 8 x 7 leave a rest on both sides.
  const pool: MaxPoolNode = {
    op: 'maxPool',
    name: 'pool',
    inputs: [0],
    outputShape: [3, 2, 3],
    kernel: [3, 2],
    stride: [3, 2],
    pad: [0, 0, 0, 0]
  }
  const graph: Graph = {
    ...{ name: 'pooled', inputShape: [2, 8, 7], inputScale: 1, inputZero: 128 },
    ...{ nodes: [conv, pool], output: 1 }
  }

  /** Output and gradients of images, weights and bias, all from small integers. */
  async function resultsOf(isJoined: boolean): Promise<number[][]> {
    const builder = createOnnxBuilder()
    const images = builder.input('images', 'float32', [2, 2, 8, 7])
    const parameters = [
      builder.input('weights', 'float32', [3, 2, 3, 2]),
      builder.input('bias', 'float32', [3])
    ]
    const gradient = builder.input('gradient', 'float32', [2, 3, 2, 3])
    const site = { builder, inputs: [images], inputShapes: [[2, 8, 7]], parameters }
    const emitted = isJoined
      ? emitPooledConv2d({ ...site, node: conv }, pool)
      : emitConv2d({ ...site, node: conv })
    const relu = rectified(builder, emitted.value)
    const most = isJoined
      ? relu
      : emitMaxPool({ builder, node: pool, inputs: [relu.value], inputShapes: [[3, 8, 7]], parameters: [] })
    const after = most.backward(gradient, true).inputs[0]!
    const back = emitted.backward(isJoined ? after : relu.backward(after, true).inputs[0]!, true)
    const names = ['y', 'dx', 'dw', 'db']
    const values = [most.value, back.inputs[0]!, ...back.parameters]
    for (const [at, value] of values.entries()) builder.output(value, names[at]!)
    const session = await openOrtSession(builder.build('pooled'))
    const random = createRandom(5)
    const integers = (dims: number[]) => {
      const count = dims.reduce((a, b) => a * b, 1)
      return realTensor(
        Float32Array.from({ length: count }, () => random.integer(3) - 1),
        dims
      )
    }
    const results = await session.run({
      images: integers([2, 2, 8, 7]),
      weights: integers([3, 2, 3, 2]),
      bias: integers([3]),
      gradient: integers([2, 3, 2, 3])
    })
    await session.release()
    return names.map((name) => Array.from(tensorReals(results[name]!)))
  }

  it('gives what convolution, ReLU and MaxPool give, where several places are equal too', async () => {
    expect(poolBehind(graph, 0)).toBe(pool)
    const [joined, apart] = [await resultsOf(true), await resultsOf(false)]
    expect(joined).toEqual(apart)
    expect(joined[2]!.filter((value) => value !== 0).length).toBeGreaterThan(20)
  })

  it('is left apart where something else reads the convolution', () => {
    const also: GraphNode = { op: 'relu', name: 'also', inputs: [0], outputShape: conv.outputShape }
    expect(poolBehind({ ...graph, nodes: [conv, pool, also] }, 0)).toBeNull()
    expect(poolBehind({ ...graph, output: 0 }, 0)).toBeNull()
    expect(poolBehind({ ...graph, nodes: [conv, { ...pool, stride: [1, 1] }] }, 0)).toBeNull()
  })

  it('is left apart before a window of many places, as that over a whole image', () => {
    const behind = (size: [number, number]) =>
      poolBehind({ ...graph, nodes: [conv, { ...pool, kernel: size, stride: size }] }, 0)
    expect(behind([4, 4])).not.toBeNull()
    expect(behind([8, 7])).toBeNull()
  })
})

describe('the trained scale of a weight quantizer (LSQ)', () => {
  const gradientOf = async (weights: number[], bits: 'two' | 'one'): Promise<number> => {
    const builder = createOnnxBuilder()
    const values = builder.input('values', 'float32', [1, weights.length])
    const scale = builder.input('scale', 'float32', [1, 1])
    const quantizer = {
      scale: Float32Array.of(0.5),
      dims: [1, 1],
      bottom: bits === 'one' ? -1 : -2,
      top: 1,
      isOneBit: bits === 'one',
      isLearned: true
    }
    const quantized = emitFakeQuant(builder, values, quantizer, scale, weights.length)
    // Gradient of the sum of all quantized values: every value's is 1.
    builder.output(
      quantized.scaleGradient(
        builder.constant(new Float32Array(weights.length).fill(1), [1, weights.length])
      ),
      'g'
    )
    const session = await openOrtSession(builder.build('scale'))
    const result = await session.run({
      values: realTensor(Float32Array.from(weights), [1, weights.length]),
      scale: realTensor(Float32Array.of(0.5), [1, 1])
    })
    const [gradient] = tensorReals(result['g']!)
    await session.release()
    return gradient!
  }

  it('is rounding error inside the range and the limit outside it, over sqrt(values x top)', async () => {
    // In steps of 0.5: 0.4 -> 0 (-0.4), 0.8 -> 1 (+0.2), 6 -> 1 (clipped: +1), -5 -> -2 (clipped: -2).
    expect(await gradientOf([0.2, 0.4, 3, -2.5], 'two')).toBeCloseTo((-0.4 + 0.2 + 1 - 2) / 2, 5)
  })

  it('is the sign at one bit', async () => {
    expect(await gradientOf([0.2, 0.4, 3, -2.5], 'one')).toBeCloseTo((1 + 1 + 1 - 1) / 2, 5)
  })
})

describe('training', () => {
  const graph = plainNetwork(40)
  const pixels = someImages(graph, 256, 12)
  // Class = quadrant that is brightest: something a small network can learn.
  const labels = Uint8Array.from({ length: 256 }, (_, image) => {
    const sums = [0, 0, 0, 0]
    for (let at = 0; at < 64; at++) {
      const quadrant = 2 * (at >> 5) + ((at & 7) >> 2)
      sums[quadrant] = sums[quadrant]! + pixels[image * 64 + at]!
    }
    return sums.indexOf(Math.max(...sums))
  })
  const images = { count: 256, pixels, labels }
  const options = {
    optimizer: { kind: 'momentum' as const, momentum: 0.9, decay: 1e-4 },
    epochs: 25,
    batch: 32,
    rateAt: () => 0.03,
    seed: 3,
    augment: null
  }

  it('learns, and the same seed gives the same weights', async () => {
    const first = await train(graph, images, options)
    const library = undefined as never
    const bench = {
      ...{ graph: first, library, items: null, calibration: library, networks: library, outputs: library },
      ...{ modelId: '', files: [], close: async () => undefined, lookForFits: library }
    }
    expect((await floatCorrect(bench, images)) / 256).toBeGreaterThan(0.8)
    expect((await floatCorrect({ ...bench, graph }, images)) / 256).toBeLessThan(0.6)
    expect(await train(graph, images, options)).toEqual(first)
  })

  it('sees a share of the images where less than an epoch is wanted', async () => {
    const asked: number[] = []
    const done: [number, number][] = []
    await train(graph, images, {
      ...options,
      ...{ epochs: 0.25, batch: 16 },
      rateAt: (progress) => (asked.push(progress), 0.01),
      onProgress: (epoch, total, loss) => {
        done.push([epoch, total])
        expect(loss).toBeGreaterThan(0)
      }
    })
    // A quarter of 256 images are 4 batches of 16.
    expect(asked).toEqual([0, 0.25, 0.5, 0.75])
    expect(done).toEqual([[1, 1]])
  })

  it('stops when it is cancelled', async () => {
    const controller = new AbortController()
    controller.abort()
    await expect(train(graph, images, { ...options, signal: controller.signal })).rejects.toThrow()
  })

  it('puts parameters back in the order they were taken', () => {
    const parameters = buildTrainingStep(graph, { optimizer: plain }).parameters.map(({ initial }) => initial)
    expect(withParameters(graph, parameters)).toEqual(graph)
  })
})

describe('an update of a parameter', () => {
  /** Three steps of one parameter with gradients 2, -1 and 0.5 at rate 0.1. */
  async function threeSteps(optimizer: Optimizer): Promise<number[]> {
    const builder = createOnnxBuilder()
    const names = optimizerStates(optimizer)
    const next = emitUpdate(builder, optimizer, {
      value: builder.input('p', 'float32', [1]),
      gradient: builder.input('g', 'float32', [1]),
      states: names.map((name) => builder.input(name, 'float32', [1])),
      rate: builder.input('rate', 'float32', []),
      decayed: Float32Array.of(1),
      units: Float32Array.of(0.5)
    })
    builder.output(next.value, 'p.next')
    for (const [at, name] of names.entries()) builder.output(next.states[at]!, `${name}.next`)
    const session = await openOrtSession(builder.build('update'))
    let value = 1
    const states = names.map(() => 0)
    const values: number[] = []
    for (const [step, gradient] of [2, -1, 0.5].entries()) {
      const one = (of: number) => realTensor(Float32Array.of(of), [1])
      const result = await session.run({
        p: one(value),
        g: one(gradient),
        rate: realTensor(Float32Array.of(0.1 * rateFactor(optimizer, step)), []),
        ...Object.fromEntries(names.map((name, at) => [name, one(states[at]!)]))
      })
      value = tensorReals(result['p.next']!)[0]!
      for (const [at, name] of names.entries()) states[at] = tensorReals(result[`${name}.next`]!)[0]!
      values.push(value)
    }
    await session.release()
    return values
  }

  it('of Adam is what its paper says', async () => {
    const values = await threeSteps({ kind: 'adam', first: 0.9, second: 0.99, epsilon: 1e-8 })
    // Algorithm 1 of the paper with corrected means, in double precision.
    let [p, m, v] = [1, 0, 0]
    for (const [step, gradient] of [2, -1, 0.5].entries()) {
      m = 0.9 * m + 0.1 * gradient
      v = 0.99 * v + 0.01 * gradient * gradient
      const [mean, square] = [m / (1 - 0.9 ** (step + 1)), v / (1 - 0.99 ** (step + 1))]
      p -= (0.5 * 0.1 * mean) / (Math.sqrt(square) + 1e-8)
      expect(values[step]).toBeCloseTo(p, 5)
    }
    expect(values[0]).toBeCloseTo(0.95, 5)
  })

  it('of momentum SGD adds up gradients and pulls weights to 0', async () => {
    const values = await threeSteps({ kind: 'momentum', momentum: 0.5, decay: 0.1 })
    // m = 2.1, p = 0.79; m = 1.05 - 1 + 0.079 = 0.129, p = 0.7771; m = 0.0645 + 0.5 + 0.07771 = 0.64221, p = 0.712879
    for (const [at, value] of [0.79, 0.7771, 0.712879].entries()) expect(values[at]).toBeCloseTo(value, 5)
  })
})
