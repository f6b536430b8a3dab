import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore, type Store } from '@main/store/store'

let store: Store
beforeEach(async () => {
  store = await openStore({ file: ':memory:', migrations: [] })
})
afterEach(() => store.close())

describe('columns of a query', () => {
  it('hold numbers of every type, NaN for NULL, over many chunks', async () => {
    const [double, integer, tiny, big, spotted, constant] = await store.columns(
      `SELECT i / 4.0::DOUBLE, (i - 5)::INTEGER, (i % 200)::UTINYINT, i::BIGINT,
         CASE WHEN i % 3 = 0 THEN NULL ELSE i::DOUBLE END, 7::DOUBLE FROM range(10000) t(i)`
    )
    const rows = Array.from({ length: 10_000 }, (_, i) => i)
    expect([...double!]).toEqual(rows.map((i) => i / 4))
    expect([...integer!]).toEqual(rows.map((i) => i - 5))
    expect([...tiny!]).toEqual(rows.map((i) => i % 200))
    expect([...big!]).toEqual(rows)
    expect([...spotted!]).toEqual(rows.map((i) => (i % 3 === 0 ? NaN : i)))
    expect(constant!.every((value) => value === 7)).toBe(true)
  })

  it('are the same whatever number of rows was expected', async () => {
    const sql = 'SELECT i::DOUBLE FROM range(5000) t(i)'
    for (const expected of [0, 1, 4999, 5000, 100_000]) {
      const [column] = await store.columns(sql, [], expected)
      expect(column!.length).toBe(5000)
      expect(column!.reduce((sum, value) => sum + value, 0)).toBe(12_497_500)
    }
    expect((await store.columns('SELECT 1.0::DOUBLE WHERE false'))[0]!.length).toBe(0)
  })

  it('are texts where asked for, empty for NULL', async () => {
    expect(await store.texts(`SELECT x FROM (VALUES ('a'), (NULL), ('b''c')) t(x)`)).toEqual(['a', '', "b'c"])
  })

  it('report a failing query as an error of the store', async () => {
    for (const read of ['columns', 'texts', 'read'] as const)
      await expect(store[read]('SELECT nothing')).rejects.toMatchObject({ code: 'store.failed' })
  })
})
