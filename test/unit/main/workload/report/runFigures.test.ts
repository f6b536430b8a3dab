import { expect, it } from 'vitest'
import { tablesOfRun } from '@main/workload/report/runFigures'
import type { WorkloadRun } from '@shared/contract/workload'

it('a report of a run holds what the runner said of its figures before what was noticed when they were judged', () => {
  const tables = { notes: ['MIG is on'] } as WorkloadRun['tables']
  const request = { confidence: 0.9 } as WorkloadRun['request']
  const subject = { model: 'decoder', notes: ['half precision'] } as WorkloadRun['subject']
  expect(tablesOfRun({ subject, tables, request } as WorkloadRun)).toEqual({
    ...{ model: 'decoder', folder: null, confidence: 0.9 },
    tables: { notes: ['half precision', 'MIG is on'] }
  })
  expect(tablesOfRun({ subject: null, tables, request } as WorkloadRun).tables.notes).toEqual(['MIG is on'])
})
