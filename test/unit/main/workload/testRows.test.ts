import { expect, it } from 'vitest'
import { stacked, type TestRow } from '@main/workload/runner/testRows'
import type { OnnxElementType } from '@core/model/onnx/onnx'

const rowsOf = (...samples: unknown[]): TestRow[] => samples.map((ids) => ({ part: 'test', inputs: { ids } }))
const stack = (elementType: OnnxElementType, ...samples: unknown[]) =>
  stacked(rowsOf(...samples), { name: 'ids', elementType, dims: null })

it('stacks samples along a batch axis, as the element type holds them', () => {
  const ids = stack('int64', [1, 2, 3], [4, 5, 6])
  expect([ids.type, ids.dims, [...(ids.data as BigInt64Array)]]).toEqual([
    'int64',
    [2, 3],
    [1n, 2n, 3n, 4n, 5n, 6n]
  ])
  expect([...(stack('uint8', [[0], [255]]).data as Uint8Array)]).toEqual([0, 255])
  expect([...(stack('float32', [0.5, -300]).data as Float32Array)]).toEqual([0.5, -300])
})

it('refuses what an element type would cut off', () => {
  for (const [elementType, wrong] of [
    ['int64', 1.5],
    ['int64', 2 ** 60],
    ['int32', 0.25],
    ['int32', 2 ** 31],
    ['uint8', 256],
    ['uint8', -1],
    ['bool', 2]
  ] as const) {
    let error: unknown
    try {
      stack(elementType, [0, wrong])
    } catch (cause) {
      error = cause
    }
    expect(error, `${elementType} ${wrong}`).toMatchObject({
      code: 'data.invalid',
      message: `Input "ids" holds ${wrong}, which is no ${elementType}.`
    })
  }
})

it('gives halves to a network that takes them, and refuses bfloat16 by name', () => {
  const value = { name: 'ids', elementType: 'float32', dims: null } as const
  const given = stacked(rowsOf([1, -2]), { ...value, half: 'float16' })
  expect([given.type, given.dims]).toEqual(['float16', [1, 2]])
  // Bits, or a Float16Array of them where JavaScript has one.
  const { buffer, byteOffset, length } = given.data as Uint16Array
  expect([...new Uint16Array(buffer, byteOffset, length)]).toEqual([0x3c00, 0xc000])
  expect(() => stacked(rowsOf([1]), { ...value, half: 'bfloat16' })).toThrow('Inputs of type bfloat16')
})
