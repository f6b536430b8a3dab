import { expect, it } from 'vitest'
import { rowColumns } from '@main/store/rowColumns'
import { openStore } from '@main/store/store'

interface Thing {
  id: string
  weight: number | null
}

it('inserts, replaces and reads by name, whatever the order of the columns in the table', async () => {
  const step = 'CREATE TABLE thing (weight DOUBLE, id VARCHAR PRIMARY KEY);'
  const store = await openStore({ file: ':memory:', migrations: [{ noun: 'thing', steps: [step] }] })
  const columns = rowColumns<Thing>('thing', [
    { name: 'id', of: ({ id }) => id },
    { name: 'weight', of: ({ weight }) => weight }
  ])
  await store.run(columns.insert, columns.parameters({ id: 'a', weight: 1.5 }))
  await store.run(columns.insert, columns.parameters({ id: 'b', weight: null }))
  await expect(store.run(columns.insert, columns.parameters({ id: 'a', weight: 2 }))).rejects.toThrow()
  await store.run(columns.replace, columns.parameters({ id: 'a', weight: 2 }))
  expect(await store.all(`SELECT ${columns.select} FROM thing ORDER BY id`)).toEqual([
    { id: 'a', weight: 2 },
    { id: 'b', weight: null }
  ])
  await store.close()
})
