// @vitest-environment happy-dom
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { settings } from './settingsForTest'
import type { MemoryClient, MemoryHandlers } from '@renderer/client/memoryClient'
import { primaryOf } from '@renderer/stores/window/droppedFiles'
import { useFiles } from '@renderer/stores/file'
import { useLastRuns } from '@renderer/stores/window/lastRuns'
import { usePanes } from '@renderer/stores/window/panes'
import { useNavigation } from '@renderer/stores/window/navigation'
import { useBoards } from '@renderer/stores/board'
import { useModels } from '@renderer/stores/model'
import { restoreWorkspace } from '@renderer/stores/window/workspace'
import type { FileKind } from '@shared/vocabulary'
import { AppError } from '@shared/errors'
import { withClient } from './withClient'

const found = (path: string, kind: FileKind) => ({
  file: { path, name: path.split('/').at(-1)!, kind, isFolder: false, isElf: false, sizeBytes: 9 }
})
const handlers = (kind: FileKind): MemoryHandlers => ({
  'file.inspect': ({ path }) => found(path, kind),
  'file.remember': ({ path, kind: remembered }) => ({
    files: [{ path, kind: remembered, openedAtMs: 1 }]
  }),
  'file.uploads': () => ({ files: 0, sizeBytes: 0, maxFileBytes: 2 ** 30, maxTotalBytes: 2 ** 34 })
})

describe('files that are opened', () => {
  it.each([
    ['program', 'boards'],
    ['bitstream', 'boards'],
    ['kernelSamples', 'profile'],
    ['stageSamples', 'estimator'],
    ['recording', 'gpu'],
    ['languageModel', 'lm'],
    ['dataset', 'dataset']
  ] as const)('a %s is offered to the page %s, once', async (kind, page) => {
    withClient(handlers(kind))
    const files = useFiles()
    await files.openPath.run('/x/file')
    expect(useNavigation().current).toBe(page)
    expect(files.take('network')).toBeNull()
    expect(files.take(kind)?.path).toBe('/x/file')
    expect(files.take(kind)).toBeNull()
    expect(files.recent).toEqual([{ path: '/x/file', kind, openedAtMs: 1 }])
  })

  it('a session is imported and its runs are shown', async () => {
    const client = withClient({
      ...handlers('session'),
      'session.import': () => ({ runs: [], models: [], notes: [] })
    })
    await useFiles().openPath.run('/s.bbsession')
    expect(useNavigation().current).toBe('runs')
    expect(client.calls.map(({ name }) => name)).toContain('session.import')
  })

  it('a session that is refused is named as it was dropped; the error is over on another page', async () => {
    withClient({
      ...handlers('session'),
      'session.import': ({ file }) => {
        const message = `${file} was written by a newer Bitbench.`
        throw new AppError('session.newer', message, 'Update Bitbench.', { details: { format: 9 } })
      }
    })
    const files = useFiles()
    await files.openPath.run('/data/uploads/3f/$&mine.bbsession')
    expect(files.openPath.error?.message).toBe('$&mine.bbsession was written by a newer Bitbench.')
    expect(files.openPath.error?.details).toEqual({ format: 9 })
    useNavigation().open('search')
    expect(files.openPath.error).toBeNull()
  })

  it('a network that cannot be read is not remembered; its error stays on the Model page', async () => {
    const client = withClient({
      ...handlers('network'),
      'model.open': () => {
        throw new AppError('model.invalid', 'No network.', 'Export it again.')
      }
    })
    await useFiles().openPath.run('/bad.onnx')
    expect(useNavigation().current).toBe('model')
    expect(useModels().openFile.error?.code).toBe('model.invalid')
    expect(client.calls.map(({ name }) => name)).not.toContain('file.remember')
  })

  it('a file of no known kind is refused with what is opened', async () => {
    withClient(handlers('unknown'))
    const files = useFiles()
    await files.openPath.run('/a.docx')
    expect(files.openPath.error).toMatchObject({ code: 'input.unsupported' })
    expect(files.offered).toBeNull()
  })

  it('of a browser are sent as one group; the network beside its data is the one that is opened', async () => {
    const client = withClient({ ...handlers('dataset') })
    const files = useFiles()
    const named = (name: string) => ({ name, file: new File(['abc'], name) })
    await files.openDropped.run([named('net.onnx.data'), named('net.onnx')], null)
    const sent = client.calls.filter(({ name }) => name === 'upload').map(({ input }) => input)
    const [first, second] = sent as { group: string; name: string }[]
    expect(first!.group).toBe(second!.group)
    expect([first!.name, second!.name]).toEqual(['net.onnx.data', 'net.onnx'])
    expect(client.calls.find(({ name }) => name === 'file.inspect')?.input).toEqual({
      path: `/uploads/${first!.group}/net.onnx`
    })
    expect(files.sending).toBeNull()
  })

  it('a sent folder is opened as a folder', async () => {
    const client = withClient(handlers('dataset'))
    const named = (name: string) => ({ name, file: new File(['x'], name) })
    await useFiles().openDropped.run([named('pets/cat/1.png'), named('pets/dog/1.png')], null)
    const path = (client.calls.find(({ name }) => name === 'file.inspect')?.input as { path: string }).path
    expect(path).toMatch(/^\/uploads\/[\w-]{36}\/pets$/)
  })

  it('too large a file is refused before anything is sent', async () => {
    const client = withClient({
      ...handlers('dataset'),
      'file.uploads': () => ({ files: 0, sizeBytes: 0, maxFileBytes: 2, maxTotalBytes: 9 })
    })
    const files = useFiles()
    await files.openDropped.run([{ name: 'a.npz', file: new File(['abc'], 'a.npz') }], null)
    expect(files.openDropped.error?.code).toBe('input.invalid')
    expect(client.calls.map(({ name }) => name)).toEqual(['file.uploads'])
  })

  it('a drop that cannot be read is reported', async () => {
    withClient(handlers('dataset'))
    const files = useFiles()
    const tooMany = new AppError('input.invalid', 'More than 20,000 files were dropped.', 'Type its path.')
    await files.openDropped.run(Promise.reject(tooMany), null)
    expect(files.openDropped.error?.message).toBe('More than 20,000 files were dropped.')
  })

  it('what the desktop hands over is opened when it is told of', async () => {
    const client = withClient({
      ...handlers('program'),
      'file.takeHanded': () => ({ paths: ['/p.elf'] })
    })
    const files = useFiles()
    client.emit('file.handed', { ok: true })
    await expect.poll(() => files.offered?.path).toBe('/p.elf')
  })
})

describe('the one of several files', () => {
  it('is a session before a network before tables', () => {
    expect(primaryOf(['/a.csv', '/b.ONNX', '/b.onnx.data'])).toBe('/b.ONNX')
    expect(primaryOf(['/a.onnx', '/b.bbsession'])).toBe('/b.bbsession')
    expect(primaryOf(['/x', '/y'])).toBe('/x')
    expect(primaryOf([])).toBeUndefined()
  })
})

describe('the workspace', () => {
  const workspace = {
    ...{ page: 'search', modelId: 'm7', boardId: 'virtual:big', dataSet: 'mine' },
    ...{ runs: { recording: 'r1' }, sizes: { boards: 61 } }
  }

  it('is restored, and saved when something else is looked at', async () => {
    location.hash = ''
    const client = withClient({
      'app.settings': () => ({ ...settings, workspace }),
      'app.saveSettings': (patch) => ({ ...settings, ...patch }) as typeof settings
    })
    await restoreWorkspace(client)
    expect(useNavigation().current).toBe('search')
    expect(useBoards().chosenId).toBe('virtual:big')
    expect(usePanes().sizes).toEqual({ boards: 61 })
    useNavigation().open('runs')
    useLastRuns().note('search', 's4')
    usePanes().resize('console', 300)
    usePanes().resize('boards', null)
    const saved = (): unknown => client.calls.find(({ name }) => name === 'app.saveSettings')?.input
    const runs = { recording: 'r1', search: 's4' }
    await expect
      .poll(saved)
      .toEqual({ workspace: { ...workspace, page: 'runs', runs, sizes: { console: 300 } } })
  })

  it('gives way to an address that names a page, and to a host that does not reply', async () => {
    location.hash = '#/deploy'
    await restoreWorkspace(withClient({ 'app.settings': () => ({ ...settings, workspace }) }))
    expect(useNavigation().current).toBe('deploy')
    location.hash = ''
    await restoreWorkspace(withClient({}))
    expect(useNavigation().current).toBe('start')
  })

  /** The window as it is shown while a slow host has not replied yet. */
  async function shownBeforeReply(): Promise<{ client: MemoryClient; reply: () => Promise<void> }> {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    location.hash = ''
    let settle: () => void = () => undefined
    const replied = new Promise<void>((resolve) => (settle = resolve))
    const client = withClient({
      'app.settings': async () => {
        await replied
        return { ...settings, workspace }
      }
    })
    const restored = restoreWorkspace(client)
    await vi.advanceTimersByTimeAsync(2000)
    await restored
    return {
      client,
      async reply() {
        settle()
        await vi.advanceTimersByTimeAsync(10)
      }
    }
  }

  it.each([
    ['restored when a slow host replies', null, 'search'],
    ['left as it is where something was opened before', 'runs', 'runs']
  ] as const)('is %s', async (_case, opened, shown) => {
    const { client, reply } = await shownBeforeReply()
    expect(useNavigation().current).toBe('start')
    if (opened !== null) useNavigation().open(opened)
    await reply()
    expect(useNavigation().current).toBe(shown)
    expect(useModels().lastId).toBe(opened === null ? 'm7' : null)
    await vi.advanceTimersByTimeAsync(2000)
    expect(client.calls.map(({ name }) => name)).toEqual(['app.settings'])
  })

  it('leaves a board and a pane as they were chosen before a slow host replied', async () => {
    const { reply } = await shownBeforeReply()
    useBoards().chosenId = 'virtual:small'
    usePanes().resize('boards', 40)
    await reply()
    expect(useNavigation().current).toBe('search')
    expect(useBoards().chosenId).toBe('virtual:small')
    expect(usePanes().sizes).toEqual({ boards: 40 })
  })

  it('ignores a page that is no more', async () => {
    location.hash = ''
    const gone = { ...workspace, page: 'nowhere' }
    await restoreWorkspace(withClient({ 'app.settings': () => ({ ...settings, workspace: gone }) }))
    expect(useNavigation().current).toBe('start')
  })
})
