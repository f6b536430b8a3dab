import { describe, expect, it } from 'vitest'
import type { ImportState } from '@core/model/onnx/importState'
import { joinsItems, mayMixItems, noteItemSizes, noteTurned } from '@core/model/onnx/itemAxis'
import { int, ints, type OnnxNode, type OnnxTensor } from '@core/model/onnx/onnx'

/** Which operators of ONNX leave the first axis of eight items alone, by what the operator's definition does to that axis. */
const constants: Record<string, OnnxTensor> = Object.fromEntries(
  (
    [
      ['zero', [0]],
      ['one', [1]],
      ['minusOne', [-1]],
      ['two', [2]],
      ['eight', [8]],
      ['minusOneSix', [-1, 6]],
      ['minusOneThree', [-1, 3]],
      ['minusOneZero', [-1, 0]],
      ['oneSix', [1, 6]],
      ['zeroSix', [0, 6]],
      ['sizes', [1, 6]],
      ['fourLong', [1, 1, 1, 6]],
      ['sevenEight', [7]],
      ['nine', [9]],
      ['pads', [0, 1, 0, 2]],
      ['padsBefore', [1, 0, 0, 0]],
      ['padsAfter', [0, 0, 1, 0]]
    ] as [string, number[]][]
  ).map(([name, values]) => [name, { name, dims: [values.length], data: BigInt64Array.from(values, BigInt) }])
)
const matrices: [string, number[]][] = [
  ['w', [6, 3]],
  ['w3', [2, 6, 3]],
  ['w4', [2, 2, 6, 3]],
  ['bias', [3]],
  ['biasRow', [1, 3]],
  ['table', [10, 4]]
]
for (const [name, dims] of matrices) constants[name] = { name, dims, data: new Float32Array(1) }

/** What is computed from the items has a first size of 1: [1, 6], [1, 2, 6] and so on. */
const values = new Map(
  (
    [
      ['x', [1, 6]],
      ['y', [1, 6]],
      ['x3', [1, 2, 6]],
      ['x4', [1, 2, 3, 6]],
      ['row', [6]]
    ] as [string, number[]][]
  ).map(([name, dims]) => [name, { node: 0, dims, map: null, fill: 0 }])
)
const stateOf = (more: Partial<ImportState> = {}): ImportState =>
  ({
    ...{ constants: new Map(Object.entries(constants)), values, itemSizes: new Set(['sizes']) },
    ...{ opset: 13, batch: 8, isOpenBatch: false, turned: new Set(), ...more }
  }) as unknown as ImportState
const node = (opType: string, inputs: string[], attributes: OnnxNode['attributes'] = {}): OnnxNode => ({
  ...{ name: opType, opType, domain: '', inputs, outputs: [`${opType} out`], attributes }
})
type Case = [opType: string, inputs: string[], attributes?: OnnxNode['attributes'], opset?: number]
const mixes = ([opType, inputs, attributes, opset = 13]: Case): boolean =>
  mayMixItems(stateOf({ opset }), node(opType, inputs, attributes))

describe('an operator keeps the items apart', () => {
  it.each<Case>([
    ['Add', ['x', 'y']],
    ['Add', ['x3', 'bias']],
    ['Where', ['x', 'y', 'x']],
    ['MatMul', ['x', 'w']],
    ['MatMul', ['x3', 'w']],
    ['MatMul', ['x3', 'w3']],
    ['MatMul', ['x3', 'x3']],
    ['MatMul', ['w', 'x3']],
    ['MatMul', ['w3', 'x3']],
    ['QLinearMatMul', ['x', 'one', 'one', 'w', 'one', 'one', 'one', 'one']],
    ['Gemm', ['x', 'w']],
    ['Gemm', ['x', 'w', 'biasRow']],
    ['Gemm', ['x', 'w', 'bias']],
    ['Softmax', ['x3']],
    ['Softmax', ['x3'], { axis: int(2) }],
    ['Softmax', ['x3'], {}, 12],
    ['ArgMax', ['x'], { axis: int(1) }],
    ['Split', ['x'], { axis: int(-1) }],
    ['LayerNormalization', ['x']],
    ['RMSNormalization', ['x']],
    ['Concat', ['x', 'y'], { axis: int(1) }],
    ['ReduceMean', ['x'], { axes: ints([1]) }],
    ['ReduceMean', ['x'], { axes: ints([-1]) }],
    ['ReduceSum', ['x'], { noop_with_empty_axes: int(1) }],
    ['Transpose', ['x3'], { perm: ints([0, 2, 1]) }],
    ['Pad', ['x', 'pads']],
    ['Pad', ['x', 'padsBefore', '', 'one']],
    ['Tile', ['x', 'oneSix']],
    ['Flatten', ['x3']],
    ['Flatten', ['x3'], { axis: int(-2) }],
    ['Reshape', ['x', 'eight']],
    ['Reshape', ['x', 'minusOneSix']],
    ['Reshape', ['x', 'minusOneZero']],
    ['Reshape', ['x', 'zeroSix']],
    ['Reshape', ['x', 'sizes']],
    ['Squeeze', ['x3', 'one']],
    ['Unsqueeze', ['x', 'one']],
    ['Unsqueeze', ['x', 'minusOne']],
    ['Slice', ['x', 'one', 'two', 'one']],
    ['Slice', ['x', 'zero', 'eight', 'zero']],
    ['Slice', ['x', 'zero', 'nine', 'zero', 'one']],
    ['Gather', ['x', 'one'], { axis: int(1) }],
    ['Gather', ['table', 'x']],
    ['Expand', ['x', 'oneSix']],
    ['CumSum', ['x', 'one']],
    ['Relu', ['x']]
  ])('%s of %j with %j', (...one) => {
    expect(mixes(one)).toBe(false)
  })
})

describe('an operator joins or moves the items', () => {
  it.each<Case>([
    // The axis of a shorter operand is another one of the longer.
    ['Add', ['x3', 'row']],
    ['Mul', ['x', 'x3']],
    ['Add', ['x', 'w3']],
    ['MatMul', ['x', 'x']],
    ['MatMul', ['x', 'x3']],
    ['MatMul', ['row', 'w']],
    ['MatMul', ['x', 'w3']],
    ['MatMul', ['x3', 'w4']],
    ['MatMul', ['w', 'x']],
    ['MatMul', ['w4', 'x3']],
    ['Gemm', ['x', 'w'], { transA: int(1) }],
    ['Gemm', ['w', 'x']],
    ['Gemm', ['x', 'y']],
    ['Gemm', ['x', 'w', 'row']],
    ['Softmax', ['x3'], { axis: int(0) }],
    ['Softmax', ['x3'], { axis: int(-3) }],
    ['Softmax', ['row'], {}],
    ['ArgMax', ['x']],
    ['Split', ['x']],
    ['Concat', ['x', 'y']],
    ['Concat', ['x', 'y'], { axis: int(-2) }],
    ['ReduceMean', ['x']],
    ['ReduceMax', ['x'], { axes: ints([1, 0]) }],
    ['ReduceSum', ['x', 'zero']],
    ['Transpose', ['x3']],
    ['Transpose', ['x3'], { perm: ints([1, 0, 2]) }],
    ['Pad', ['x', 'padsBefore']],
    ['Pad', ['x', 'padsAfter']],
    ['Pad', ['x', 'pads', '', 'zero']],
    ['Tile', ['x', 'two']],
    ['Flatten', ['x3'], { axis: int(2) }],
    ['Flatten', ['x3'], { axis: int(0) }],
    ['Reshape', ['x', 'minusOne']],
    ['Reshape', ['x', 'minusOneThree']],
    ['Reshape', ['x', 'oneSix']],
    ['Squeeze', ['x3']],
    ['Squeeze', ['x3', 'zero']],
    ['Unsqueeze', ['x', 'zero']],
    ['Slice', ['x', 'one', 'eight', 'zero']],
    ['Slice', ['x', 'zero', 'sevenEight', 'zero']],
    ['Slice', ['x', 'zero', 'eight', 'zero', 'two']],
    ['Slice', ['x', 'one', 'eight']],
    ['Gather', ['x', 'one']],
    ['Gather', ['table', 'x'], { axis: int(1) }],
    ['Expand', ['x', 'fourLong']],
    ['CumSum', ['x', 'zero']],
    ['LSTM', ['x3', 'w3', 'w3']],
    ['Size', ['x']],
    ['Einsum', ['x', 'w']],
    // The number of items is one of the numbers it computes with.
    ['Relu', ['x', 'sizes']]
  ])('%s of %j with %j', (...one) => {
    expect(mixes(one)).toBe(true)
  })

  it('unless only one item is read, or nothing of it is computed', () => {
    expect(mayMixItems(stateOf({ batch: 1 }), node('Transpose', ['x3']))).toBe(false)
    expect(mayMixItems(stateOf(), node('Transpose', ['w']))).toBe(false)
  })
})

describe('the number of items', () => {
  const noted = (one: OnnxNode, more: Partial<ImportState> = {}): boolean => {
    const state = stateOf({ itemSizes: new Set(['sizes']), ...more })
    noteItemSizes(state, one)
    return state.itemSizes.has(one.outputs[0]!)
  }
  it.each<[boolean, OnnxNode]>([
    [true, node('Shape', ['x'])],
    [true, node('Shape', ['x'], { start: int(0) })],
    [false, node('Shape', ['x'], { start: int(1) })],
    [false, node('Shape', ['w'])],
    [true, node('Mul', ['two', 'sizes'])],
    [true, node('Concat', ['sizes', 'one'])],
    [true, node('Reshape', ['sizes', 'one'])],
    [false, node('Reshape', ['w', 'sizes'])],
    [false, node('ConstantOfShape', ['sizes'])],
    [false, node('Mul', ['x', 'sizes'])],
    [true, node('Gather', ['sizes', 'zero'])],
    [false, node('Gather', ['sizes', 'one'])],
    [false, node('Gather', ['sizes', 'minusOne'])],
    // Entry -2 of a list of two is its first.
    [true, node('Slice', ['sizes', 'zero', 'two'])],
    [false, node('Slice', ['sizes', 'one', 'two'])],
    [true, node('Gather', ['sizes', 'minusTwo'])]
  ])('goes into the result: %s of %j', (is, one) => {
    const minusTwo: OnnxTensor = { name: 'minusTwo', dims: [1], data: BigInt64Array.of(-2n) }
    const known = new Map(Object.entries({ ...constants, minusTwo }))
    expect(noted(one, { constants: known })).toBe(is)
  })

  it('is not followed where one item is read', () => {
    expect(noted(node('Shape', ['x']), { batch: 1 })).toBe(false)
  })
})

describe('a symbolic batch', () => {
  const open = (more: Partial<ImportState> = {}): ImportState =>
    stateOf({ isOpenBatch: true, batch: 1, ...more })
  it('is run with one item where an operator joins them', () => {
    expect(joinsItems(open(), node('ReduceMean', ['x']))).toBe(true)
    expect(joinsItems(open(), node('ReduceMean', ['x'], { axes: ints([1]) }))).toBe(false)
    // Those that only move the axis can be run.
    expect(joinsItems(open(), node('Transpose', ['x3']))).toBe(false)
    expect(joinsItems(stateOf(), node('ReduceMean', ['x']))).toBe(false)
    expect(joinsItems(open({ turned: new Set(['x']) }), node('ReduceMean', ['x']))).toBe(false)
    expect(joinsItems(open(), node('ReduceMean', ['w']))).toBe(false)
    expect(joinsItems(open(), node('ReduceMean', ['row']))).toBe(false)
  })

  it('is followed through transposes there and back', () => {
    const state = open()
    const turn = node('Transpose', ['x3'], { perm: ints([1, 0, 2]) })
    noteTurned(state, turn)
    expect(state.turned.has('Transpose out')).toBe(true)
    noteTurned(state, { ...turn, inputs: ['Transpose out'], outputs: ['back'] })
    noteTurned(state, { ...node('Relu', ['Transpose out']), outputs: ['relu'] })
    noteTurned(state, { ...node('Relu', ['x']), outputs: ['plain'] })
    expect(['back', 'relu', 'plain'].map((name) => state.turned.has(name))).toEqual([false, true, false])
    const closed = stateOf()
    noteTurned(closed, turn)
    expect(closed.turned.size).toBe(0)
  })
})
