import { describe, expect, it } from 'vitest'
import type { OnnxElementType, OnnxValue } from '@core/model/onnx/onnx'
import { cachedRuns } from '@main/workload/runner/cachedRuns'
import { cacheInput, isNumbering, keyValueCache } from '@main/workload/runner/keyValueCache'
import type { Subject } from '@main/workload/runner/subject'

const value = (
  name: string,
  dims: OnnxValue['dims'] = ['batch', 'tokens'],
  elementType: OnnxElementType = 'int64'
): OnnxValue => ({ name, dims, elementType })
const past = (name: string, dims: OnnxValue['dims'] = ['batch', 2, 'past', 4]): OnnxValue =>
  value(name, dims, 'float32')
const decoder = {
  inputs: [
    ...['attention_mask', 'position_ids', 'input_ids'].map((name) => value(name)),
    ...[past('past_key_values.0.key'), past('past_key_values.0.value')]
  ],
  outputs: [value('logits'), past('present.0.key'), past('present.0.value')]
}

describe('the cache of a decoder', () => {
  it('is found by the names of its inputs and outputs, the tokens beside mask and positions', () => {
    expect(keyValueCache(decoder)).toEqual({
      tokens: decoder.inputs[2],
      pairs: [
        { past: 'past_key_values.0.key', present: 'present.0.key' },
        { past: 'past_key_values.0.value', present: 'present.0.value' }
      ],
      choice: null
    })
    const others = [value('logits'), past('present_key_values.0.key'), past('present_key_values.0.value')]
    expect(keyValueCache({ ...decoder, outputs: others }, 'use_cache')).toMatchObject({
      pairs: [{ present: 'present_key_values.0.key' }, { present: 'present_key_values.0.value' }],
      choice: 'use_cache'
    })
  })

  it.each([
    ['without one', { inputs: decoder.inputs.slice(0, 3), outputs: decoder.outputs }],
    ['without its output', { inputs: decoder.inputs, outputs: decoder.outputs.slice(0, 2) }],
    [
      'without tokens',
      { inputs: [...decoder.inputs.slice(0, 2), ...decoder.inputs.slice(3)], outputs: decoder.outputs }
    ]
  ])('is none in a network %s', (_name, network) => {
    expect(keyValueCache(network)).toBeNull()
  })

  it('numbers are whole and [batch, tokens]', () => {
    expect(isNumbering(value('a', [1, 2], 'int32'))).toBe(true)
    expect(isNumbering(value('a', [1, 2, 3]))).toBe(false)
    expect(isNumbering(value('a', null))).toBe(false)
    expect(isNumbering(value('a', [1, 2], 'float32'))).toBe(false)
  })
})

describe('what a pass is given beside tokens', () => {
  const place = { batch: 2, before: 3, tokens: 2 }
  const numbers = (input: OnnxValue, choice: string | null = null) => {
    const tensor = cacheInput(input, place, choice)!
    return [tensor.type, tensor.dims, [...(tensor.data as BigInt64Array)].map(Number)]
  }

  it('is a mask of ones over all tokens and the positions of the new ones', () => {
    expect(numbers(value('attention_mask'))).toEqual(['int64', [2, 5], Array.from({ length: 10 }, () => 1)])
    expect(numbers(value('position_ids', ['b', 't'], 'int32'))).toEqual(['int32', [2, 2], [3, 4, 3, 4]])
  })

  it('is an empty cache', () => {
    expect(numbers(past('past_key_values.11.value'))).toEqual(['float32', [2, 2, 0, 4], []])
  })

  it('is true for a merged decoder as soon as the cache holds a token', () => {
    const choice = value('use_cache_branch', [1], 'bool')
    expect(numbers(choice, 'use_cache_branch')).toEqual(['bool', [1], [1]])
    const empty = cacheInput({ ...choice, dims: [] }, { ...place, before: 0 }, 'use_cache_branch')!
    expect([empty.dims, [...(empty.data as Uint8Array)]]).toEqual([[], [0]])
  })

  it('is nothing for other inputs', () => {
    expect(cacheInput(value('input_ids'), place)).toBeNull()
    expect(cacheInput(value('mask', ['b', 1, 't', 't'], 'float32'), place)).toBeNull()
  })

  it.each([[['b', 2, 'p']], [['b', 'heads', 'p', 4]], [['b', 2, 'p', 'size']]])(
    'is refused for a cache of %j',
    (dims) => {
      expect(() => cacheInput(past('past_key_values.0.key', dims), place)).toThrow(
        /cache "past_key_values.0.key"/
      )
    }
  )
})

it.each([
  ['tokens of samples are fewer than two', [[1], [1, 2, 3]], decoder.inputs],
  ['it takes something else', [[1, 2]], [...decoder.inputs, value('image', ['b', 3, 8, 8], 'float32')]]
])('passes with a cache are not run when %s', async (_name, ids, inputs) => {
  const file = { ...decoder, inputs }
  const test = { test: ids.map((one) => ({ inputs: { input_ids: one } })) }
  const subject = { test, file, open: () => Promise.resolve({}) } as unknown as Subject
  expect(await cachedRuns(subject, keyValueCache(decoder)!)).toBeNull()
})
