import { expect, it } from 'vitest'
import { createTextLines } from '@core/text/lines'

it('puts lines together over chunks and takes both line ends', () => {
  const lines = createTextLines()
  expect(lines.push('a\r\nb')).toEqual(['a'])
  expect(lines.push('c\n\nd')).toEqual(['bc', ''])
  expect(lines.rest()).toBe('d')
  expect(lines.rest()).toBe('')
  expect(lines.push('e\n')).toEqual(['e'])
})

it('cuts a line that is too long and drops its remainder, in one chunk or in many', () => {
  const whole = createTextLines({ maxLength: 4 })
  expect(whole.push('abcdefg\nhi\n')).toEqual(['abcd', 'hi'])
  const parts = createTextLines({ maxLength: 4 })
  expect(parts.push('abcd')).toEqual([])
  expect(parts.push('e')).toEqual([])
  // Behind the cut nothing is kept: memory stays bounded, and a line end there is no part of the line.
  expect(parts.push('fghi\r')).toEqual([])
  expect(parts.push('\nnext\n')).toEqual(['abcd', 'next'])
  expect(parts.push('12345')).toEqual([])
  expect(parts.rest()).toBe('1234')
  expect(parts.push('6\n')).toEqual(['6'])
})

it('keeps a line of the greatest length whole', () => {
  const lines = createTextLines({ maxLength: 4 })
  expect(lines.push('abcd')).toEqual([])
  expect(lines.push('\n')).toEqual(['abcd'])
})

it('ends a line at a carriage return where progress bars do, also between two chunks', () => {
  const lines = createTextLines({ carriageReturnEnds: true })
  expect(lines.push('10 %\r20 %\r\n30')).toEqual(['10 %', '20 %'])
  expect(lines.push(' %\r')).toEqual(['30 %'])
  expect(lines.push('')).toEqual([])
  expect(lines.push('\ndone')).toEqual([])
  expect(lines.push('\n\n')).toEqual(['done', ''])
})
