import { expect, it } from 'vitest'
import { metricText } from '@renderer/views/gpu/metricText'

it('names the reasons of a clock, and shows bits that nobody named', () => {
  const texts = [0, 0x1, 0x24, 0x200, 0x201].map((mask) => metricText('throttleMask', mask))
  expect(texts).toEqual([
    ...['none', 'GPU idle', 'power cap, thermal slowdown by software', '0x200', 'GPU idle, 0x200']
  ])
  expect(metricText('throttleMask', null)).toBe('–')
})
