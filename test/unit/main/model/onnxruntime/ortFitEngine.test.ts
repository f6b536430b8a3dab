import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { weightedLayerNames } from '@core/model/graph'
import { measureActivationRanges, measuringRanges } from '@core/quant/quantize/calibration'
import {
  channelSums,
  product,
  runFit,
  runPlain,
  type ArithmeticRequest,
  type FitResult,
  type FitWork
} from '@core/quant/quantize/fitEngine'
import { quantizing } from '@core/quant/quantize/quantizeNetwork'
import { uniformScheme } from '@core/quant/scheme'
import { createOrtFitEngine } from '@main/model/onnxruntime/ortFitEngine'
import { plainNetwork, residualNetwork, someImages } from '../../../../support/smallNetworks'

const engine = createOrtFitEngine({ minVisits: 0 })

describe.each([
  ['plain', plainNetwork()],
  ['residual', residualNetwork()]
] as const)('fitting the %s network on onnxruntime', (_, graph) => {
  const pixels = someImages(graph, 120)
  const layers = weightedLayerNames(graph)

  it('gives the codes of the plain loops for every layer', async () => {
    const calibration = measureActivationRanges(graph, pixels)
    for (const bits of [8, 4, 2, 1] as const) {
      const work = quantizing(calibration, uniformScheme(layers, bits, bits))
      let [same, all, compared] = [0, 0, 0]
      // Each request is carried out by both; the work goes on with the plain one.
      let step = work.next()
      while (step.done !== true) {
        const request: ArithmeticRequest = step.value
        const plain = runPlain(once(request))
        if (request.kind === 'layers') {
          const fast = (await engine.carryOut(request)) as readonly Uint8Array[]
          for (const [result, exact] of (plain as readonly Uint8Array[]).entries()) {
            all += exact.length
            same += exact.filter((code, at) => code === fast[result]![at]).length
          }
          compared += request.layers.length
        }
        step = work.next(plain)
      }
      if (bits === 8) expect(compared).toBeGreaterThanOrEqual(layers.length)
      // A sum within float32's rounding of a code boundary may go either way.
      expect(same).toBeGreaterThanOrEqual(all * 0.9999)
    }
  })

  it('finds the same ranges and targets', async () => {
    const fast = await runFit(measuringRanges(graph, pixels), engine)
    const plain = measureActivationRanges(graph, pixels)
    for (const [index, node] of graph.nodes.entries()) {
      if (!layers.includes(node.name)) continue
      const [a, b] = [fast.targetOf(index), plain.targetOf(index)]
      expect([a.image, a.pixel]).toEqual([b.image, b.pixel])
      const wanted = b.targets.values
      expect(a.targets.values.every((sum, at) => Math.abs(sum - wanted[at]!) < 1e-4)).toBe(true)
    }
    const formats = quantizeFormats(runPlain(quantizing(plain, uniformScheme(layers, 8, 4))))
    for (const [at, scale] of quantizeFormats(
      await runFit(quantizing(fast, uniformScheme(layers, 8, 4)), engine)
    ).entries())
      expect(scale / formats[at]!).toBeCloseTo(1, 1)
  })
})

function quantizeFormats({
  layers
}: {
  layers: readonly { op: string; input: { scale: number } }[]
}): number[] {
  return layers.map(({ input }) => input.scale)
}

function* once(request: ArithmeticRequest): FitWork<FitResult> {
  return yield request
}

it('multiplies matrices as plain loops do', async () => {
  const random = createRandom(3)
  const left = Float32Array.from({ length: 40 * 7 }, () => random.normal())
  const right = Float32Array.from({ length: 40 * 3 }, () => random.normal())
  const fast = await runFit(product(left, right, 40), engine)
  const plain = runPlain(product(left, right, 40))
  expect(fast.length).toBe(21)
  expect(fast.every((value, at) => Math.abs(value - plain[at]!) < 1e-4)).toBe(true)
})

it('adds up every channel of a depthwise layer as plain loops do', async () => {
  const random = createRandom(4)
  const [rows, taps, channels] = [70, 9, 5]
  const bytes = Uint8Array.from({ length: taps * rows * channels }, () => random.integer(256))
  const targets = Float32Array.from({ length: rows * channels }, () => random.normal())
  const fast = await runFit(channelSums({ bytes, targets, rows, channels }), engine)
  const plain = runPlain(channelSums({ bytes, targets, rows, channels }))
  for (const key of ['means', 'squares', 'cross'] as const) {
    expect(fast[key].length).toBe(plain[key].length)
    const misses = fast[key].map((value, at) => Math.abs(value - plain[key][at]!))
    expect(Math.max(...misses)).toBeLessThan(1e-6 * Math.max(...plain[key].map(Math.abs)))
  }
})

it('stops between two requests when it is told to', async () => {
  const stop = async (): Promise<void> => {
    throw new Error('stopped')
  }
  const graph = plainNetwork()
  await expect(runFit(measuringRanges(graph, someImages(graph, 4)), engine, stop)).rejects.toThrow('stopped')
})
