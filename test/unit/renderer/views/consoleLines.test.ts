import { describe, expect, it } from 'vitest'
import type { ConsoleChunk } from '@shared/contract/board'
import { hexLines, textLines } from '@renderer/views/boards/consoleLines'

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
