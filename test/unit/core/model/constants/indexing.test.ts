import { describe, expect, it } from 'vitest'
import {
  broadcastDims,
  broadcastMap,
  isBijection,
  isIdentityMap,
  normalAxis,
  offsetMap,
  rowMajorStrides,
  stridedMap
} from '@core/model/constants/indexing'

describe('places in tensors', () => {
  it('strides count elements from the last axis on', () => {
    expect(rowMajorStrides([2, 3, 4])).toEqual([12, 4, 1])
    expect(rowMajorStrides([])).toEqual([])
  })

  it('a strided map walks its axes in order', () => {
    // A 2x3 tensor transposed, and its last column from place 2 on.
    expect([...stridedMap([3, 2], [1, 3])]).toEqual([0, 3, 1, 4, 2, 5])
    expect([...stridedMap([2], [3], 2)]).toEqual([2, 5])
    expect([...stridedMap([], [], 7)]).toEqual([7])
  })

  it('an offset map adds offsets, and has no place where one axis has none', () => {
    expect([
      ...offsetMap([
        [0, 4],
        [-1, 0, 1]
      ])
    ]).toEqual([-1, 0, 1, -1, 4, 5])
    expect([
      ...offsetMap([
        [-1, 4],
        [0, 1]
      ])
    ]).toEqual([-1, -1, 4, 5])
    expect([...offsetMap([[0], [0]])]).toEqual([0])
  })

  it('shapes are broadcast from the last axis on', () => {
    expect(broadcastDims([2, 3], [3])).toEqual([2, 3])
    expect(broadcastDims([8, 1, 6, 1], [7, 1, 5])).toEqual([8, 7, 6, 5])
    expect(broadcastDims([], [4])).toEqual([4])
    expect(broadcastDims([2], [3])).toBeNull()
    expect(broadcastDims([2, 1], [2, 2, 1])).toEqual([2, 2, 1])
    expect(broadcastDims([0], [1])).toEqual([0])
  })

  it('each element of the result is one of the operand', () => {
    expect([...broadcastMap([3], [2, 3])]).toEqual([0, 1, 2, 0, 1, 2])
    expect([...broadcastMap([2, 1], [2, 3])]).toEqual([0, 0, 0, 1, 1, 1])
    expect([...broadcastMap([2, 1, 2], [2, 2, 2])]).toEqual([0, 1, 0, 1, 2, 3, 2, 3])
  })

  it('axes count from the end below 0', () => {
    expect([-4, -3, -1, 0, 2, 3, 0.5].map((axis) => normalAxis(axis, 3))).toEqual([
      null,
      0,
      2,
      0,
      2,
      null,
      null
    ])
  })

  it('a map is recognised as none, or as one that takes everything once', () => {
    expect(isIdentityMap(Int32Array.of(0, 1, 2))).toBe(true)
    expect(isIdentityMap(Int32Array.of(1, 0))).toBe(false)
    expect(isIdentityMap(Int32Array.of())).toBe(true)
    expect(isBijection(Int32Array.of(2, 0, 1), 3)).toBe(true)
    expect(isBijection(Int32Array.of(0, 1), 3)).toBe(false)
    expect(isBijection(Int32Array.of(0, 1, 1), 3)).toBe(false)
    expect(isBijection(Int32Array.of(0, -1, 1), 3)).toBe(false)
  })
})
