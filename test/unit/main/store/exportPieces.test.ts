import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openStore, type Store } from '@main/store/store'
import { temporaryFolder } from '../../../support/temporaryFolder'

let store: Store | undefined
afterEach(async () => {
  await store?.close()
  store = undefined
})

const open = async (): Promise<Store> => (store = await openStore({ file: ':memory:', migrations: [] }))
const query = 'SELECT i, $1 AS who FROM range(10) t(i) WHERE i >= $2 AND i < $3 ORDER BY i DESC'

describe('an export in pieces', () => {
  it('holds the rows of every piece, one behind the other, and leaves no file of a piece', async () => {
    const opened = await open()
    const folder = temporaryFolder()
    const pieces = [
      [0, 4],
      [4, 4],
      [4, 6],
      [6, 100]
    ]
    const csv = path.join(folder, "o'ne.csv")
    expect(await opened.exportQuery(query, ['x'], csv, 'csv', pieces)).toBe(10)
    const rows = [3, 2, 1, 0, 5, 4, 9, 8, 7, 6].map((i) => `${i},x`)
    expect(readFileSync(csv, 'utf8').trim().split('\n')).toEqual(['i,who', ...rows])
    const parquet = path.join(folder, 'one.parquet')
    expect(await opened.exportQuery(query, ['x'], parquet, 'parquet', pieces)).toBe(10)
    expect(
      (await opened.all<{ i: number }>(`SELECT i::INTEGER AS i FROM '${parquet}'`)).map(({ i }) => i)
    ).toEqual([3, 2, 1, 0, 5, 4, 9, 8, 7, 6])
    expect(readdirSync(folder).sort()).toEqual(["o'ne.csv", 'one.parquet'])
  })

  it('has its columns without a row', async () => {
    const csv = path.join(temporaryFolder(), 'none.csv')
    const pieces = [
      [20, 21],
      [30, 31]
    ]
    expect(await (await open()).exportQuery(query, ['x'], csv, 'csv', pieces)).toBe(0)
    expect(readFileSync(csv, 'utf8')).toBe('i,who\n')
  })

  it('keeps the file of before where a piece fails, and leaves nothing beside it', async () => {
    const folder = temporaryFolder()
    const csv = path.join(folder, 'kept.csv')
    writeFileSync(csv, 'before')
    const failing =
      "SELECT CASE WHEN i >= 5 THEN error('no') ELSE i END AS i FROM range(10) t(i) WHERE i >= $1 AND i < $2"
    const pieces = [
      [0, 5],
      [5, 10]
    ]
    await expect((await open()).exportQuery(failing, [], csv, 'csv', pieces)).rejects.toMatchObject({
      code: 'store.exportFailed'
    })
    expect(readFileSync(csv, 'utf8')).toBe('before')
    expect(readdirSync(folder)).toEqual(['kept.csv'])
    expect(existsSync(`${csv}.pieces`)).toBe(false)
  })
})
