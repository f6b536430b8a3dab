import { describe, expect, it } from 'vitest'
import { AppError } from '@shared/errors'
import { weightedLayerNames, type Graph } from '@core/model/graph'
import { createByteCache } from '@core/quant/quantize/byteCache'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { hwcWeights, fromHwcWeights } from '@core/quant/hwcGraph'
import {
  runEachLayer,
  runLayerBytes,
  runPlain,
  type ArithmeticRequest,
  type FitResult,
  type FitWork
} from '@core/quant/quantize/fitEngine'
import { quantizeNetwork, quantizing } from '@core/quant/quantize/quantizeNetwork'
import { codeRange, elementCount, isWeighted } from '@core/quant/quantizedNetwork'
import { createFloatRunner, realsOfPixels } from '@core/quant/runFloat'
import { argmax, codesOfPixels, createIntegerRunner, runInteger } from '@core/quant/integer/runInteger'
import { parseScheme, schemeWidths, uniformScheme } from '@core/quant/scheme'
import { plainNetwork, residualNetwork, someImages } from '../../../../support/smallNetworks'

const floatLogits = (graph: Graph, pixels: Uint8Array): Float32Array[] => {
  const runner = createFloatRunner(graph, hwcWeights(graph))
  const size = graph.inputShape.reduce((a, b) => a * b, 1)
  return Array.from({ length: pixels.length / size }, (_, image) =>
    runner.run(realsOfPixels(graph, pixels.subarray(image * size, (image + 1) * size)))[graph.output]!.slice()
  )
}

describe.each([
  ['plain', plainNetwork()],
  ['residual', residualNetwork()]
] as const)('quantization of the %s network', (_, graph) => {
  const layers = weightedLayerNames(graph)
  const calibration = measureActivationRanges(graph, someImages(graph, 64))
  const pixels = someImages(graph, 40, 77)

  it('follows the float network closely at 8 bits', () => {
    const network = quantizeNetwork(calibration, uniformScheme(layers, 8, 8))
    const logits = runInteger(network, codesOfPixels(pixels))
    const wanted = floatLogits(graph, pixels)
    const scale = network.layers.at(-1)!.outScale
    let error = 0
    let power = 0
    for (const [image, values] of wanted.entries()) {
      for (const [index, value] of values.entries()) {
        error += (logits[image * network.outputCount + index]! * scale - value) ** 2
        power += value ** 2
      }
    }
    expect(Math.sqrt(error / power)).toBeLessThan(0.05)
  })

  it('keeps codes, fixed-point factors and formats within their ranges at every width', () => {
    for (const bits of schemeWidths) {
      const network = quantizeNetwork(calibration, uniformScheme(layers, bits, bits))
      expect(network.layers.filter(isWeighted).map((layer) => layer.name)).toEqual(layers)
      const run = createIntegerRunner(network).run(
        codesOfPixels(pixels.subarray(0, elementCount(network.inputShape))),
        {
          keepLayers: true
        }
      )
      for (const [index, layer] of network.layers.entries()) {
        const { low, high } = codeRange(layer.outBits)
        for (const code of run.layers![index]!) {
          expect(code).toBeGreaterThanOrEqual(low)
          expect(code).toBeLessThanOrEqual(high)
          if (layer.outBits === 1) expect(code).not.toBe(0)
        }
        if ('mult' in layer) {
          for (const [channel, mult] of layer.mult.entries()) {
            expect(mult).toBeLessThan(2 ** 21)
            if (layer.op !== 'add' && mult !== 0) expect(mult).toBeGreaterThanOrEqual(2 ** 20)
            expect(layer.shift[Math.min(channel, layer.shift.length - 1)]).toBeGreaterThanOrEqual(1)
          }
        }
        if (isWeighted(layer)) {
          const range = codeRange(layer.weightBits)
          expect(layer.weights.every((code) => code >= range.low && code <= range.high)).toBe(true)
          expect(layer.last).toBe(index === network.layers.length - 1)
          expect(layer.mult.length).toBe(layer.last ? 0 : layer.bias.length)
        }
      }
    }
  })

  it('gives the same network for the same scheme, with and without the layer cache', () => {
    const scheme = uniformScheme(layers, 2, 4)
    const first = quantizeNetwork(calibration, scheme)
    expect(quantizeNetwork(calibration, scheme)).toEqual(first)
    expect(quantizeNetwork(measureActivationRanges(graph, someImages(graph, 64)), scheme)).toEqual(first)
  })

  it('gives the same networks when the outputs of layers are computed again for every reader', () => {
    const forgetful = {
      ...measureActivationRanges(graph, someImages(graph, 64)),
      codesCache: { ...createByteCache(0), get: () => undefined, set: () => undefined }
    }
    const usual = uniformScheme(layers, 4, 4)
    const changed = usual.map((entry, at) => (at === 1 ? { ...entry, weightBits: 2 as const } : entry))
    for (const scheme of [usual, changed, uniformScheme(layers, 8, 2)])
      expect(quantizeNetwork(forgetful, scheme)).toEqual(
        quantizeNetwork(measureActivationRanges(graph, someImages(graph, 64)), scheme)
      )
  })

  it('lets go of all memory that it took for outputs of layers, also where it is stopped in the middle', () => {
    const ranges = measureActivationRanges(graph, someImages(graph, 64))
    const cache = ranges.codesCache
    const held = new Map<Uint8Array, number>()
    const count = (bytes: Uint8Array, change: number): void =>
      void held.set(bytes, (held.get(bytes) ?? 0) + change)
    const codesCache = {
      ...cache,
      take(length: number) {
        const bytes = cache.take(length)
        count(bytes, 1)
        return bytes
      },
      hold: (bytes: Uint8Array) => count(bytes, 1),
      drop: (bytes: Uint8Array) => count(bytes, -1)
    }
    /** Carries out at most so many requests. */
    const run = (most: number): boolean => {
      const work = quantizing({ ...ranges, codesCache }, uniformScheme(layers, 4, 4))
      let step = work.next()
      for (let done = 0; step.done !== true; done++) {
        if (done === most) {
          work.return(undefined as never)
          return false
        }
        const request = step.value
        if (request.kind === 'layers') {
          const outputs = runEachLayer(request, runLayerBytes).map((bytes) => {
            const taken = request.take(bytes.length)
            taken.set(bytes)
            return taken
          })
          // One more than is wanted, as where layers run one by one.
          request.take(1)
          step = work.next(outputs)
        } else step = work.next(runPlain(asWork(request)))
      }
      return true
    }
    let most = 0
    while (!run(most)) most++
    expect(most).toBeGreaterThan(3)
    expect(held.size).toBeGreaterThan(3)
    expect([...held.values()].every((holds) => holds === 0)).toBe(true)
  })

  it('turns kernel order back into ONNX order', () => {
    for (const [index, weights] of hwcWeights(graph).entries()) {
      const node = graph.nodes[index]!
      if (weights !== null && 'weights' in node)
        expect(fromHwcWeights(graph, node, weights)).toEqual(node.weights)
    }
  })
})

describe('tensors with several readers', () => {
  it('are stored in the widest format asked for and narrowed for the others', () => {
    const graph = residualNetwork()
    const calibration = measureActivationRanges(graph, someImages(graph, 32))
    const network = quantizeNetwork(
      calibration,
      parseScheme('w8a8,w4a2,w4a4,w8a4', weightedLayerNames(graph))
    )
    const narrowed = network.layers.filter((layer) => layer.op === 'requantize')
    expect(narrowed.map((layer) => [layer.input.bits, layer.outBits])).toEqual([[8, 2]])
    const depth = network.layers.find((layer) => layer.name === 'depth')!
    expect(depth.input.bits).toBe(2)
    const join = network.layers.find((layer) => layer.op === 'add')!
    expect(join.input.bits).toBe(8)
  })
})

describe('a network that ends in a ReLU', () => {
  it('has its codes as outputs, never below zero', () => {
    const graph = plainNetwork()
    const rectified = { ...graph, nodes: graph.nodes.with(5, { ...graph.nodes[5]!, relu: true } as never) }
    const calibration = measureActivationRanges(rectified, someImages(graph, 4))
    const network = quantizeNetwork(calibration, uniformScheme(weightedLayerNames(graph), 8, 8))
    expect(network.layers.slice(-2).map(({ op }) => op)).toEqual(['dense', 'output'])
    const outputs = runInteger(network, codesOfPixels(someImages(graph, 4)))
    expect(outputs.every((value) => value >= 0 && value <= 255)).toBe(true)
    expect(new Set(outputs).size).toBeGreaterThan(3)
  })
})

describe('a network whose values overflow float32', () => {
  it('is refused with the node whose range is read, and does not keep the thread for ever', () => {
    const graph = plainNetwork()
    const [first, ...rest] = graph.nodes
    if (!('weights' in first!)) throw new Error('the network begins with weights')
    const large = { ...first, weights: first.weights.map(() => 3e38) }
    let error: unknown
    try {
      measureActivationRanges({ ...graph, nodes: [large, ...rest] }, someImages(graph, 4))
    } catch (reason) {
      error = reason
    }
    expect(error).toBeInstanceOf(AppError)
    expect(error).toMatchObject({
      code: 'model.invalid',
      message: expect.stringContaining('"pool"')
    })
  })
})

describe('what integers cannot express', () => {
  it('refuses calibration bytes that are no whole images', () => {
    expect(() => measureActivationRanges(plainNetwork(), new Uint8Array(63))).toThrow(/whole images/)
    expect(() =>
      runInteger(
        quantizeNetwork(
          measureActivationRanges(plainNetwork(), someImages(plainNetwork(), 2)),
          uniformScheme(weightedLayerNames(plainNetwork()), 8, 8)
        ),
        new Int8Array(65)
      )
    ).toThrow(AppError)
  })
})

it('argmax takes the first of equals', () => {
  expect(argmax([3, 7, 7, 1])).toBe(1)
  expect(argmax(Int32Array.of(-5, -5))).toBe(0)
})

it('reads images that begin at any byte of their memory', () => {
  const { nodes, ...rest } = plainNetwork()
  // Without the first convolution and its pool: four channels, which are copied as words where they lie on them.
  const graph: Graph = {
    ...rest,
    inputShape: [4, 4, 4],
    nodes: nodes.slice(2).map((node, at) => ({ ...node, inputs: [at - 1] })),
    output: 3
  }
  const pixels = someImages(graph, 48)
  const scheme = uniformScheme(weightedLayerNames(graph), 4, 8)
  const fitted = [0, 1].map((offset) => {
    const moved = new Uint8Array(pixels.length + offset).subarray(offset)
    moved.set(pixels)
    return quantizeNetwork(measureActivationRanges(graph, moved), scheme)
  })
  expect(fitted[1]).toEqual(fitted[0])
})

/** Work that is one request. */
function* asWork(request: ArithmeticRequest): FitWork<FitResult> {
  return yield request
}
