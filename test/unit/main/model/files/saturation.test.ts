import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { exportOnnx } from '@core/model/onnx/exportOnnx'
import { importOnnx, readOnnx } from '@core/model/onnx/importOnnx'
import {
  int,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor
} from '@core/model/onnx/onnx'
import { createFloatRunner } from '@core/quant/runFloat'
import { hwcWeights } from '@core/quant/hwcGraph'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { runModel } from '@main/model/files/runFile'
import { fitItems } from '@main/model/data/dataFit'
import type { ItemSet } from '@core/dataset/itemSet'

/** Limits that a network leaves to its codes: what lies beyond means the end of the codes, in float and in integers. */

const scalar = (name: string, value: number): OnnxTensor => ({ name, dims: [], data: Float32Array.of(value) })
const code = (name: string, value: number): OnnxTensor => ({
  name,
  dims: [],
  data: value < 0 ? Int8Array.of(value) : Uint8Array.of(value)
})
const identity: OnnxTensor = { name: 'w', dims: [2, 2], data: Float32Array.of(1, 0, 0, 1) }

type Written = Pick<OnnxNode, 'opType' | 'inputs' | 'outputs'> & {
  attributes?: Record<string, OnnxAttribute>
}

function model(nodes: Written[], initializers: OnnxTensor[], opset = 21): OnnxModel {
  return {
    name: 'saturating',
    opset,
    nodes: nodes.map((node, at) => ({ name: `n${at}`, domain: '', attributes: {}, ...node })),
    initializers,
    inputs: [{ name: 'x', elementType: 'float32', dims: [1, 2] }],
    outputs: [{ name: nodes.at(-1)!.outputs[0]!, elementType: 'float32', dims: null }],
    metadata: {}
  }
}

/** x W limited to codes of 0.01 around `zero`, then W again. */
function twoLayers(zero: OnnxTensor, first: Written[] = []): OnnxModel {
  const from = first.at(-1)?.outputs[0] ?? 'm'
  return model(
    [
      { opType: 'MatMul', inputs: ['x', 'w'], outputs: ['m'] },
      ...first,
      { opType: 'QuantizeLinear', inputs: [from, 's', zero.name], outputs: ['q'] },
      { opType: 'DequantizeLinear', inputs: ['q', 's', zero.name], outputs: ['d'] },
      { opType: 'MatMul', inputs: ['d', 'w'], outputs: ['y'] }
    ],
    [identity, scalar('s', 0.01), scalar('low', -1), scalar('high', 1), zero]
  )
}

async function onnxruntime(made: OnnxModel, values: number[], count = 1): Promise<number[]> {
  const session = await ort.InferenceSession.create(encodeOnnx(made), { graphOptimizationLevel: 'disabled' })
  const feeds = { [session.inputNames[0]!]: new ort.Tensor('float32', Float32Array.from(values), [count, 2]) }
  return Array.from((await session.run(feeds))[session.outputNames[0]!]!.data as Float32Array)
}

const run = (made: OnnxModel, items: number[][], scheme: string): number[] =>
  runModel(made, { shape: [items.length, 2], values: Float64Array.from(items.flat()) }, scheme, [])
    .outputs[0]!.values

describe('codes that end at a number other than 0', () => {
  const items = [
    [-5, 5],
    [0.5, -0.25],
    [-0.1, 1]
  ]
  it.each([
    ['int8 around 0: -1.28 to 1.27', code('z', 0)],
    ['uint8 with zero 30: -0.3 to 2.25', code('z', 30)],
    ['uint8 with zero 255: -2.55 to 0', code('z', 255)],
    ['int8 with zero -100: -0.28 to 2.27', code('z', -100)]
  ])('%s, float as onnxruntime, integers within a code', async (name, zero) => {
    const z = name.startsWith('int8 around') ? { ...zero, data: Int8Array.of(0) } : zero
    const made = twoLayers(z)
    const wanted = (await Promise.all(items.map((item) => onnxruntime(made, item)))).flat()
    for (const [scheme, slack] of [
      ['float', 1e-6],
      // The input's codes: 5 / 127; what it is limited to: at most 2.55 / 127.
      ['int8', 0.05]
    ] as const)
      for (const [at, value] of run(made, items, scheme).entries())
        expect(Math.abs(value - wanted[at]!)).toBeLessThan(slack)
  })

  it('costs a layer nothing where signed codes end there anyway, and one function elsewhere', () => {
    const zero = { ...code('z', 0), data: Int8Array.of(0) }
    const even = importOnnx(twoLayers(zero)).nodes
    expect(even.map(({ op }) => op)).toEqual(['dense', 'dense'])
    expect(even[0]).toMatchObject({ relu: false })
    expect((even[0] as { floor: number }).floor).toBeCloseTo(-1.28, 6)
    expect((even[0] as { ceiling: number }).ceiling).toBeCloseTo(1.27, 6)
    expect(importOnnx(twoLayers(code('z', 30))).nodes.map(({ op }) => op)).toEqual([
      'dense',
      'table',
      'dense'
    ])
  })

  it('joins a Clip with the codes behind it', async () => {
    const made = twoLayers(code('z', 30), [{ opType: 'Clip', inputs: ['m', 'low', 'high'], outputs: ['c'] }])
    const { nodes } = importOnnx(made)
    expect(nodes.map(({ op }) => op)).toEqual(['dense', 'table', 'dense'])
    expect(run(made, [[-5, 5]], 'float')).toEqual(
      (await onnxruntime(made, [-5, 5])).map((value) => expect.closeTo(value, 6))
    )
  })

  it('is written as a Clip where the graph goes to onnxruntime', async () => {
    const graph = importOnnx(twoLayers({ ...code('z', 0), data: Int8Array.of(0) }))
    const own = createFloatRunner(graph, hwcWeights(graph)).run(Float32Array.of(-5, 0.5)).at(-1)!
    expect([...own]).toEqual([expect.closeTo(-1.28, 6), 0.5])
    expect(await onnxruntime(exportOnnx(graph), [-5, 0.5])).toEqual([...own])
  })
})

describe('codes of the input', () => {
  const made = model(
    [
      { opType: 'QuantizeLinear', inputs: ['x', 's', 'z'], outputs: ['q'] },
      { opType: 'DequantizeLinear', inputs: ['q', 's', 'z'], outputs: ['d'] },
      { opType: 'MatMul', inputs: ['d', 'w'], outputs: ['y'] }
    ],
    [identity, scalar('s', 0.01), code('z', 100)]
  )

  it('limit what a network is given, without a layer', async () => {
    const wanted = await onnxruntime(made, [-7, 7])
    expect(wanted).toEqual([-1, expect.closeTo(1.55, 6)])
    expect(run(made, [[-7, 7]], 'float')).toEqual(wanted)
    expect(importOnnx(made).nodes.map(({ op }) => op)).toEqual(['dense'])
    const [low, high] = run(made, [[-7, 7]], 'int8')
    expect(low).toBeCloseTo(-1, 1)
    expect(high).toBeCloseTo(1.55, 1)
  })

  it('limit the items of a data set', async () => {
    const bytes = Uint8Array.of(0, 255)
    const set = {
      name: 'wide',
      shape: [1, 1, 2],
      task: 'unlabelled',
      classes: null,
      input: { scale: 0.05, zero: 0 },
      read: () =>
        Promise.resolve({
          bytes,
          reals: Float32Array.from(bytes, (byte) => 0.05 * (byte - 128)),
          labels: null
        })
    } as unknown as ItemSet
    const batch = await fitItems(importOnnx(made), set).read('test', 0, 1)
    expect([...batch.reals]).toEqual([-1, expect.closeTo(1.55, 6)])
    // -1 / 0.05 + 128 and 1.55 / 0.05 + 128
    expect([...batch.bytes]).toEqual([108, 159])
  })
})

it('takes the type of codes from output_dtype where there is no zero point', async () => {
  const made = model(
    [
      { opType: 'MatMul', inputs: ['x', 'w'], outputs: ['m'] },
      { opType: 'QuantizeLinear', inputs: ['m', 's'], outputs: ['q'], attributes: { output_dtype: int(3) } },
      { opType: 'DequantizeLinear', inputs: ['q', 's'], outputs: ['d'] },
      { opType: 'MatMul', inputs: ['d', 'w'], outputs: ['y'] }
    ],
    [identity, scalar('s', 0.01)]
  )
  const wanted = await onnxruntime(made, [-5, 5])
  expect(wanted).toEqual([expect.closeTo(-1.28, 6), expect.closeTo(1.27, 6)])
  expect(run(made, [[-5, 5]], 'float')).toEqual(wanted)
})

describe('integers of 8 bits', () => {
  it('wrap around as onnxruntime computes them: 200 + 100 of uint8 is 44', async () => {
    const made = model(
      [
        { opType: 'Cast', inputs: ['x'], outputs: ['a'], attributes: { to: int(2) } },
        { opType: 'Add', inputs: ['a', 'k'], outputs: ['b'] },
        { opType: 'Cast', inputs: ['b'], outputs: ['y'], attributes: { to: int(1) } }
      ],
      [{ name: 'k', dims: [], data: Uint8Array.of(100) }]
    )
    expect(await onnxruntime(made, [200.7, 17])).toEqual([44, 117])
    expect(run(made, [[200.7, 17]], 'float')).toEqual([44, 117])
  })

  it('stay what they are where they cannot leave their range', () => {
    const made = model(
      [
        { opType: 'Clip', inputs: ['x', 'low', 'high'], outputs: ['c'] },
        { opType: 'Cast', inputs: ['c'], outputs: ['a'], attributes: { to: int(2) } },
        { opType: 'Cast', inputs: ['a'], outputs: ['y'], attributes: { to: int(1) } }
      ],
      [scalar('low', 0), scalar('high', 255)]
    )
    expect(JSON.stringify(readOnnx(made).imported!.graph)).not.toContain('wrap')
  })
})
