import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { migrate } from '@main/store/migrations'
import { createRecordTable, recordTableSql } from '@main/store/recordTable'
import { openStore, type Store } from '@main/store/store'

const schema = z.object({ id: z.string(), startedAtMs: z.number(), size: z.object({ rows: z.number() }) })
let store: Store
beforeEach(async () => {
  store = await openStore({
    file: ':memory:',
    migrations: [{ noun: 'thing', steps: [recordTableSql('thing')] }]
  })
})
afterEach(() => store.close())

const record = (id: string, startedAtMs: number, rows = 1) => ({ id, startedAtMs, size: { rows } })

describe('a table of records', () => {
  it('lists the newest first up to a limit, and keeps one row of an id', async () => {
    const table = createRecordTable(store, { table: 'thing', schema })
    for (const [id, at] of [
      ['a', 10],
      ['b', 30],
      ['c', 20]
    ] as const)
      await table.save(record(id, at))
    await table.save(record('a', 10, 7))
    expect((await table.list()).map(({ id }) => id)).toEqual(['b', 'c', 'a'])
    expect((await table.list(2)).map(({ id }) => id)).toEqual(['b', 'c'])
    expect(await table.get('a')).toEqual(record('a', 10, 7))
    await table.remove('b')
    expect(await table.get('b')).toBeNull()
    expect((await table.list()).map(({ id }) => id)).toEqual(['c', 'a'])
  })

  it('names what is wrong with a row, beside the others', async () => {
    const table = createRecordTable(store, { table: 'thing', schema })
    await table.save(record('good', 1))
    for (const [id, text] of [
      ['text', 'no json'],
      ['part', '{"id":"part","startedAtMs":2,"size":{"rows":"many"}}'],
      ['list', '[]']
    ] as const)
      await store.run('INSERT INTO thing VALUES ($1, 5, $2)', [id, text])
    const problems = new Map((await table.list()).map(({ id, problem }) => [id, problem]))
    expect(problems.get('good')).toBeNull()
    expect(problems.get('text')).toBe('The stored text is not JSON.')
    expect(problems.get('part')).toMatch(/^size\.rows: /)
    expect(problems.get('list')).toMatch(/^record: /)
    await expect(table.get('part')).rejects.toMatchObject({ code: 'store.corrupt' })
  })
})

describe('migrations', () => {
  const versions = async (): Promise<Map<string, number>> =>
    new Map(
      (await store.all<{ noun: string; version: number }>('SELECT * FROM store_version')).map((row) => [
        row.noun,
        row.version
      ])
    )
  const steps = [
    'CREATE TABLE grown (a INTEGER)',
    'INSERT INTO grown VALUES (1)',
    'INSERT INTO grown VALUES (2)'
  ]
  const values = async (): Promise<number[]> =>
    (await store.all<{ a: number }>('SELECT a FROM grown ORDER BY a')).map(({ a }) => a)

  it('run what is new, in order, and nothing twice', async () => {
    await migrate(store, [{ noun: 'grown', steps: steps.slice(0, 2) }])
    expect([(await versions()).get('grown'), await values()]).toEqual([2, [1]])
    await migrate(store, [{ noun: 'grown', steps }])
    await migrate(store, [{ noun: 'grown', steps }])
    expect([(await versions()).get('grown'), await values()]).toEqual([3, [1, 2]])
    expect((await versions()).get('thing')).toBe(1)
  })

  it('refuse tables of a newer version, and change nothing', async () => {
    await migrate(store, [{ noun: 'grown', steps }])
    await expect(migrate(store, [{ noun: 'grown', steps: steps.slice(0, 1) }])).rejects.toMatchObject({
      code: 'store.corrupt'
    })
    expect([(await versions()).get('grown'), await values()]).toEqual([3, [1, 2]])
  })
})
