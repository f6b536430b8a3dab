import { describe, expect, it } from 'vitest'
import type { OnnxNode } from '@core/model/onnx/onnx'
import type { Network } from '@core/workload/onnx/network'
import { int4Blocks, int8Columns, int8Tensor, transposed } from '@core/workload/onnx/quantizeWeights'
import { weightedNode } from '@core/workload/onnx/weighted'

describe('weights of a workload in fewer bits', () => {
  it('int8 by column: the largest magnitude of a column is 127', () => {
    // Columns 1, 0.25, 0 / -3, 4, 0.5 / zeros.
    const { values, scales } = int8Columns(Float32Array.of(1, -3, 0, 0.25, 4, 0, 0, 0.5, 0), 3, 3)
    expect(Array.from(scales)).toEqual([1 / 127, 4 / 127, 1 / 127].map(Math.fround))
    // -3 * 127 / 4 = -95.25; 0.25 * 127 = 31.75; 0.5 * 127 / 4 = 15.875.
    expect(Array.from(values)).toEqual([127, -95, 0, 32, 127, 0, 0, 16, 0])
  })

  it('int8 of a whole tensor: one scale, zeros stay zero', () => {
    const { values, scale } = int8Tensor(Float32Array.of(0.1, -0.4, 0.3, 0))
    expect(scale).toBeCloseTo(0.4 / 127, 9)
    expect(Array.from(values)).toEqual([32, -127, 95, 0])
    expect(Array.from(int8Tensor(new Float32Array(2)).values)).toEqual([0, 0])
  })

  it('int4 by blocks of a column: the largest magnitude is code 0, low half first', () => {
    // One column of three rows in blocks of two: [2, -1] has scale -0.25, [0.5] has scale -0.0625.
    const { packed, scales, blocks } = int4Blocks(Float32Array.of(2, -1, 0.5), 3, 1, 2)
    expect(blocks).toBe(2)
    expect(Array.from(scales)).toEqual([-0.25, -0.0625])
    // 2 / -0.25 = -8 -> 0; -1 / -0.25 = 4 -> 12; 0.5 / -0.0625 = -8 -> 0, and 8 where there is no row.
    expect(Array.from(packed)).toEqual([0xc0, 0x80])
  })

  it('of columns, one after the other, is turned into rows', () => {
    // Three columns of two rows: 1 2 | 3 4 | 5 6.
    expect(Array.from(transposed(Float32Array.of(1, 2, 3, 4, 5, 6), 2, 3))).toEqual([1, 3, 5, 2, 4, 6])
  })
})

describe('operators with weights', () => {
  const network = { constants: new Set(['w']) } as unknown as Network
  const kindOf = (opType: string, inputs: string[]): string | undefined =>
    weightedNode(network, {
      opType,
      inputs,
      name: 'n',
      domain: '',
      outputs: ['y'],
      attributes: {}
    } as OnnxNode)?.kind

  it('have one constant operand in its place, and one that is computed', () => {
    expect(kindOf('MatMul', ['x', 'w'])).toBe('matmul')
    expect(kindOf('MatMul', ['w', 'x'])).toBeUndefined()
    expect(kindOf('MatMul', ['w', 'w'])).toBeUndefined()
    expect(kindOf('Gemm', ['x', 'w', 'w'])).toBe('gemm')
    expect(kindOf('Gemm', ['w', 'x'])).toBeUndefined()
    expect(kindOf('Conv', ['x', 'w'])).toBe('conv')
    expect(kindOf('Conv', ['x', 'z'])).toBeUndefined()
    expect(kindOf('Gather', ['w', 'x'])).toBe('table')
    expect(kindOf('Gather', ['x', 'w'])).toBeUndefined()
    expect(kindOf('Gather', ['x', 'z'])).toBeUndefined()
    expect(kindOf('Gather', ['w', 'w'])).toBeUndefined()
    expect(kindOf('Add', ['x', 'w'])).toBeUndefined()
  })
})
