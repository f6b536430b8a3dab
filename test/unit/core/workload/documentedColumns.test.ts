import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { mergedCells } from '@core/workload/mergedCsv'
import { mergeTables } from '@core/workload/statistics/merge'
import { benchmarkCells, impactCells, layerCells } from '@core/workload/tableCsv'
import { sampleTables } from './statistics/tables'

/** Parts of a figure, documented once for all of them. */
const part = /_(low|high|n|origin|verdict|reason)$/

it('every column of the four tables stands in docs/workloads.md with its unit', () => {
  const { benchmark, layers, impacts } = sampleTables()
  const [merged] = mergeTables(layers, impacts)
  const tables = [
    benchmarkCells('m', benchmark[0]!, 0.95),
    layerCells('m', layers[0]!, 0.95),
    impactCells('m', impacts[0]!, 0.95),
    mergedCells('m', merged!, 0.95)
  ]
  const text = readFileSync('docs/workloads.md', 'utf8')
  const section = text.slice(text.indexOf('## Columns'), text.indexOf('## The protocol'))
  const documented = new Set([...section.matchAll(/`(\w+)`/g)].map(([, name]) => name!))
  const written = [...new Set(tables.flatMap((cells) => Object.keys(cells)))]
  const named = written.filter((name) => !part.test(name))
  expect(named.filter((name) => !documented.has(name))).toEqual([])
  // And the document names no column that is not written.
  const known = new Set([...written, '_low', '_high', '_n', '_origin', '_verdict', '_reason'])
  expect([...documented].filter((name) => !known.has(name))).toEqual([])
})
