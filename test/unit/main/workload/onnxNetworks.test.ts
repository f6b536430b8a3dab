import * as ort from 'onnxruntime-node'
import { beforeAll, describe, expect, it } from 'vitest'
import { int4Blocks, int8Columns } from '@core/workload/onnx/quantizeWeights'
import { copiedInput, cutLayer, loopCount, loopLayer, loopOutput } from '@core/workload/onnx/cut'
import { networkOf } from '@core/workload/onnx/network'
import { lowerNetwork } from '@core/workload/onnx/precision'
import { createRandom } from '@core/math/random'
import type { OnnxModel } from '@core/model/onnx/onnx'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { readForRewriting } from '@main/model/files/readModelFile'
import { resourcePath } from '@main/paths'
import { gatesOf, openGated } from '@main/workload/runner/ablation'
import { describeLayers } from '@main/workload/runner/layers'
import { lowered, offeredPrecisions } from '@main/workload/runner/precisions'
import { openSubject, type Subject } from '@main/workload/runner/subject'
import type { Feeds } from '@main/workload/runner/testRows'

const names = ['gloss-classifier', 'gloss-language'] as const
const subjects = new Map<string, Subject>()
const files = { read: readForRewriting, encode: encodeOnnx }

beforeAll(async () => {
  for (const name of names) {
    const place = (end: string): string => resourcePath('workloads', `${name}.${end}`)
    const options = {
      files,
      modelFile: place('onnx'),
      dataFile: place('jsonl'),
      batch: 8,
      provider: 'cpu',
      half: 'widened' as const
    }
    subjects.set(name, await openSubject({ ...options, threads: 1, samples: 16 }))
  }
})

const reals = (tensor: ort.Tensor | undefined): Float32Array => tensor!.data as Float32Array
const largestDifference = (a: Float32Array, b: Float32Array): number =>
  a.reduce(
    (largest, value, index) => Math.max(largest, Math.abs(value - b[index]!)),
    a.length === b.length ? 0 : Infinity
  )

async function outputOf(subject: Subject, model: OnnxModel, feeds: Feeds): Promise<Float32Array> {
  const session = await subject.open(model)
  const out = reals((await session.run(feeds))['logits'])
  await session.release()
  return out
}

describe.each(names)('%s', (name) => {
  const subject = (): Subject => subjects.get(name)!

  it('is the whole network with every gate open, and not with one closed', async () => {
    const feeds = subject().testBatches[0]!
    const original = await outputOf(subject(), subject().network.model, feeds)
    const gates = await gatesOf(subject())
    const gated = await openGated(subject(), gates)
    const run = async (more: Feeds): Promise<Float32Array> =>
      reals((await gated.session.run({ ...feeds, ...more }))['logits'])
    expect(gates.length).toBeGreaterThan(15)
    expect(largestDifference(await run(gated.feeds()), original)).toBeLessThan(2e-5)
    for (const { layer } of gates.slice(-4)) {
      expect(largestDifference(await run(gated.feeds(layer, 'zero')), original)).toBeGreaterThan(1e-3)
    }
  })

  it('replaces by the mean over calibration samples, and skips a normalisation by its input', async () => {
    const gates = await gatesOf(subject())
    const gate = gates.find(({ layer, input }) => /ln_2$|output_layer_norm$/.test(layer) && input !== null)!
    const batches = subject().calibrationBatches
    const seen = await Promise.all(batches.map((feeds) => subject().capture([gate.output], feeds)))
    const first = seen.map((values) => reals(values[gate.output]))
    const size = first[0]!.length / subject().batch
    const samples = first.flatMap((data) =>
      Array.from({ length: subject().batch }, (_, at) => data[at * size]!)
    )
    expect(gate.mean!.data[0]).toBeCloseTo(samples.reduce((sum, value) => sum + value, 0) / samples.length, 5)
    expect(subject().shapeOf(gate.input!)).toEqual(subject().shapeOf(gate.output))
  })

  it('has layers that, cut out, give what they give inside, alone and in a loop', async () => {
    const { network, groups } = subject()
    const batches = subject().testBatches.slice(0, 2)
    for (const group of groups) {
      const inside = await Promise.all(
        batches.map((feeds) => subject().capture([...group.inputs, ...group.outputs], feeds))
      )
      const inputsOf = (copy: number): Feeds =>
        Object.fromEntries(group.inputs.map((value) => [value, inside[copy]![value]!]))
      const alone = await subject().open(cutLayer(network, group, subject().typeOf))
      const outputs = await alone.run(inputsOf(1))
      for (const value of group.outputs) {
        expect(largestDifference(reals(outputs[value]), reals(inside[1]![value]))).toBeLessThan(2e-5)
      }
      const looped = await subject().open(loopLayer(network, group, 2, subject().typeOf))
      const feeds: Feeds = { [loopCount]: new ort.Tensor('int64', BigInt64Array.of(3n), []) }
      for (const copy of [0, 1]) {
        for (const [value, tensor] of Object.entries(inputsOf(copy))) feeds[copiedInput(value, copy)] = tensor
      }
      const out = (await looped.run(feeds))[loopOutput]
      expect(largestDifference(reals(out), reals(inside[0]![group.outputs[0]!]))).toBeLessThan(2e-5)
      await alone.release()
      await looped.release()
    }
  })

  it('counts every weight once, shared ones too', () => {
    const layers = describeLayers(subject())
    const weights = subject().network.model.initializers.filter(({ data }) => data instanceof Float32Array)
    const used = new Set(subject().groups.flatMap((group) => group.weights))
    const all = weights
      .filter(({ name: own }) => used.has(own))
      .reduce((sum, { data }) => sum + data.length, 0)
    expect(layers.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(all)
    if (name === 'gloss-language') {
      const head = layers.find(({ group }) => group.id === 'lm_head')!
      expect(head).toMatchObject({ parameters: 0, sharedWith: ['wte.word'] })
      // 8 samples x 24 tokens x 64 x 800
      expect(head.macs).toBe(8 * 24 * 64 * 800)
    }
  })

  it('stays close at every precision that the runtime offers, and smaller', async () => {
    const feeds = subject().testBatches[0]!
    const original = await outputOf(subject(), subject().network.model, feeds)
    const whole = (await lowered(subject(), 'fp32')).weightBytes
    const allowed = { fp32: 1e-6, fp16: 0.05, bf16: 0.5, int8Dynamic: 0.6, int8Static: 0.6, int4: 4 } as const
    const offered = (await offeredPrecisions(subject())).filter(({ reason }) => reason === null)
    expect(offered.map(({ precision }) => precision)).toEqual(
      expect.arrayContaining(['fp32', 'int8Dynamic', 'int8Static', 'int4'])
    )
    for (const { precision } of offered) {
      const { model, weightBytes } = await lowered(subject(), precision)
      const out = await outputOf(subject(), model, feeds)
      expect(largestDifference(out, original)).toBeLessThan(allowed[precision])
      if (precision === 'fp32') continue
      expect(largestDifference(out, original)).toBeGreaterThan(0)
      expect(weightBytes).toBeLessThan(whole)
    }
  })
})

describe('weights of a matrix product', () => {
  const rows = 70
  const columns = 5
  const random = createRandom(3)
  const weights = Float32Array.from({ length: rows * columns }, () => random.normal())
  const input = Float32Array.from({ length: rows }, () => random.normal())
  const model: OnnxModel = {
    ...{ name: 'product', opset: 17, metadata: {} },
    nodes: [
      { name: 'p', opType: 'MatMul', domain: '', inputs: ['x', 'w'], outputs: ['logits'], attributes: {} }
    ],
    initializers: [{ name: 'w', dims: [rows, columns], data: weights }],
    inputs: [{ name: 'x', elementType: 'float32', dims: [1, rows] }],
    outputs: [{ name: 'logits', elementType: 'float32', dims: [1, columns] }]
  }
  const run = async (precision: 'int4' | 'int8Dynamic'): Promise<Float32Array> => {
    const { model: changed } = lowerNetwork(
      networkOf(model),
      precision,
      () => ({ dims: [rows, columns], data: weights }),
      () => ({ low: -1, high: 1 })
    )
    const session = await ort.InferenceSession.create(encodeOnnx(changed))
    return reals((await session.run({ x: new ort.Tensor('float32', input, [1, rows]) }))['logits'])
  }
  const product = (matrix: (row: number, column: number) => number, x = input): Float32Array =>
    Float32Array.from({ length: columns }, (_, column) =>
      x.reduce((sum, value, row) => sum + value * matrix(row, column), 0)
    )

  it('are, at 4 bits, what MatMulNBits multiplies by', async () => {
    const { packed, scales, blocks } = int4Blocks(weights, rows, columns, 32)
    expect(blocks).toBe(3)
    const matrix = (row: number, column: number): number => {
      const block = column * blocks + Math.floor(row / 32)
      const byte = packed[block * 16 + ((row % 32) >> 1)]!
      const value = ((row % 2 === 0 ? byte & 15 : byte >> 4) - 8) * scales[block]!
      // 4 bits: half a step, but one end of the range has a step less.
      expect(Math.abs(value - weights[row * columns + column]!)).toBeLessThanOrEqual(
        1.0001 * Math.abs(scales[block]!)
      )
      return value
    }
    expect(largestDifference(await run('int4'), product(matrix))).toBeLessThan(1e-4)
  })

  it('are, at int8, scaled by column, and inputs by their range', async () => {
    const { values, scales } = int8Columns(weights, rows, columns)
    // DynamicQuantizeLinear: uint8 over a range that holds 0.
    const low = Math.min(0, ...input)
    const step = (Math.max(0, ...input) - low) / 255
    const zero = Math.round(-low / step)
    const seen = input.map(
      (value) => (Math.max(0, Math.min(255, Math.round(value / step) + zero)) - zero) * step
    )
    const wanted = product((row, column) => values[row * columns + column]! * scales[column]!, seen)
    expect(largestDifference(await run('int8Dynamic'), wanted)).toBeLessThan(0.02)
  })
})
