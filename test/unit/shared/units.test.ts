import { describe, expect, it } from 'vitest'
import {
  countOf,
  fewDigits,
  fixedDigits,
  formatAmount,
  formatBytes,
  formatCount,
  formatDuration,
  formatLoss,
  formatPercent,
  formatPercentValue,
  formatTimeLeft,
  unavailable
} from '@shared/units'

describe('time left', () => {
  it('is never given to a part of a second', () => {
    expect([0, 0.4, 999, 1310, 4650, 59_700].map(formatTimeLeft)).toEqual([
      ...['less than 1 s', 'less than 1 s', 'less than 1 s', '1 s', '5 s', '1 min 00 s']
    ])
    expect([null, Number.NaN].map(formatTimeLeft)).toEqual([unavailable, unavailable])
  })
})

describe('formatting of quantities', () => {
  it('uses SI prefixes with three significant digits', () => {
    expect(formatCount(1_234_000, 'cycles')).toBe('1.23 Mcycles')
    expect(formatCount(0, 'cycles')).toBe('0 cycles')
    expect(formatCount(12_300)).toBe('12.3 k')
    expect(formatCount(0.0031416, 'J')).toBe('0.00314 J')
    expect(formatCount(-0.5)).toBe('-0.5')
    expect(formatDuration(0.000_25)).toBe('0.25 µs')
    expect(formatCount(-2_500_000_000)).toBe('-2.5 G')
  })

  it('uses binary prefixes for memory', () => {
    expect(formatBytes(1023)).toBe('1023 B')
    expect(formatBytes(2048)).toBe('2 KiB')
    expect(formatBytes(1.5 * 1024 * 1024)).toBe('1.5 MiB')
  })

  it('chooses the unit of a duration by its size', () => {
    expect(formatDuration(0.25)).toBe('250 µs')
    expect(formatDuration(350)).toBe('350 ms')
    expect(formatDuration(4200)).toBe('4.2 s')
    expect(formatDuration(185_000)).toBe('3 min 05 s')
    expect(formatDuration(3_720_000)).toBe('1 h 02 min')
  })

  it('shows what cannot be had as unavailable, never as 0', () => {
    for (const format of [formatCount, formatBytes, formatDuration, formatPercent, formatPercentValue]) {
      expect(format(null)).toBe(unavailable)
      expect(format(undefined)).toBe(unavailable)
      expect(format(Number.NaN)).toBe(unavailable)
    }
    expect(formatPercent(0.8732)).toBe('87.3 %')
    expect(formatPercentValue(87.32)).toBe('87.3 %')
    expect(formatPercentValue(0.456, 2)).toBe('0.46 %')
  })
})

describe('quantities with a unit', () => {
  it('join the SI prefix to a symbol and leave it off units that have one', () => {
    expect(formatAmount(1_300, 'J')).toBe('1.3 kJ')
    expect(formatAmount(2_450_000, 'B/s')).toBe('2.45 MB/s')
    expect(formatAmount(1_410, 'MHz')).toBe('1410 MHz')
    expect(formatAmount(0.004, 'mW')).toBe('0.004 mW')
    expect(formatAmount(1_300, 'images')).toBe('1.3 k images')
    expect(formatAmount(null, 'J')).toBe(unavailable)
    expect(formatAmount(null, 'ms')).toBe(unavailable)
  })

  it('count one thing in the singular and all else in the plural', () => {
    expect([0, 1, 2].map((count) => countOf(count, 'row'))).toEqual(['0 rows', '1 row', '2 rows'])
    expect(countOf(10_000, 'item')).toBe('10,000 items')
    expect(countOf(3, 'class')).toBe('3 classes')
    expect(countOf(12_300, 'row', formatCount)).toBe('12.3 k rows')
    expect(countOf(null, 'image')).toBe(`${unavailable} images`)
  })
})

describe('a number without a unit', () => {
  it.each([
    [0.0012345, '0.00123'],
    [2.5, '2.5'],
    [12.345, '12.3'],
    [-1, '-1'],
    [123_456, '123000']
  ])('%d is %s', (value, text) => expect(fewDigits(value)).toBe(text))
})

describe('fixedDigits', () => {
  it.each([
    [0.0312, '0.0312'],
    [3.1, '3.10'],
    [99.96, '100'],
    [999.6, '1000'],
    [-1012.4, '-1012'],
    [60_000, '60000']
  ])('%d is %s, never a power of ten', (value, text) => expect(fixedDigits(value)).toBe(text))
})

describe('energy in nJ', () => {
  it.each([
    [870, '870 nJ'],
    [1_300, '1.3 µJ'],
    [607_000, '607 µJ'],
    [2_450_000, '2.45 mJ'],
    [1.2e9, '1.2 J'],
    [-0.5, '-0.5 nJ'],
    [null, '–']
  ])('%s is %s', (value, text) => {
    expect(formatAmount(value, 'nJ')).toBe(text)
  })
})

describe('a loss', () => {
  it.each([
    [0.25, '0.2500'],
    [0.001, '0.0010'],
    [0.00099, '9.9e-4'],
    [4.21e-7, '4.2e-7'],
    [-3e-5, '-3.0e-5'],
    [0, '0.0000'],
    [12.3456, '12.3456']
  ])('%d is written as %s', (loss, text) => {
    expect(formatLoss(loss)).toBe(text)
  })

  it('has more digits where they are wanted, and none where there is no loss', () => {
    expect(formatLoss(0.00012, 5)).toBe('0.00012')
    expect(formatLoss(0.00009, 5)).toBe('9.0e-5')
    expect([formatLoss(null), formatLoss(undefined), formatLoss(NaN)]).toEqual(['–', '–', '–'])
  })
})
