import { describe, expect, it } from 'vitest'
import { createConsoleView } from '@main/cli/board/console/consoleView'

const atMs = Date.UTC(2026, 0, 2, 3, 4, 5, 67)
const piece = (text: string, later = 0) => ({
  text,
  hex: Buffer.from(text, 'latin1').toString('hex'),
  atMs: atMs + later
})

describe('the view of a console', () => {
  it('shows text as it comes', () => {
    const view = createConsoleView({ hex: false, timestamps: false })
    expect(['hi\r\n', 'lit', 'ex> '].map((text) => view(piece(text))).join('')).toBe('hi\r\nlitex> ')
  })

  it('stamps every line with when it began, wherever pieces end', () => {
    const view = createConsoleView({ hex: false, timestamps: true })
    const pieces = [
      piece('one\r\ntw', 0),
      piece('o\r\nthree\r\n', 1),
      piece('', 2),
      piece('litex> ', 3),
      piece('help\n', 4)
    ]
    expect(pieces.map(view).join('')).toBe(
      '[03:04:05.067] one\r\n[03:04:05.067] two\r\n[03:04:05.068] three\r\n[03:04:05.070] litex> help\n'
    )
  })

  it('shows rows of sixteen bytes with their place and their characters', () => {
    const view = createConsoleView({ hex: true, timestamps: false })
    expect(view(piece('0123456789abcdef\r\n'))).toBe(
      '00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n' +
        `00000010  0d 0a${' '.repeat(42)}  ..\n`
    )
    expect(view(piece('\xffA'))).toBe(`00000012  ff 41${' '.repeat(42)}  .A\n`)
    expect(view(piece(''))).toBe('')
  })

  it('stamps rows of hex', () => {
    const view = createConsoleView({ hex: true, timestamps: true })
    expect(view(piece('hi'))).toBe(`[03:04:05.067] 00000000  68 69${' '.repeat(42)}  hi\n`)
  })
})
