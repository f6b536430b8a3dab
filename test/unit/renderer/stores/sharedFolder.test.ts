import { describe, expect, it } from 'vitest'
import { useSharedFolder } from '@renderer/stores/sharedFolder'
import { AppError } from '@shared/errors'
import { sampleSharedRuns, sampleSharedStatus } from '../../../e2e/support/sampleShared'
import { withClient } from './withClient'

const none = { ...sampleSharedStatus, folder: null, hosts: [], leftOut: [] }

describe('store of the shared folder', () => {
  it('names a folder without the spaces around it, and no name where none is written', async () => {
    const client = withClient({ 'shared.use': () => sampleSharedStatus })
    const store = useSharedFolder()
    Object.assign(store.draft, { folder: ' /mnt/lab ', name: ' ', reuse: false })
    await store.use.run()
    expect(client.calls.at(-1)).toEqual({
      name: 'shared.use',
      input: { folder: '/mnt/lab', name: null, reuse: false }
    })
    expect([store.isNamed, store.draft.folder]).toEqual([true, ''])
  })

  it('keeps the folder and its name where only the use of results changes', async () => {
    const client = withClient({
      'shared.status': () => sampleSharedStatus,
      'shared.use': () => sampleSharedStatus
    })
    const store = useSharedFolder()
    await store.setReuse.run(false)
    expect(client.calls).toEqual([])
    await store.load.run()
    await store.setReuse.run(false)
    expect(client.calls.at(-1)?.input).toEqual({ folder: '/mnt/lab/bitbench', name: 'desk', reuse: false })
  })

  it('lists no runs, and reads none, without a folder or where it cannot be read', async () => {
    const client = withClient({ 'shared.status': () => none })
    const store = useSharedFolder()
    await store.list.run('', null)
    expect(client.calls.map(({ name }) => name)).toEqual(['shared.status'])
    expect(store.runs).toEqual([])
  })

  it('adds runs one after the other and uses those that are here already', async () => {
    const client = withClient({
      'shared.take': () => ({
        runs: [
          { id: 'p9', kind: 'proxy', title: 'its proxy', state: 'added' },
          { id: 's1', kind: 'search', title: 'Search', state: 'added' }
        ],
        models: [],
        notes: []
      })
    })
    const store = useSharedFolder()
    expect(await store.take.run(sampleSharedRuns.slice(0, 2))).toEqual(['s1', 's2'])
    expect(client.calls).toEqual([{ name: 'shared.take', input: { host: 'bench-a-51c0ffee', ids: ['s1'] } }])
  })

  it('shows why a publication ended', async () => {
    withClient({
      'shared.publish': () => {
        throw new AppError('store.exportFailed', 'There is no space left.', 'Free some.')
      }
    })
    const store = useSharedFolder()
    await store.publish.run()
    expect([store.publish.error?.code, store.outcome]).toEqual(['store.exportFailed', null])
  })
})
