import { expect, it } from 'vitest'
import { shownText } from '@main/cli/board/boardConsole'

const piece = { text: 'hi\r\n', hex: '68690d0a', atMs: Date.UTC(2026, 0, 2, 3, 4, 5, 67) }

it.each([
  [{ hex: false, timestamps: false }, 'hi\r\n'],
  [{ hex: true, timestamps: false }, '68 69 0d 0a\n'],
  [{ hex: false, timestamps: true }, '[03:04:05.067] hi\r\n'],
  [{ hex: true, timestamps: true }, '[03:04:05.067] 68 69 0d 0a\n']
])('shows a piece of console traffic with %o', (show, expected) => {
  expect(shownText(piece, show)).toBe(expected)
})

it('ends a stamped piece with a line end, so that the next stamp begins a line', () => {
  expect(shownText({ ...piece, text: 'litex> ' }, { hex: false, timestamps: true })).toBe(
    '[03:04:05.067] litex> \n'
  )
})
