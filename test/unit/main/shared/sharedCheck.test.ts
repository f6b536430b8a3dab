import { describe, expect, it } from 'vitest'
import {
  checkPart,
  firstLine,
  queryError,
  sqlString,
  withoutControls,
  type Ask
} from '@main/shared/sharedCheck'
import { originColumns, sharedSchemaVersion, sharedTables } from '@main/shared/sharedTables'
import { AppError } from '@shared/errors'

const part = {
  table: 'runs',
  host: 'lab-01234567',
  file: "/it's/1.parquet",
  sizeBytes: 1,
  stamp: ''
} as const
const columns = [...originColumns, ...sharedTables.runs].map(({ name, type }) => ({
  ...{ column_name: name, column_type: type as string }
}))

/** DuckDB that says this of the file. */
function duckdb(
  more: { rows?: number; bytes?: number; columns?: object[]; newest?: number; check?: object } = {}
): Ask {
  const reply = (sql: string): object[] => {
    expect(sql).toContain("'/it''s/1.parquet'")
    if (sql.includes('parquet_file_metadata')) return [{ rows: more.rows ?? 5 }]
    if (sql.includes('parquet_metadata')) return [{ bytes: more.bytes ?? 100 }]
    if (sql.startsWith('DESCRIBE')) return more.columns ?? columns
    if (sql.includes('AS newest')) return [{ newest: more.newest ?? sharedSchemaVersion }]
    return [{ strangers: 0, timeless: 0, longest: 10, mark: '1', ...more.check }]
  }
  return (<Row>(sql: string) => Promise.resolve(reply(sql) as Row[])) as Ask
}

describe('a part of another host', () => {
  it('is read where nothing speaks against it, up to its limits', async () => {
    expect(await checkPart(duckdb(), part)).toBeNull()
    expect(await checkPart(duckdb({ rows: 50_000_000, bytes: 8 * 2 ** 30 }), part)).toBeNull()
  })

  it.each<[string, Parameters<typeof duckdb>[0], RegExp]>([
    ['too many rows', { rows: 50_000_001 }, /says that it has 50,000,001 rows/],
    ['no number of rows', { rows: NaN }, /says that it has/],
    ['too much inside', { bytes: 8 * 2 ** 30 + 1 }, /would unpack to/],
    ['a newer form', { newest: sharedSchemaVersion + 1 }, /a newer Bitbench wrote it/],
    ['a missing column', { columns: columns.slice(0, -1) }, /it has no column/],
    [
      'another type',
      {
        columns: columns.map((one, at) => (at === columns.length - 1 ? { ...one, column_type: 'BLOB' } : one))
      },
      /is BLOB, not/
    ],
    ['rows of another host', { check: { strangers: 1 } }, /of another host than lab-01234567/],
    ['values that are no time', { check: { timeless: 1 } }, /started_at_ms has values that are no time/]
  ])('is left out with %s', async (_what, more, why) => {
    expect(await checkPart(duckdb(more), part)).toMatch(why)
  })

  it('is left out with what DuckDB says where it cannot be read', async () => {
    const ask = (() => Promise.reject(new Error('Invalid Input: no magic\nLINE 1: SELECT'))) as Ask
    expect(await checkPart(ask, part)).toBe('it cannot be read: Invalid Input: no magic')
  })
})

it('texts of others become literals, single lines and no control characters', () => {
  expect(sqlString("a'b''c")).toBe("'a''b''''c'")
  expect(firstLine(new Error(`${'x'.repeat(300)}\nsecond`))).toBe('x'.repeat(200))
  expect(firstLine('plain')).toBe('plain')
  expect(withoutControls('a\u001b[31mb\u0007')).toBe('a [31mb ')
  const own = new AppError('input.invalid', 'm', 'h')
  expect(queryError(own)).toBe(own)
  expect(queryError(new Error('Parser Error\nx')).message).toBe(
    'The shared folder could not be queried: Parser Error'
  )
})
