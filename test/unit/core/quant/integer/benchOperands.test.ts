import { describe, expect, it } from 'vitest'
import {
  benchChecksum,
  benchOperands,
  benchSums,
  createOperandStream
} from '@core/quant/integer/benchOperands'

describe('bench operands', () => {
  it('are the low bits of xorshift32 outputs shifted right by 8', () => {
    // The first output of seed 1 is 270369; >> 8 is 1056 = 0x420.
    expect(createOperandStream(1)(8, 1)[0]).toBe(0x20)
    expect(createOperandStream(1)(4, 1)[0]).toBe(0)
    expect(createOperandStream(1)(1, 1)[0]).toBe(-1)
    expect(createOperandStream(0)(8, 50)).toEqual(createOperandStream(1)(8, 50))
  })

  it('stay within their width and use all of it', () => {
    expect(new Set(createOperandStream(7)(2, 500))).toEqual(new Set([-2, -1, 0, 1]))
    expect(new Set(createOperandStream(7)(1, 500))).toEqual(new Set([-1, 1]))
  })

  it('take weights from the stream after activations', () => {
    const bits = { activationBits: 8, weightBits: 8, seed: 3 } as const
    const { activations, weights } = benchOperands({ kernel: 'matmul', dims: [2, 3, 5], ...bits })
    expect([...activations, ...weights]).toEqual([...createOperandStream(3)(8, 25)])
    expect(benchSums({ kernel: 'matmul', dims: [2, 3, 5], ...bits })).toHaveLength(6)
  })

  it('give the checksums that the C kernels gave on RISC-V', () => {
    const seed = 1
    const matmul = (dims: number[], activationBits: 8 | 2) =>
      benchChecksum({ kernel: 'matmul', dims, activationBits, weightBits: 8, seed })
    expect(matmul([16, 64, 256], 2)).toBe(2934415524)
    expect(matmul([1, 128, 512], 8)).toBe(4100832273)
    const bits = { activationBits: 8, weightBits: 8, seed } as const
    expect(benchChecksum({ kernel: 'conv2d', dims: [16, 16, 16, 32, 3, 1, 1], ...bits })).toBe(461798370)
    expect(benchChecksum({ kernel: 'depthwiseConv2d', dims: [16, 16, 32, 3, 1, 1], ...bits })).toBe(
      2435729354
    )
  })
})
