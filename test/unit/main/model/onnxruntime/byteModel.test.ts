import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { weightedLayerNames } from '@core/model/graph'
import { byteLayersModel, isByteLayer, type ByteWeights } from '@core/quant/integer/byteModel'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { runLayerPlain } from '@core/quant/quantize/fitEngine'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import { codeRange, elementCount, isLast, type IntegerLayer } from '@core/quant/quantizedNetwork'
import { uniformScheme } from '@core/quant/scheme'
import { byteWeightsOf, exactByteWeights } from '@main/model/onnxruntime/byteWeights'
import { createStructureSessions, type StructureSessions } from '@main/model/onnxruntime/structureSessions'
import { plainNetwork, residualNetwork, someImages } from '../../../../support/smallNetworks'

const items = 40

/** Sessions that hold a layer's numbers, and sessions that take them as inputs. */
const ways = [createStructureSessions({ inputValues: 0 }), createStructureSessions()]

/** Codes of a layer through onnxruntime's integer kernels. */
async function byteCodes(
  layer: IntegerLayer,
  inputs: Int8Array[],
  weights: ByteWeights,
  way: StructureSessions
): Promise<number[]> {
  const model = byteLayersModel([layer], [layer.inputs.map((_, n) => -1 - n)], [0], weights)
  const feeds = Object.fromEntries(
    inputs.map((codes, position) => {
      const bytes = Uint8Array.from(codes, (code) => code + 128)
      return [`bytes${position}`, new ort.Tensor('uint8', bytes, [items, ...layer.inputShape])]
    })
  )
  return way.use(model, async (session, numbers) => {
    const results = await session.run({ ...numbers, ...feeds })
    return Array.from(results['result0']!.data as Uint8Array, (byte) => byte - 128)
  })
}

describe.each([
  ['plain', plainNetwork()],
  ['residual', residualNetwork()]
] as const)('layers of the %s network over bytes', (_, graph) => {
  const calibration = measureActivationRanges(graph, someImages(graph, 32))
  const random = createRandom(5)

  it.each([8, 5, 4, 3, 2, 1] as const)('give the reference’s codes at %i bits', async (bits) => {
    const network = quantizeNetwork(calibration, uniformScheme(weightedLayerNames(graph), bits, bits))
    const forms = new Set<ByteWeights>(['uint8', await exactByteWeights()])
    let [same, all] = [0, 0]
    for (const layer of network.layers) {
      if (isLast(layer) || !isByteLayer(layer)) continue
      const { low, high } = codeRange(layer.input.bits)
      const levels = layer.input.bits === 1 ? [-1, 1] : [low, high, 0]
      // Any code may come; a third of them are the outermost, where sums are largest.
      const inputs = layer.inputs.map(() =>
        Int8Array.from({ length: items * elementCount(layer.inputShape) }, () =>
          layer.input.bits === 1 || random.integer(3) === 0
            ? levels[random.integer(levels.length)]!
            : low + random.integer(high - low + 1)
        )
      )
      const wanted = runLayerPlain(layer, inputs, items)
      for (const form of forms) {
        const [found, fromInputs] = await Promise.all(ways.map((way) => byteCodes(layer, inputs, form, way)))
        expect(fromInputs).toEqual(found)
        all += found!.length
        found!.forEach((code, at) => {
          if (code === wanted[at]) same++
          // A product within float32's rounding of a code boundary may go either way, by one code.
          else expect(Math.abs(code - wanted[at]!)).toBeLessThanOrEqual(bits === 1 ? 2 : 1)
        })
      }
    }
    expect(all).toBeGreaterThan(1000)
    expect(same).toBeGreaterThanOrEqual(all * 0.9999)
  })
})

describe('weights over bytes', () => {
  it('are held so that the largest sums are exact', async () => {
    const channels = 16
    const layer: IntegerLayer = {
      op: 'dense',
      name: 'largest',
      inputs: [-1],
      inputShape: [1, 1, 256],
      outputShape: [1, 1, channels],
      input: { bits: 8, scale: 1, zero: 128 },
      outBits: 8,
      outScale: 1,
      outZero: 128,
      relu: true,
      weightBits: 8,
      activationBits: 8,
      weights: new Int8Array(256 * channels).fill(127),
      // Level 255 times 127 times 256 taps is 8,290,560; times 25 / 2^20 that is 197.7, code 70.
      bias: new Int32Array(channels).fill(128 * 127 * 256),
      weightScale: new Float64Array(channels).fill(1),
      mult: new Int32Array(channels).fill(25),
      shift: new Uint8Array(channels).fill(20),
      last: false
    }
    const codes = new Int8Array(256 * items).fill(127)
    for (const way of ways) {
      const found = await byteCodes(layer, [codes], await exactByteWeights(), way)
      expect(new Set(found)).toEqual(new Set([70]))
    }
  })

  it('have unsigned weights where signed ones saturate in one of the ways to hold them', async () => {
    /** Stands for kernels whose sums stay too small: every code is one less. */
    const saturating: StructureSessions = {
      use: (model, work) =>
        ways[1]!.use(model, (session, numbers) => {
          const run = async (feeds: ort.InferenceSession.FeedsType) => {
            const { result0 } = await session.run(feeds)
            const bytes = Uint8Array.from(result0!.data as Uint8Array, (byte) => byte - 1)
            return { result0: new ort.Tensor('uint8', bytes, result0!.dims) }
          }
          return work({ run } as unknown as ort.InferenceSession, numbers)
        })
    }
    expect(await byteWeightsOf([ways[0]!, saturating])).toBe('uint8')
    expect(await byteWeightsOf([])).toBe('int8')
  })

  it('do not take an operator that has no integer kernel', () => {
    const table = { op: 'table', name: 'sigmoid', inputs: [-1] } as unknown as IntegerLayer
    expect(isByteLayer(table)).toBe(false)
    expect(() => byteLayersModel([{ ...table, inputShape: [1, 1, 1] }], [[-1]], [0], 'uint8')).toThrow(
      'does not run over bytes'
    )
  })
})
