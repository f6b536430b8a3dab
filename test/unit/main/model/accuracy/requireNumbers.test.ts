import { expect, it } from 'vitest'
import { requireNumbers } from '@main/model/accuracy/requireNumbers'

it('names the first item whose outputs are NaN, and counts the others', () => {
  const outputs = Float32Array.of(1, 2, NaN, 0, -Infinity, 3, 0, NaN)
  expect(() => requireNumbers(outputs.subarray(0, 2), 1, 0, 'split "test"')).not.toThrow()
  expect(() => requireNumbers(outputs.subarray(4, 6), 1, 0, 'split "test"')).not.toThrow()
  expect(() => requireNumbers(outputs, 4, 64, 'split "test"')).toThrow(
    expect.objectContaining({
      code: 'model.invalid',
      message:
        'The network\'s outputs in float are not numbers (NaN) for item 66 of split "test", and for 2 of the 4 items from 65 on.'
    })
  )
})
