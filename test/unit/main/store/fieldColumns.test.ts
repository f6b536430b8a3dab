import { expect, it } from 'vitest'
import { columnName, fieldColumns } from '@main/store/fieldColumns'
import { openStore } from '@main/store/store'

interface Span {
  id: string
  fromMs: number
  toMs: number | null
}

it('names columns with underscores', () => {
  expect(['id', 'fromMs', 'memoryUtilizationPercent'].map(columnName)).toEqual([
    'id',
    'from_ms',
    'memory_utilization_percent'
  ])
})

it('reads back what it wrote, whatever the order of the columns in the table', async () => {
  const step = 'CREATE TABLE span (to_ms DOUBLE, id VARCHAR, from_ms DOUBLE);'
  const store = await openStore({ file: ':memory:', migrations: [{ noun: 'span', steps: [step] }] })
  const columns = fieldColumns<Span>(['id', 'fromMs', 'toMs'])
  const spans: Span[] = [
    { id: 'a', fromMs: 1, toMs: 2.5 },
    { id: 'b', fromMs: -3, toMs: null }
  ]
  await store.append('span', spans.map(columns.row))
  expect(columns.select).toBe('id, from_ms AS "fromMs", to_ms AS "toMs"')
  expect(await store.all(`SELECT ${columns.select} FROM span ORDER BY id`)).toEqual(spans)
  await store.close()
})
