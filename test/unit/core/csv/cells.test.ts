import { describe, expect, it } from 'vitest'
import { nextCell, readNumber, type NumberFormat } from '@core/csv/cells'

function cellsOf(text: string, delimiter = ','): string[][] {
  const lines: string[][] = [[]]
  for (let at = 0; at <= text.length;) {
    const { start, end, next, last } = nextCell(text, at, delimiter.charCodeAt(0))
    lines.at(-1)!.push(text.slice(start, end))
    if (last && next <= text.length) lines.push([])
    at = next
  }
  return lines
}

describe('cells of a table', () => {
  it('end at the delimiter, the line or the text', () => {
    expect(cellsOf('a,bc,\nd\r\n,e')).toEqual([['a', 'bc', ''], ['d'], ['', 'e']])
    expect(cellsOf('1;2,5\n', ';')).toEqual([['1', '2,5'], ['']])
    // A carriage return ends a line alone.
    expect(cellsOf('a\rb,c\r')).toEqual([['a\rb', 'c']])
  })

  it('may stand in quotes, behind blanks too', () => {
    expect(cellsOf('"a,b",  "c"x,d')).toEqual([['a,b', 'c', 'd']])
    expect(cellsOf('"open')).toEqual([['open']])
    expect(cellsOf('  plain,x')).toEqual([['  plain', 'x']])
  })
})

describe('numbers of a table', () => {
  const point: NumberFormat = { decimal: '.', thousands: ',' }
  const comma: NumberFormat = { decimal: ',', thousands: '.' }
  const read = (text: string, format = point): number => readNumber(`<${text}>`, 1, text.length + 1, format)

  it('are read in their format', () => {
    expect(read('42')).toBe(42)
    expect(read(' 42\t')).toBe(42)
    expect(read('999999999999999')).toBe(999_999_999_999_999)
    expect(read('1234567890123456')).toBe(1_234_567_890_123_456)
    expect(read('-1.5e3')).toBe(-1500)
    expect(read('.5')).toBe(0.5)
    expect(read('+7')).toBe(7)
    expect(read('1,234.5')).toBe(1234.5)
    expect(read('1.234,5', comma)).toBe(1234.5)
    expect(read('0,636', comma)).toBe(0.636)
    expect(read("1'234'567")).toBe(1_234_567)
    expect(read('12 345.5')).toBe(12_345.5)
  })

  it('are none where marks, digits or letters say otherwise', () => {
    for (const text of [
      '',
      '  ',
      'abc',
      '1,23',
      '8,0',
      '0,123',
      '1,2345',
      '0x10',
      '0b1',
      '12a',
      '--1',
      '1 23'
    ])
      expect(read(text), text).toBeNaN()
    for (const text of ['1.23', '8.0', '1,2,3']) expect(read(text, comma), text).toBeNaN()
  })
})
