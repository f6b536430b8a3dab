import { readTypedNumber } from '../fields/typedNumber'
import { cellValue, type TableColumn } from './tableColumn'

/** Whether a row is shown. */
export type RowTest<R> = (row: R) => boolean

type Operator = '<' | '>' | '<=' | '>=' | '=' | '!='
const comparison = /^([^<>=!"]+)(<=|>=|!=|<|>|=)(.+)$/u
/** Letters and digits of a name, so that "Of int8" is written ofint8. */
const bare = (text: string): string => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '')

/**
 * Reads a filter: every word must stand in one of the columns, "-word" in none, "two words" together, and `column<number`
 * compares (also > <= >= = !=). Capitals do not matter. A column that does not exist makes the term a word. Null: all rows.
 */
export function readFilter<R>(filter: string, columns: readonly TableColumn<R>[]): RowTest<R> | null {
  const terms = [...filter.matchAll(/-?"[^"]*"|[^\s"]*"[^"]*"|\S+/g)].map(([term]) => term)
  const tests = terms.flatMap((term) => readTerm(term, columns) ?? [])
  return tests.length === 0 ? null : (row) => tests.every((test) => test(row))
}

function readTerm<R>(term: string, columns: readonly TableColumn<R>[]): RowTest<R> | null {
  const isDenied = term.startsWith('-') && term.length > 1
  const text = (isDenied ? term.slice(1) : term).replaceAll('"', '')
  if (text === '') return null
  const test = readComparison(text, columns) ?? words(text, columns)
  return isDenied ? (row) => !test(row) : test
}

function readComparison<R>(text: string, columns: readonly TableColumn<R>[]): RowTest<R> | null {
  const [, name, operator, limit] = comparison.exec(text) ?? []
  if (name === undefined || limit === undefined) return null
  const wanted = bare(name)
  const column =
    columns.find(({ title }) => bare(title) === wanted) ??
    columns.find(({ title }) => wanted !== '' && bare(title).startsWith(wanted))
  return column === undefined ? null : compares(column, operator as Operator, limit)
}

function compares<R>(column: TableColumn<R>, operator: Operator, limit: string): RowTest<R> {
  const number = readTypedNumber(limit)
  const word = limit.toLowerCase()
  const isSame = (row: R): boolean => {
    const value = cellValue(column, row)
    if (typeof value === 'number' && !Number.isNaN(number)) return value === number
    return column.text(row).toLowerCase() === word
  }
  if (operator === '=') return isSame
  if (operator === '!=') return (row) => !isSame(row)
  return (row) => {
    const value = cellValue(column, row)
    // A limit that is no number has no side.
    if (typeof value !== 'number' || Number.isNaN(number)) return false
    if (operator === '<') return value < number
    if (operator === '>') return value > number
    return operator === '<=' ? value <= number : value >= number
  }
}

function words<R>(text: string, columns: readonly TableColumn<R>[]): RowTest<R> {
  const word = text.toLowerCase()
  return (row) =>
    columns.some(
      (column) =>
        column.text(row).toLowerCase().includes(word) ||
        (column.note?.(row)?.toLowerCase().includes(word) ?? false)
    )
}
