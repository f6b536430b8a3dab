import { describe, expect, it } from 'vitest'
import { int, type OnnxModel, type OnnxNode, type OnnxTensor } from '@core/model/onnx/onnx'
import { networkOf } from '@core/workload/onnx/network'
import { canLower, lowerNetwork } from '@core/workload/onnx/precision'
import { operatorMacs, weightedNode } from '@core/workload/onnx/weighted'
import { withWindow } from '@core/workload/onnx/window'

/** Networks at other precisions and of shorter windows, node by node. */
const node = (
  opType: string,
  inputs: string[],
  output: string,
  attributes: OnnxNode['attributes'] = {}
): OnnxNode => ({
  ...{ name: output, opType, domain: '', inputs, outputs: [output], attributes }
})
const tensor = (name: string, dims: number[], data: number[]): OnnxTensor => ({
  ...{ name, dims, data: Float32Array.from(data) }
})
const modelOf = (nodes: OnnxNode[], initializers: OnnxTensor[], output: string): OnnxModel =>
  ({
    ...{
      nodes,
      initializers,
      inputs: [{ name: 'x', dims: [1, 3] }],
      outputs: [{ name: output, dims: [1, 2] }]
    },
    ...{ opset: 17 }
  }) as unknown as OnnxModel

/** x (1 x 3) times W (stored 2 x 3, transposed), plus b. */
const gemm = modelOf(
  [node('Gemm', ['x', 'w', 'b'], 'y', { transB: int(1) })],
  [tensor('w', [2, 3], [1, -1.9, 4, 0.6, 0, -1]), tensor('b', [2], [10, 20])],
  'y'
)
const lowered = (precision: Parameters<typeof lowerNetwork>[1], model = gemm) => {
  const values = (name: string) => {
    const found = model.initializers.find((one) => one.name === name)!
    return { dims: found.dims, data: found.data as Float32Array }
  }
  const made = lowerNetwork(networkOf(model), precision, values, () => ({ low: -1, high: 4.1 }))
  const data = (name: string): number[] =>
    Array.from(made.model.initializers.find((one) => one.name === name)!.data as Float32Array)
  return { ...made, data, ops: made.model.nodes.map(({ opType }) => opType) }
}

describe('a network at another precision', () => {
  it('is the same at fp32', () => {
    const { model, lowered: count, weightBytes } = lowered('fp32')
    expect(model.nodes).toEqual(gemm.nodes)
    // Six weights and two biases of four bytes.
    expect([count, weightBytes]).toEqual([0, 32])
  })

  it('casts every operand and the result; its weights take half', () => {
    const { model, ops, lowered: count, weightBytes } = lowered('fp16')
    expect(ops).toEqual(['Cast', 'Cast', 'Cast', 'Gemm', 'Cast'])
    expect(model.nodes.map(({ attributes }) => attributes['to'])).toEqual([
      int(10),
      int(10),
      int(10),
      undefined,
      int(1)
    ])
    expect(model.nodes[3]!.inputs).toEqual(['y/fp16/0', 'y/fp16/1', 'y/fp16/2'])
    expect(model.nodes.at(-1)).toMatchObject({ inputs: ['y/fp16'], outputs: ['y'] })
    expect([count, weightBytes]).toEqual([1, 12 + 8])
    expect(lowered('bf16').model.nodes[0]!.attributes['to']).toEqual(int(16))
  })

  it('int8 with ranges from calibration: scale over 255 steps, zero point, weights by column', () => {
    const { model, ops, data } = lowered('int8Static')
    expect(ops).toEqual(['QuantizeLinear', 'DequantizeLinear', 'DequantizeLinear', 'MatMul', 'Add'])
    // -1 to 4.1 is 5.1 in 255 steps of 0.02; -1 lies 50 steps below 0.
    expect(data('y/int8/xScale')[0]).toBeCloseTo(0.02, 8)
    expect(data('y/int8/xZero')).toEqual([50])
    // Columns of W transposed: (1, -1.9, 4) and (0.6, 0, -1).
    expect(data('y/int8/wScale')).toEqual([4 / 127, 1 / 127].map(Math.fround))
    expect(data('y/int8/weights')).toEqual([32, 76, -60, 0, 127, -127])
    expect(data('y/int8/wZeros')).toEqual([0, 0])
    expect(model.nodes[2]!.attributes['axis']).toEqual(int(1))
    expect(model.nodes.at(-1)!.inputs).toEqual(['y/int8/product', 'b'])
  })

  it('int8 with ranges at run time: integer product, then both scales', () => {
    const { model, ops, lowered: count } = lowered('int8Dynamic')
    expect(ops).toEqual(['DynamicQuantizeLinear', 'MatMulInteger', 'Cast', 'Mul', 'Mul', 'Add'])
    expect(model.nodes[0]!.outputs).toEqual(['y/int8/x', 'y/int8/xScale', 'y/int8/xZero'])
    expect(model.nodes[1]!.inputs).toEqual(['y/int8/x', 'y/int8/weights', 'y/int8/xZero', 'y/int8/wZero'])
    expect(count).toBe(1)
  })

  it('int4 by blocks of 32 inputs of a column', () => {
    const { model, ops, data, weightBytes } = lowered('int4')
    expect(ops).toEqual(['MatMulNBits', 'Add'])
    expect(model.nodes[0]).toMatchObject({
      ...{ domain: 'com.microsoft', attributes: { K: int(3), N: int(2), bits: int(4), block_size: int(32) } }
    })
    expect(model.initializers.find(({ name }) => name === 'y/int4/weights')!.dims).toEqual([2, 1, 16])
    // The entry of largest magnitude becomes -8: 4 / -8 and -1 / -8.
    expect(data('y/int4/scales')).toEqual([-0.5, 0.125])
    // Codes 8 + w / scale: (6, 12, 0) and (13, 8, 0); the low half of a byte first.
    expect(data('y/int4/weights').slice(0, 3)).toEqual([0xc6, 0x80, 0x88])
    expect(data('y/int4/weights').slice(16, 19)).toEqual([0x8d, 0x80, 0x88])
    // 32 bytes of codes, two scales, two biases.
    expect(weightBytes).toBe(32 + 8 + 8)
  })

  it('convolutions keep their attributes; the bias of an integer one is added by channel', () => {
    const conv = modelOf(
      [node('Conv', ['x', 'k', 'b'], 'y', { group: int(1) })],
      [tensor('k', [2, 1, 1, 2], [1, -4, 2, 0.5]), tensor('b', [2], [1, 2])],
      'y'
    )
    const fixed = lowered('int8Static', conv)
    expect(fixed.ops).toEqual(['QuantizeLinear', 'DequantizeLinear', 'DequantizeLinear', 'Conv'])
    expect(fixed.data('y/int8/wScale')).toEqual([Math.fround(4 / 127)])
    expect(fixed.data('y/int8/weights')).toEqual([32, -127, 64, 16])
    expect(fixed.model.nodes[3]).toMatchObject({
      inputs: ['y/int8/xReal', 'y/int8/wReal', 'b'],
      attributes: { group: int(1) }
    })
    const dynamic = lowered('int8Dynamic', conv)
    expect(dynamic.ops).toEqual([
      'DynamicQuantizeLinear',
      'ConvInteger',
      'Cast',
      'Mul',
      'Mul',
      'Reshape',
      'Add'
    ])
    expect(dynamic.model.initializers.find(({ name }) => name === 'y/biasShape')!.data).toEqual(
      BigInt64Array.of(1n, 2n, 1n, 1n)
    )
    const without = modelOf([node('Conv', ['x', 'k'], 'y')], [conv.initializers[0]!], 'y')
    expect(lowered('int8Dynamic', without).ops.at(-1)).toBe('Identity')
    expect([lowered('int4', conv).lowered, lowered('int4', conv).ops]).toEqual([0, ['Conv']])
  })

  it('has no form for tables, and only casts for products that scale', () => {
    const scaled = {
      node: node('Gemm', ['x', 'w'], 'y', { alpha: { kind: 'float', value: 2 } }),
      kind: 'gemm',
      weights: 'w'
    } as const
    expect(
      (['fp16', 'bf16', 'int8Static', 'int8Dynamic', 'int4'] as const).map((one) => canLower(scaled, one))
    ).toEqual([...[true, true, false, false, false]])
    const table = { node: node('Gather', ['w', 'x'], 'y'), kind: 'table', weights: 'w' } as const
    expect(canLower(table, 'fp16')).toBe(false)
    expect(weightedNode(networkOf(gemm), gemm.nodes[0]!)).toMatchObject({ kind: 'gemm', weights: 'w' })
    expect(weightedNode(networkOf(gemm), node('MatMul', ['w', 'x'], 'z'))).toBeNull()
    expect(weightedNode(networkOf(gemm), node('Gather', ['w', 'x'], 'z'))).toMatchObject({ kind: 'table' })
  })
})

describe('multiply-accumulates of one call', () => {
  const shapes: Record<string, number[]> = {
    x: [5, 7],
    t: [7, 5],
    y: [5, 3],
    k: [4, 2, 3, 3],
    i: [1, 2, 8, 8],
    o: [1, 4, 6, 6]
  }
  const macs = (one: OnnxNode): number => operatorMacs(one, (name) => shapes[name])
  it('are those of the sums behind every output value', () => {
    expect(macs(node('MatMul', ['x', 'w'], 'y'))).toBe(15 * 7)
    expect(macs(node('Gemm', ['x', 'w'], 'y'))).toBe(15 * 7)
    expect(macs(node('Gemm', ['t', 'w'], 'y', { transA: int(1) }))).toBe(15 * 7)
    expect(macs(node('Conv', ['i', 'k'], 'o'))).toBe(4 * 36 * 2 * 9)
    expect([macs(node('Add', ['x', 'x'], 'y')), macs(node('MatMul', ['x', 'w'], 'unknown'))]).toEqual([0, 0])
  })
})

describe('a shorter window', () => {
  it('keeps the head of every axis of that length, in shapes and inputs too', () => {
    const grid = Array.from({ length: 24 }, (_, at) => at)
    const model = {
      ...modelOf(
        [node('Add', ['x', 'p'], 'y')],
        [tensor('p', [4, 3, 2], grid), tensor('q', [3], [7, 8, 9])],
        'y'
      ),
      inputs: [{ name: 'x', dims: [4, 4, null] }]
    } as unknown as OnnxModel
    const shape = { name: 's', dims: [3], data: BigInt64Array.of(1n, 4n, -1n) }
    const long = { name: 'l', dims: [9], data: new BigInt64Array(9).fill(4n) }
    const cut = withWindow({ ...model, initializers: [...model.initializers, shape, long] }, 4, 2)
    // The first two of four rows.
    expect(cut.initializers[0]).toMatchObject({ dims: [2, 3, 2] })
    expect(Array.from(cut.initializers[0]!.data as Float32Array)).toEqual(grid.slice(0, 12))
    expect(cut.initializers[1]!.dims).toEqual([3])
    expect(cut.initializers[2]!.data).toEqual(BigInt64Array.of(1n, 2n, -1n))
    expect(cut.initializers[3]!.data).toEqual(long.data)
    // The first axis is the batch.
    expect(cut.inputs[0]!.dims).toEqual([4, 2, null])
    expect(cut.outputs[0]!.dims).toBeNull()
  })

  it('cuts every axis that has the length, the inner ones too', () => {
    const square = modelOf(
      [],
      [
        tensor(
          'm',
          [2, 3, 3],
          Array.from({ length: 18 }, (_, at) => at)
        )
      ],
      'y'
    )
    const [m] = withWindow(square, 3, 2).initializers
    expect(m!.dims).toEqual([2, 2, 2])
    expect(Array.from(m!.data as Float32Array)).toEqual([0, 1, 3, 4, 9, 10, 12, 13])
    const constant = node('Constant', [], 'c', {
      value: { kind: 'tensor', value: tensor('', [3, 1], [5, 6, 7]) }
    })
    const [inner] = withWindow(modelOf([constant], [], 'c'), 3, 2).nodes
    expect(inner!.attributes['value']).toMatchObject({ value: { dims: [2, 1], data: Float32Array.of(5, 6) } })
  })
})
