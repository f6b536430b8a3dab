import { describe, expect, it } from 'vitest'
import { doubleBufferBytes } from '@core/deploy/doubleBuffer'
import { callsOf, shapesOf } from '@core/deploy/kernelCalls'
import { alignUp, placeBuffers } from '@core/deploy/planner'
import { createRandom } from '@core/math/random'
import type { IntegerLayer, QuantizedNetwork } from '@core/quant/quantizedNetwork'

/** Places of buffers and calls of layers, by hand and by walking through every step. */
const buffer = (sizeBytes: number, first: number, last: number) => ({
  name: `${sizeBytes}`,
  sizeBytes,
  first,
  last
})

describe('places in the arena', () => {
  it('are the lowest that are free at the time, the largest buffer first', () => {
    // 40 (0 to 1) below; 30 (1 to 2) above it; 20 (2 to 3) fits below 30, since 40 is gone by then.
    const { offsets, totalBytes, lowerBoundBytes } = placeBuffers(
      [buffer(20, 2, 3), buffer(30, 1, 2), buffer(40, 0, 1)],
      1
    )
    expect([offsets, totalBytes, lowerBoundBytes]).toEqual([[0, 40, 0], 70, 70])
    // A gap of exactly its size is taken, one byte less is not.
    const gap = (size: number) =>
      placeBuffers([buffer(50, 0, 9), buffer(40, 0, 3), buffer(30, 0, 9), buffer(size, 5, 9)], 1).offsets
    expect(gap(20)).toEqual([0, 50, 90, 50])
    const hole = placeBuffers(
      [buffer(64, 0, 1), buffer(60, 1, 2), buffer(60, 2, 2), buffer(64, 3, 3)],
      1
    ).offsets
    expect(hole).toEqual([0, 64, 0, 0])
  })

  it('among equals go to what begins first, then to what was named first', () => {
    expect(placeBuffers([buffer(8, 1, 2), buffer(8, 0, 2), buffer(8, 0, 2)], 8).offsets).toEqual([16, 0, 8])
  })

  it('are aligned, never shared at the same time, and bounded by the fullest step', () => {
    const random = createRandom(62)
    for (let round = 0; round < 40; round++) {
      const alignment = [1, 4, 16][random.integer(3)]!
      const all = Array.from({ length: 1 + random.integer(9) }, () => {
        const first = random.integer(8)
        return buffer(random.integer(100), first, first + random.integer(4))
      })
      const { offsets, totalBytes, lowerBoundBytes } = placeBuffers(all, alignment)
      const size = (at: number): number => Math.ceil(all[at]!.sizeBytes / alignment) * alignment
      let fullest = 0
      for (let step = 0; step < 12; step++) {
        const alive = [...all.keys()].filter((at) => all[at]!.first <= step && step <= all[at]!.last)
        fullest = Math.max(
          fullest,
          alive.reduce((sum, at) => sum + size(at), 0)
        )
        const used = new Set<number>()
        for (const at of alive)
          for (let byte = offsets[at]!; byte < offsets[at]! + size(at); byte++) {
            expect(used.has(byte)).toBe(false)
            used.add(byte)
          }
      }
      expect(lowerBoundBytes).toBe(fullest)
      expect(totalBytes).toBe(Math.max(...all.map((_, at) => offsets[at]! + size(at))))
      for (const offset of offsets) expect(offset % alignment).toBe(0)
    }
    expect([alignUp(0, 16), alignUp(1, 16), alignUp(16, 16), alignUp(17, 16)]).toEqual([0, 16, 16, 32])
  })

  it('without a planner are two buffers in turn, one more for what stays longer, one for scratch', () => {
    const tensor = (
      sizeBytes: number,
      first: number,
      last: number,
      kind: 'activation' | 'scratch' = 'activation'
    ) => ({
      ...{ ...buffer(sizeBytes, first, last), kind }
    })
    const all = [
      tensor(100, 0, 1),
      tensor(60, 1, 2),
      tensor(33, 1, 3),
      tensor(8, 1, 1, 'scratch'),
      tensor(40, 2, 2, 'scratch')
    ]
    // 2 x 112 + 48 + 48.
    expect(doubleBufferBytes(all)).toBe(2 * 112 + 48 + 48)
    expect(doubleBufferBytes(all, 1)).toBe(200 + 33 + 40)
    expect(doubleBufferBytes([])).toBe(0)
  })
})

describe('calls of a layer', () => {
  const layer = (op: string, more: object = {}): IntegerLayer =>
    ({
      ...{ op, name: op, inputShape: [2, 3, 4], outputShape: [5, 6, 7], input: { bits: 4 }, outBits: 2 },
      ...{ kernel: [2, 2], stride: [1, 1], pad: [0, 0, 0, 0], loops: { outer: 3, count: 8, inner: 5 } },
      ...more
    }) as unknown as IntegerLayer
  const calls = (op: string, more: object = {}) =>
    callsOf(layer(op, more)).others.map(({ kernel, dims, activationBits, weightBits, scale }) => [
      ...[kernel, dims.join('x'), activationBits, weightBits, scale]
    ])
  it('are what stands for its operator', () => {
    expect(calls('flatten')).toEqual([])
    for (const op of ['add', 'binary']) expect(calls(op)).toEqual([['add', '210', 4, 0, 1]])
    expect(calls('requantize')).toEqual([['requantize', '30x7', 2, 0, 1]])
    expect(calls('constant')).toEqual([['flatten', '210', 4, 0, 1]])
    expect(calls('output')).toEqual([['gather', '210', 4, 0, 1]])
    expect(calls('embed', { width: 7 })).toEqual([
      ['flatten', '210', 4, 0, 1],
      ['flatten', '1', 4, 0, 0.45 * 29]
    ])
    for (const op of ['table', 'gather']) expect(calls(op)).toEqual([[op, '210', 4, 0, 1]])
    // A reduction reads its input: 2 x 3 pixels of 4.
    expect(calls('reduce')).toEqual([['requantize', '6x4', 4, 0, 1]])
    expect(calls('softmax')).toEqual([['softmax', '15x8', 4, 0, 1]])
    expect(calls('normalize', { centred: true })).toEqual([['layerNorm', '15x8', 4, 0, 1]])
    expect(calls('normalize', { centred: false })).toEqual([['rmsNorm', '15x8', 4, 0, 1]])
    const product = { rows: 9, columns: 10, inner: 11, batches: [{}, {}, {}] }
    expect(calls('product', product)).toEqual(Array(3).fill(['product', '9x10x11', 4, 0, 1]))
    expect(calls('table', { outputShape: [1, 1, 65_535] })).toHaveLength(1)
    expect(calls('table', { outputShape: [1, 1, 65_536] }).map(([, dims]) => dims)).toEqual(['65535', '1'])
  })

  it('are as many codes as are copied, and what begins every run of them', () => {
    const move = (counts: number[], inStride: number, fill: number | null = null) => {
      const strides = [...counts.slice(1).map(() => 50), inStride].slice(0, counts.length)
      const loops = { counts, inStrides: strides, outStrides: strides, inOffset: 0, outOffset: 3 }
      return calls('move', { loops, fill })
    }
    // A part of a concat: 6 x 4 runs of 5 codes, whatever the size of the whole.
    expect(move([6, 4, 5], 1)).toEqual([
      ['flatten', '120', 4, 0, 1],
      ['flatten', '1', 4, 0, 0.45 * 23]
    ])
    // Codes that lie apart are fetched one by one.
    expect(move([4, 5], 2)).toEqual([
      ['gather', '20', 4, 0, 1],
      ['flatten', '1', 4, 0, 0.45 * 3]
    ])
    expect(move([9], 1, 0)).toEqual([
      ['flatten', '210', 4, 0, 1],
      ['flatten', '9', 4, 0, 1]
    ])
    expect(move([], 1)).toEqual([['flatten', '1', 4, 0, 1]])
  })

  it('with weights are its products, and the requantisation of its sums but at the end', () => {
    const weights = { weightBits: 3, activationBits: 8, weights: new Int8Array(7 * 24) }
    const dense = callsOf(layer('dense', { ...weights, last: false }))
    expect(dense.inner).toEqual({
      kernel: 'matmul',
      dims: [1, 7, 24],
      scale: 1,
      activationBits: 8,
      weightBits: 3
    })
    expect(dense.others).toMatchObject([{ kernel: 'requantize', dims: [30, 7], activationBits: 2 }])
    expect(callsOf(layer('dense', { ...weights, last: true })).others).toEqual([])
  })

  it('name every shape of a network once', () => {
    const layers = [layer('add'), layer('binary'), layer('table'), layer('add', { input: { bits: 8 } })]
    expect(shapesOf({ layers } as unknown as QuantizedNetwork)).toEqual([
      { kernel: 'add', dims: [210] },
      { kernel: 'table', dims: [210] }
    ])
  })
})
