// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import DatasetView from '@renderer/views/DatasetView.vue'
import { sampleDataSet } from '../../../../e2e/support/sampleDataSet'
import { mountView, settle } from '../../mountView'
import { withClient } from '../../stores/withClient'

it('shows what was read another way than it may have been meant, in the words of the page', async () => {
  const set = {
    ...sampleDataSet,
    notes: ['y holds whole numbers. If they are classes, add the set again with --task classification.']
  }
  withClient({
    'dataset.list': () => ({ dataSets: [set] }),
    'dataset.info': () => ({ dataSet: set }),
    'dataset.preview': () => ({ items: [] })
  })
  const view = mountView(DatasetView, {})
  await settle()
  expect([...view.root.querySelectorAll('[role="note"]')].map((one) => one.textContent?.trim())).toEqual([
    'y holds whole numbers. If they are classes, add the set again with the task “classification”.'
  ])
  view.unmount()
})
