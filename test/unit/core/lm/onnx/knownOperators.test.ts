import { describe, expect, it } from 'vitest'
import { knownResults } from '@core/lm/onnx/knownOperators'
import { constantOf } from '@core/model/constants/numbers'
import type { OnnxTensor } from '@core/model/onnx/onnx'

const node = { name: 's', opType: 'ScatterND', domain: '', inputs: [], outputs: [], attributes: {} }
const data = constantOf('float32', [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])

function scattered(indices: OnnxTensor, updates: OnnxTensor): OnnxTensor {
  return knownResults(node, [data, indices, updates])![0]!
}

describe('ScatterND of known values', () => {
  it('replaces slices, counting places below 0 from the end, and leaves its input as it is', () => {
    const slices = scattered(
      constantOf('int64', [2, 2], [0, 1, -1, 0]),
      constantOf('float32', [2, 2], [10, 20, 30, 40])
    )
    expect(slices.dims).toEqual([2, 2, 2])
    expect([...slices.data]).toEqual([1, 2, 10, 20, 30, 40, 7, 8])
    const elements = scattered(constantOf('int64', [1, 3], [1, 1, -2]), constantOf('float32', [1], [9]))
    expect([...elements.data]).toEqual([1, 2, 3, 4, 5, 6, 9, 8])
    expect([...data.data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('changes nothing without values', () => {
    const none = scattered(constantOf('int64', [0, 1], []), constantOf('float32', [0, 2, 2], []))
    expect([...none.data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('refuses places outside, and values that do not go with the places', () => {
    const one = constantOf('float32', [1], [9])
    expect(() => scattered(constantOf('int64', [1, 3], [0, 2, 0]), one)).toThrow(
      'its indices lie outside [2, 2, 2]'
    )
    expect(() => scattered(constantOf('int64', [1, 2], [0, 0]), one)).toThrow('it has 1 values for 2 places')
  })
})
