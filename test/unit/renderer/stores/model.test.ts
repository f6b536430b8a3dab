import { expect, it, vi } from 'vitest'
import { useModels } from '@renderer/stores/model'
import { sampleModel } from '../../../e2e/support/sampleModel'
import { sampleHandlers } from '../../../e2e/support/sampleServices'
import { withClient } from './withClient'

/** Networks whose facts come when the test says so. */
function slowNetworks(): Map<string, () => void> {
  const replies = new Map<string, () => void>()
  withClient({
    'model.info': ({ modelId }) =>
      new Promise((resolve) =>
        replies.set(modelId, () => resolve({ model: { ...sampleModel, id: modelId } }))
      ),
    'model.list': () => ({
      ...sampleHandlers['model.list']!({}),
      models: [{ ...sampleModel, id: 'first' }]
    }),
    'model.useDataSet': ({ dataSet }) => ({ dataSet }),
    'model.evaluations': () => ({ evaluations: [] }),
    'model.sensitivities': () => ({ rows: [] }),
    'model.ranges': () => ({ ranges: null })
  })
  return replies
}

it('keeps the network that was chosen last, however slow an earlier one is read', async () => {
  const replies = slowNetworks()
  const models = useModels()
  const both = [models.select.run('slow'), models.select.run('fast')]
  await vi.waitFor(() => expect(replies.size).toBe(2))
  replies.get('fast')!()
  await vi.waitFor(() => expect(models.open?.id).toBe('fast'))
  replies.get('slow')!()
  await Promise.all(both)
  expect(models.open?.id).toBe('fast')
})

it('does not open the first of the list over a network that was chosen meanwhile', async () => {
  const replies = slowNetworks()
  const models = useModels()
  const loaded = models.load.run()
  await vi.waitFor(() => expect(replies.has('first')).toBe(true))
  const chosen = models.select.run('mine')
  replies.get('first')!()
  await loaded
  expect(models.open).toBeNull()
  replies.get('mine')!()
  await chosen
  expect(models.open?.id).toBe('mine')
})

it('does not go back to a network whose data set was still being set', async () => {
  const replies = slowNetworks()
  const models = useModels()
  const first = models.select.run('first')
  replies.get('first')!()
  await first
  replies.clear()
  const set = models.useDataSet.run('own')
  await vi.waitFor(() => expect(replies.has('first')).toBe(true))
  const other = models.select.run('other')
  await vi.waitFor(() => expect(replies.has('other')).toBe(true))
  replies.get('other')!()
  await other
  replies.get('first')!()
  await set
  expect(models.open?.id).toBe('other')
})
