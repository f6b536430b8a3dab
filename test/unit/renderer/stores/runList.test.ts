// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import type { Run } from '@shared/contract/run'
import { useRunLists } from '@renderer/stores/runList'
import { sampleRuns } from '../../../e2e/support/sampleRuns'
import { withClient } from './withClient'

it('keeps the newest list of a kind when an older reply comes later', async () => {
  const replies: ((runs: readonly Run[]) => void)[] = []
  withClient({
    'run.list': () => new Promise((resolve) => replies.push((runs) => resolve({ runs: [...runs] }))) as never
  })
  const lists = useRunLists()
  const runs = (...ids: string[]): Run[] => ids.map((id) => ({ ...sampleRuns[0]!, id }))
  const first = lists.load.run('search')
  const second = lists.load.run('search')
  const other = lists.load.run('proxy')
  await Promise.resolve()
  replies[1]!(runs('new'))
  replies[2]!(runs('proxy'))
  await Promise.all([second, other])
  replies[0]!(runs('old'))
  await first
  expect(lists.ofKind('search').map(({ id }) => id)).toEqual(['new'])
  expect(lists.ofKind('proxy').map(({ id }) => id)).toEqual(['proxy'])
})

it('keeps a name that was given while the list was read, and what the list says else', async () => {
  let reply: (runs: Run[]) => void = () => undefined
  const client = withClient({
    'run.list': () => new Promise((resolve) => (reply = (runs) => resolve({ runs }))) as never
  })
  const lists = useRunLists()
  const run: Run = { ...sampleRuns[0]!, id: 's1', name: null, state: 'done' }
  const loading = lists.load.run('search')
  await Promise.resolve()
  client.emit('run.changed', { ...run, name: 'Mine', state: 'running' })
  reply([run, { ...run, id: 's2' }])
  await loading
  expect(lists.ofKind('search').map(({ name, state }) => [name, state])).toEqual([
    ['Mine', 'done'],
    [null, 'done']
  ])
})
