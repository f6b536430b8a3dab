import { describe, expect, it } from 'vitest'
import { cellValue, type TableColumn } from '@renderer/components/table/tableColumn'
import { deploymentColumns } from '@renderer/views/deploy/deploymentColumns'
import { estimatorColumns } from '@renderer/views/estimator/estimatorColumns'
import { searchRunColumns } from '@renderer/views/search/searchRunColumns'
import { workloadColumns } from '@renderer/views/workload/workloadColumns'
import type { Run } from '@shared/contract/run'
import { sampleEstimator } from '../../../../e2e/support/sampleEstimator'
import { sampleDeployment, sampleSearch } from '../../../../e2e/support/sampleModel'
import { sampleRuns } from '../../../../e2e/support/sampleRuns'
import { sampleWorkload } from '../../../../e2e/support/sampleWorkload'

const run = sampleRuns[0]!
const shown = (columns: readonly TableColumn<Run>[]): Record<string, string> =>
  Object.fromEntries(columns.map((column) => [column.title, column.text(run)]))
const values = (columns: readonly TableColumn<Run>[]): Record<string, unknown> =>
  Object.fromEntries(columns.map((column) => [column.title, cellValue(column, run)]))

describe('what stored runs of a page came to', () => {
  it('of a search: its budget, the best scheme by cost and scores', () => {
    const columns = searchRunColumns(() => sampleSearch)
    expect(shown(columns)).toMatchObject({ Budget: '75 %', 'Test items': '89.30 %' })
    expect(values(columns)).toMatchObject({ Budget: 75, 'Test items': 89.3 })
    expect(values(columns)['Cost']).toBeCloseTo((100 * sampleSearch.best!.cost) / 4_200_000, 9)
    const unlimited = { ...sampleSearch, best: null, test: null }
    unlimited.request = { ...unlimited.request, budgetRatio: null }
    expect(shown(searchRunColumns(() => unlimited))).toMatchObject({
      ...{ Budget: 'none', Cost: '–', 'Test items': '–' }
    })
  })

  it('of a search whose score is no share: the score itself', () => {
    const columns = searchRunColumns(() => ({ ...sampleSearch, metric: 'R²' }))
    expect(values(columns)['Test items']).toBe(0.893)
  })

  it('of a deployment: whether outputs are equal, accuracy, counts', () => {
    const columns = deploymentColumns(() => sampleDeployment)
    expect(shown(columns)).toMatchObject({ Outputs: 'bit-exact', Accuracy: '89.50 %', Counted: '3.14 M' })
    expect(values(columns)).toMatchObject({ Accuracy: 89.5, Counted: sampleDeployment.measured })
    expect(shown(deploymentColumns(() => ({ ...sampleDeployment, bitExact: false })))).toMatchObject({
      Outputs: 'different'
    })
  })

  it('of a workload run: steps that are done, of an estimator: its error on what was held out', () => {
    const done = sampleWorkload.steps.filter(({ state }) => state === 'done').length
    expect(shown(workloadColumns(() => sampleWorkload))['Steps done']).toBe(
      `${done} of ${sampleWorkload.steps.length}`
    )
    expect(values(estimatorColumns(() => sampleEstimator.estimator))).toMatchObject({
      ...{ 'Held-out error': 3.1, Stages: 3, Rows: 480 }
    })
  })

  it('of a run that the page does not know yet: nothing, and never 0', () => {
    for (const columns of [searchRunColumns, deploymentColumns, workloadColumns, estimatorColumns])
      for (const column of columns(() => null)) expect(cellValue(column, run), column.title).toBeNull()
  })
})
