import { describe, expect, it } from 'vitest'
import type { ConsoleChunk } from '@shared/contract/board'
import { findLines, hexLines, textLines } from '@renderer/views/boards/consoleLines'

const chunk = (sequence: number, direction: ConsoleChunk['direction'], text: string): ConsoleChunk => ({
  sequence,
  atMs: 0,
  direction,
  text,
  hex: direction === 'note' ? '' : Buffer.from(text).toString('hex')
})

describe('console lines', () => {
  it('joins a line that came in pieces', () => {
    const lines = textLines([
      chunk(1, 'received', 'hel'),
      chunk(2, 'received', 'lo\r\nwor'),
      chunk(3, 'received', 'ld')
    ])
    expect(lines.map(({ text }) => text)).toEqual(['hello', 'world'])
  })

  it('begins a line where the direction changes and keeps empty lines', () => {
    const lines = textLines([
      chunk(1, 'received', '> '),
      chunk(2, 'sent', '?\r'),
      chunk(3, 'received', 'a\n\nb\n'),
      chunk(4, 'note', 'unplugged')
    ])
    expect(lines.map(({ direction, text }) => `${direction}:${text}`)).toEqual([
      'received:> ',
      'sent:?',
      'received:a',
      'received:',
      'received:b',
      'note:unplugged'
    ])
    expect(new Set(lines.map(({ key }) => key)).size).toBe(lines.length)
  })

  it('shows bytes in hex beside what can be printed', () => {
    const [line, second] = hexLines([chunk(1, 'received', 'AB\u0000~ 0123456789abc')])
    expect(line!.text).toBe('41 42 00 7e 20 30 31 32 33 34 35 36 37 38 39 61  AB.~ 0123456789a')
    expect(second!.text.trim()).toMatch(/^62 63\s+bc$/)
  })
})

describe('searching the console', () => {
  const chunk = (sequence: number, hex: string, direction: 'received' | 'sent' = 'received') => ({
    sequence,
    atMs: 0,
    direction,
    text: Buffer.from(hex, 'hex').toString('latin1'),
    hex
  })

  it('keeps the lines that hold the text and marks each match, whatever the letter case', () => {
    const lines = textLines([chunk(1, Buffer.from('RAM ok, ram end\nnothing\n').toString('hex'))])
    expect(findLines(lines, 'ram', 'text').map(({ parts }) => parts)).toEqual([
      [
        { text: 'RAM', isMatch: true },
        { text: ' ok, ', isMatch: false },
        { text: 'ram', isMatch: true },
        { text: ' end', isMatch: false }
      ]
    ])
    expect(findLines(lines, '', 'text')).toHaveLength(2)
    expect(findLines(lines, 'zzz', 'text')).toEqual([])
  })

  it('finds bytes that run over the end of a hex line, and shows both lines', () => {
    // 15 zero bytes, then de ad be ef over the border of two lines of 16.
    const lines = hexLines([chunk(1, `${'00'.repeat(15)}deadbeef${'11'.repeat(40)}`)])
    expect(findLines(lines, 'de ad', 'hex').map(({ line }) => line.key)).toEqual(['1.0', '1.32'])
    expect(findLines(lines, 'DEADBEEF', 'hex')).toHaveLength(2)
    // Half bytes do not count: 0d ea is not there.
    expect(findLines(lines, '0dea', 'hex')).toEqual([])
    // What was sent does not continue what was received.
    const mixed = hexLines([chunk(1, '00de'), chunk(2, 'ad00', 'sent')])
    expect(findLines(mixed, 'dead', 'hex')).toEqual([])
  })
})
