import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createRandom } from '@core/math/random'
import type { TfliteModel, TfliteTensor } from '@core/model/tflite/tflite'
import { halfBits } from '../../../support/halfNetwork'
import { encodeTflite } from '../../../support/tfliteWriter'
import { bundleWorker } from '../../../support/workerFile'
import { workloadRig, type WorkloadRig } from './workloadRig'

let rig: WorkloadRig
beforeAll(async () => {
  rig = await workloadRig({ runnerFile: await bundleWorker('src/main/workloadRunner.ts') })
})
afterAll(() => rig.close())
vi.setConfig({ testTimeout: 240_000 })

const random = createRandom(11)
/** Multiples of 1/64 below 8, which have 16 bits too. */
const reals = (count: number): number[] =>
  Array.from({ length: count }, () => Math.round(64 * Math.max(-4, Math.min(4, random.normal()))) / 64)
const [side, filters, classes] = [8, 4, 3]
const half = side / 2
const weights = {
  filter: reals(filters * 9),
  bias: reals(filters),
  dense: reals(classes * half * half * filters)
}

/**
 * A convolution (3 x 3, stride 2, padded as TensorFlow does, ReLU) and a dense layer. Weights of 16 bits stand before a DEQUANTIZE
 * each, as TensorFlow's converter writes them.
 */
function network(weightType: 'float16' | 'float32'): TfliteModel {
  const model = plainNetwork()
  if (weightType === 'float32') return model
  const tensors = [...model.tensors]
  const dequantized = model.tensors.flatMap((tensor, at) => {
    if (tensor.data === null) return []
    const values = new Float32Array(tensor.data.slice().buffer)
    const half = Uint16Array.from(values, halfBits)
    tensors.push({
      ...tensor,
      name: `${tensor.name}/half`,
      type: 'float16',
      data: new Uint8Array(half.buffer)
    })
    tensors[at] = { ...tensor, data: null }
    return [{ name: 'DEQUANTIZE', isCustom: false, inputs: [tensors.length - 1], outputs: [at], options: {} }]
  })
  return { ...model, tensors, operators: [...dequantized, ...model.operators] }
}

function plainNetwork(): TfliteModel {
  const blank = { type: 'float32', scales: [], zeros: [], axis: 0, isSparse: false } as const
  const floats = (name: string, dims: number[], values: number[] | null): TfliteTensor => ({
    ...blank,
    ...{ scales: [], zeros: [], name, dims },
    data: values === null ? null : new Uint8Array(Float32Array.from(values).buffer)
  })
  return {
    name: 'made',
    tensors: [
      floats('image', [1, side, side, 1], null),
      floats('conv/filter', [filters, 3, 3, 1], weights.filter),
      floats('conv/bias', [filters], weights.bias),
      floats('conv/out', [1, half, half, filters], null),
      floats('dense/weights', [classes, half * half * filters], weights.dense),
      floats('scores', [1, classes], null)
    ],
    operators: [
      {
        ...{ name: 'CONV_2D', isCustom: false, inputs: [0, 1, 2], outputs: [3] },
        options: { padding: 0, strideW: 2, strideH: 2, dilationW: 1, dilationH: 1, activation: 1 }
      },
      {
        name: 'FULLY_CONNECTED',
        isCustom: false,
        inputs: [3, 4, -1],
        outputs: [5],
        options: { activation: 0 }
      }
    ],
    inputs: [0],
    outputs: [5]
  }
}

/** Class of an image by the definition of both layers. */
function classOf(image: readonly number[]): number {
  const inner = new Float64Array(half * half * filters)
  for (let at = 0; at < inner.length; at++) {
    const [filter, x, y] = [at % filters, Math.floor(at / filters) % half, Math.floor(at / filters / half)]
    let sum = weights.bias[filter]!
    // Of the one row and column of padding, TensorFlow puts none before.
    for (let ky = 0; ky < 3; ky++) {
      for (let kx = 0; kx < 3; kx++) {
        const [row, column] = [2 * y + ky, 2 * x + kx]
        if (row < side && column < side)
          sum += image[row * side + column]! * weights.filter[filter * 9 + ky * 3 + kx]!
      }
    }
    inner[at] = Math.max(0, sum)
  }
  const scores = Array.from({ length: classes }, (_, one) =>
    inner.reduce((sum, value, at) => sum + value * weights.dense[one * inner.length + at]!, 0)
  )
  return scores.indexOf(Math.max(...scores))
}

it.each(['float32', 'float16'] as const)(
  'runs a .tflite file with weights of %s as a whole: precisions, layers, ablations, with the predictions of its definition',
  async (weightType) => {
    const [model, dataset] = [
      path.join(rig.folder, `made-${weightType}.tflite`),
      path.join(rig.folder, 'images.jsonl')
    ]
    writeFileSync(model, encodeTflite(network(weightType)))
    const samples = Array.from({ length: 24 }, () => {
      const pixels = reals(side * side)
      const rows = Array.from({ length: side }, (_, row) =>
        pixels.slice(row * side, (row + 1) * side).map((one) => [one])
      )
      return { inputs: { image: rows }, label: classOf(pixels) }
    })
    writeFileSync(dataset, samples.map((one) => `${JSON.stringify(one)}\n`).join(''))
    const run = await rig.toEnd(
      rig.request({ runner: { kind: 'onnx', model, dataset }, phaseMs: 10, ablations: ['zero'] })
    )
    expect(run).toMatchObject({
      state: 'done',
      message: null,
      subject: { model: `made-${weightType}`, device: 'cpu' }
    })
    expect(run.steps.filter(({ state }) => state === 'failed')).toEqual([])
    const { benchmark, layers, impacts } = run.tables
    const fp32 = benchmark.find(({ precision }) => precision === 'fp32')
    expect(fp32?.quality).toMatchObject({ value: 1, n: 24 })
    expect(fp32?.weightBytes).toBe(4 * (weights.filter.length + weights.bias.length + weights.dense.length))
    expect(layers.map(({ type }) => type).filter((type) => type !== 'other')).toEqual([
      'convolution',
      'classifier'
    ])
    expect(layers.every(({ timeUs }) => (timeUs.value ?? 0) > 0)).toBe(true)
    // Without its scores the network prefers no class.
    expect(impacts.some(({ change, klNats }) => change === 'zero' && (klNats.value ?? 0) > 0.1)).toBe(true)
    expect(impacts.filter(({ change }) => change === 'int8').length).toBeGreaterThan(0)
  }
)
