import { describe, expect, it } from 'vitest'
import { isMarkedNumber, numberFormats, onlyFormat } from '@core/csv/numberFormat'
import type { NumberFormat } from '@core/csv/cells'

const semicolon = 59
const point: NumberFormat = { decimal: '.', thousands: null }
const pointWithCommas: NumberFormat = { decimal: '.', thousands: ',' }
const comma: NumberFormat = { decimal: ',', thousands: null }
const commaWithPoints: NumberFormat = { decimal: ',', thousands: '.' }

/** Formats of rows of cells; `whole`: columns that hold whole numbers alone. Every row has its line end. */
function formatsOf(rows: readonly string[], whole: readonly number[] = [], end = '\n'): NumberFormat[] {
  const text = rows.join('\n') + end
  const columns = rows[0].split(';').length
  const numeric = new Map(Array.from({ length: columns }, (_, at) => [at, { whole: whole.includes(at) }]))
  return numberFormats({ text, end: 0, delimiter: semicolon }, numeric)
}

describe('how the numbers of a table are written', () => {
  it('is certain where one reading alone is possible', () => {
    const certain: [string, readonly string[], readonly number[], NumberFormat][] = [
      ['no mark at all', ['12;7', '3;8'], [], point],
      ['no group of thousands has two digits', ['27.65', '8.000'], [], point],
      ['nor begins with zero', ['0.636', '8.000'], [], point],
      ['the same with commas', ['27,65', '8,000'], [], comma],
      ['both marks, the point last', ['1,234.5', '2,000'], [], pointWithCommas],
      ['both marks, the comma last', ['1.234,5', '2.000'], [], commaWithPoints],
      ['a mark that stands twice groups', ['1.234.567', '2.000'], [], commaWithPoints],
      ['a comma that stands twice groups', ['1,234,567', '2,000'], [], pointWithCommas],
      ['whole numbers have groups', ['27.648;5', '1.000;5'], [0], commaWithPoints],
      ['whole numbers have groups, by commas', ['27,648;5', '1,000;5'], [0], pointWithCommas]
    ]
    for (const [why, rows, whole, format] of certain)
      expect([why, formatsOf(rows, whole)]).toEqual([why, [format]])
  })

  it('is decided for all columns by one of them', () => {
    // 27.648 alone may be both; 3,5 beside it makes the comma the decimal mark, 3.5 the point.
    expect(formatsOf(['27.648;3,5', '31.104;4,5'])).toEqual([commaWithPoints])
    expect(formatsOf(['27.648;3.5', '31.104;4.5'])).toEqual([point])
    expect(formatsOf(['27,648;3.5', '31,104;4.5'])).toEqual([pointWithCommas])
  })

  it('follows habits where nothing decides, and says so', () => {
    // Three digits behind every point are what %.3f writes; a plain number among them takes that away.
    expect(formatsOf(['27.648', '31.104'])).toEqual([{ ...point, isHabit: true }])
    expect(formatsOf(['27.648', '31'])).toEqual([point, commaWithPoints])
    expect(formatsOf(['27,648', '31'])).toEqual([comma, pointWithCommas])
    expect(formatsOf(['27,648', '31,104'])).toEqual([comma, pointWithCommas])
    // A number of four digits without a mark would have one, were it a mark of thousands.
    expect(formatsOf(['27.648', '1000'])).toEqual([{ ...point, isHabit: true }])
    expect(formatsOf(['27.648', '999'])).toEqual([point, commaWithPoints])
    expect(formatsOf(['27,648', '1000'])).toEqual([comma])
  })

  it('weighs two columns of habits against each other', () => {
    // By its 1000 the comma is likely decimal, by three digits behind each the point is as well.
    expect(formatsOf(['27,648;3.125', '1000;4.125'])).toEqual([commaWithPoints, pointWithCommas])
    expect(formatsOf(['27,648;3.125', '31;4.125'])).toEqual([pointWithCommas, commaWithPoints])
  })

  it('takes whole numbers with zeros alone behind the mark for either', () => {
    expect(formatsOf(['8.000', '16.000'], [0])).toEqual([point, commaWithPoints])
    expect(formatsOf(['8.000', '16'], [0])).toEqual([commaWithPoints])
    expect(formatsOf(['8.000', '16.500'], [0])).toEqual([commaWithPoints])
  })

  it('leaves comments out, and a last line that may have been cut unless no other holds a mark', () => {
    expect(formatsOf(['# 1.234.567', '27.65'])).toEqual([point])
    expect(formatsOf(['27.648', '31.104', '1.5'], [], '')).toEqual([{ ...point, isHabit: true }])
    expect(formatsOf(['27.648', '31.104', '1.5'])).toEqual([point])
    expect(formatsOf(['12', '1.5'], [], '')).toEqual([point])
    expect(formatsOf(['12', '1,5'], [], '')).toEqual([comma])
  })
})

describe('the one format of a table', () => {
  const asked = { isHabitTaken: false, hint: 'Say which.' }

  it('is the only one, or the one with a point where commas separate cells', () => {
    expect(onlyFormat([point], semicolon, 'a.csv', asked)).toBe(point)
    expect(onlyFormat([point, commaWithPoints], 44, 'a.csv', asked)).toBe(point)
    const habit: NumberFormat = { ...point, isHabit: true }
    expect(onlyFormat([habit], semicolon, 'a.csv', { ...asked, isHabitTaken: true })).toBe(habit)
  })

  it('is asked for where two are possible, or a habit is not enough', () => {
    const markOf = (formats: NumberFormat[], delimiter = semicolon): unknown => {
      try {
        return onlyFormat(formats, delimiter, 'a.csv', asked)
      } catch (reason) {
        return (reason as { details: { mark: string } }).details.mark
      }
    }
    expect(markOf([point, commaWithPoints])).toBe('.')
    expect(markOf([comma, pointWithCommas])).toBe(',')
    expect(markOf([{ ...point, isHabit: true }])).toBe('.')
    expect(markOf([comma, pointWithCommas], 44)).toBe(',')
  })
})

it.each([
  ['27.648', true],
  ['-1.234,5', true],
  ["1'234", true],
  ['12 345.5', true],
  [' 7 ', true],
  ['0.8.0', false],
  ['1e5', false],
  ['0 123', false],
  ['', false],
  ['12a', false]
])('"%s" is a number in one way of writing or another: %s', (cell, isNumber) => {
  expect(isMarkedNumber(cell)).toBe(isNumber)
})
