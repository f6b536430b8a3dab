import { describe, expect, it } from 'vitest'
import { formatHex32 } from '@shared/units'
import { parseAddress } from '../../../../src/renderer/views/boards/parseAddress'
import { farmSummary, matchesText } from '../../../../src/renderer/views/boards/boardState'
import { sampleBoards } from '../../../e2e/support/sampleBoards'

describe('an address that is typed', () => {
  it.each([
    ['', null],
    ['  ', null],
    ['0x80010000', 0x8001_0000],
    ['0X8000_0000', 0x8000_0000],
    ['4096', 4096],
    ['0xffffffff', 0xffff_ffff],
    ['0x100000000', undefined],
    ['80010000h', undefined],
    ['-1', undefined],
    ['0x', undefined]
  ])('"%s" is %s', (text, value) => {
    expect(parseAddress(text)).toBe(value)
  })

  it('is shown with all its digits', () => {
    expect(formatHex32(0x1000)).toBe('0x00001000')
    expect(formatHex32(0x8000_0000)).toBe('0x80000000')
  })
})

describe('the farm in words', () => {
  it('counts what is worth telling', () => {
    expect(farmSummary(sampleBoards)).toBe('7 boards: 2 connected, 1 in use, 1 reconnecting, 1 unavailable')
    expect(farmSummary([])).toBe('0 boards')
    expect(farmSummary(sampleBoards.slice(1, 2))).toBe('1 board')
  })

  it('finds a board by name, port, serial number or core', () => {
    const find = (text: string): string[] =>
      sampleBoards.filter((board) => matchesText(board, text)).map(({ id }) => id)
    expect(find('arty')).toEqual(['/dev/ttyUSB0', '/dev/ttyUSB3'])
    expect(find('210319B2C771')).toEqual(['/dev/ttyUSB3'])
    expect(find('rv32imac')).toEqual(['virtual:small'])
    expect(find('')).toHaveLength(sampleBoards.length)
    expect(find('toaster')).toEqual([])
  })
})
