import { expect, it } from 'vitest'
import { orderedShape } from '@shared/text/orderedShape'

it('writes sides with the order of their axes, and none of a vector', () => {
  expect(orderedShape([28, 32, 3], 'HWC')).toBe('28 × 32 × 3 (HWC)')
  expect(orderedShape([3, 28, 32], 'CHW', 'x')).toBe('3x28x32 (CHW)')
  expect(orderedShape([1, 1, 640], 'HWC')).toBe('640')
  expect(orderedShape([1, 1, 640], 'CHW')).toBe('1 × 1 × 640 (CHW)')
  expect(orderedShape([640], 'CHW')).toBe('640')
  expect(orderedShape([12, 8], 'CHW')).toBe('12 × 8')
})
