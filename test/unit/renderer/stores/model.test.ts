import { expect, it, vi } from 'vitest'
import type { ModelInfo } from '@shared/contract/model'
import { AppError } from '@shared/errors'
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

it('shows the network with the output that was chosen, and lists it; a refusal leaves the one that is open', async () => {
  const several = { ...sampleModel, id: 'several', outputs: ['first', 'second'] }
  const other = { ...several, id: 'other', name: 'several.second', outputs: ['second', 'first'] }
  const calls: unknown[] = []
  withClient({
    'model.info': () => ({ model: several }),
    'model.list': () => ({ ...sampleHandlers['model.list']!({}), models: [several, other] }),
    'model.useOutput': (input) => {
      calls.push(input)
      if (input.output === 'none') throw new AppError('input.notFound', 'There is none.', 'Take another.')
      return { model: other }
    },
    'model.check': () => ({
      check: { readable: true, deployable: true, obstacles: [], outputs: [], output: null }
    }),
    'model.evaluations': () => ({ evaluations: [] }),
    'model.sensitivities': () => ({ rows: [] }),
    'model.ranges': () => ({ ranges: null })
  })
  const models = useModels()
  await models.select.run('several')
  await models.useOutput.run('none')
  expect([models.open?.id, models.useOutput.error?.code]).toEqual(['several', 'input.notFound'])
  await models.useOutput.run('second')
  expect(models.open?.outputs).toEqual(['second', 'first'])
  expect(models.models.map(({ name }) => name)).toContain('several.second')
  expect(models.useOutput.error).toBeNull()
  expect(calls).toEqual([
    { modelId: 'several', output: 'none' },
    { modelId: 'several', output: 'second' }
  ])
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

it('shows a file that is being opened although the page loads its list meanwhile', async () => {
  const replies = slowNetworks()
  const models = useModels()
  // A dropped file: the page opens, and with it the list is read, while the file is.
  const opened = models.select.run('mine')
  await vi.waitFor(() => expect(replies.has('mine')).toBe(true))
  const loaded = models.load.run()
  await vi.waitFor(() => expect(replies.has('first')).toBe(true))
  replies.get('mine')!()
  await opened
  expect(models.open?.id).toBe('mine')
  replies.get('first')!()
  await loaded
  expect(models.open?.id).toBe('mine')
})

/** A file that is refused, with what stands in its way known once `found` has ended, beside a list of one network. */
function refusedBeside(listed: ModelInfo, found: (path: string) => Promise<unknown>): void {
  withClient({
    'model.open': () =>
      Promise.reject(new AppError('model.unsupportedOperator', 'An operator is unknown.', 'Leave it out.')),
    'model.check': async ({ path }) => {
      await found(path)
      return {
        check: {
          ...{ readable: false, deployable: false, outputs: [], output: null },
          obstacles: [{ node: '', operator: 'Foo', message: path, hint: '' }]
        }
      }
    },
    'model.list': () => ({ ...sampleHandlers['model.list']!({}), models: [listed] }),
    'model.info': () => ({ model: listed }),
    'model.evaluations': () => ({ evaluations: [] }),
    'model.sensitivities': () => ({ rows: [] }),
    'model.ranges': () => ({ ranges: null })
  })
}

it('keeps what stands in the way of a dropped file when the page loads its list meanwhile', async () => {
  let sayCheck = (): void => undefined
  refusedBeside(
    { ...sampleModel, id: 'first', shipped: true },
    () => new Promise<void>((resolve) => (sayCheck = resolve))
  )
  const models = useModels()
  const opened = models.openFile.run('/bad.onnx')
  await models.load.run()
  expect(models.open?.id).toBe('first')
  sayCheck()
  await opened
  await vi.waitFor(() => expect(models.obstacles?.path).toBe('/bad.onnx'))
})

it('keeps them when the network that is shown meanwhile is one’s own', async () => {
  // The dropped file is large: what is in its way is found last.
  refusedBeside({ ...sampleModel, id: 'own', path: '/own.onnx', shipped: false }, async (path) => {
    if (path === '/bad.onnx') await new Promise((resolve) => setTimeout(resolve, 20))
  })
  const models = useModels()
  const opened = models.openFile.run('/bad.onnx')
  await models.load.run()
  await opened
  expect(models.open?.id).toBe('own')
  expect(models.obstacles?.path).toBe('/bad.onnx')
})
