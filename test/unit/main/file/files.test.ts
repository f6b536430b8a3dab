import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileService, type DesktopRecent, type FileDialogs } from '@main/file/fileService'
import { hostPath } from '@main/file/homePath'
import { inspectPath } from '@main/file/inspectPath'
import { createRecentFiles } from '@main/file/recentFiles'
import { createUploads } from '@main/file/uploads'
import { createFileDialogs } from '@main/hosts/fileDialogs'
import { filesOfArguments } from '@main/hosts/desktopFiles'
import { makeNamedPipe } from '../../../support/namedPipe'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bitbench files '))
})
afterEach(() => rm(folder, { recursive: true, force: true }))
const context = { signal: new AbortController().signal }

describe('a typed path', () => {
  it.each([
    ['~', '/home/me'],
    ['~/nets/a.onnx', '/home/me/nets/a.onnx'],
    ['~other/a', '~other/a'],
    ['a~b', 'a~b'],
    ['/x y/z', '/x y/z'],
    ['file:///x%20y/z', '/x y/z'],
    ['file:///C:/x', 'C:/x'],
    ['file://localhost/x', '/x'],
    ['file://nas/x', 'file://nas/x'],
    ['rel/ative', 'rel/ative']
  ])('%j is %j', (typed, meant) => expect(hostPath(typed, '/home/me')).toBe(meant))
})

describe('what is at a path', () => {
  it('recognises files and folders', async () => {
    const elf = path.join(folder, 'prog')
    await writeFile(elf, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0]))
    expect(await inspectPath(elf)).toEqual({
      ...{ path: elf, name: 'prog', kind: 'program', isFolder: false, isElf: true, sizeBytes: 5 }
    })
    expect(await inspectPath(folder)).toMatchObject({ kind: 'dataset', isFolder: true })
    expect(await inspectPath(`file://${encodeURI(elf)}`)).toMatchObject({ path: elf })
  })

  it('refuses what is not there, relative paths, and what is neither file nor folder', async () => {
    await expect(inspectPath(path.join(folder, 'none'))).rejects.toMatchObject({ code: 'input.notFound' })
    await expect(inspectPath('rel')).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(inspectPath('/a\0b')).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(inspectPath('/dev/zero')).rejects.toMatchObject({ code: 'input.invalid' })
    const pipe = path.join(folder, 'pipe')
    makeNamedPipe(pipe)
    await expect(inspectPath(pipe)).rejects.toMatchObject({ code: 'input.invalid' })
  })
})

describe('recent files', () => {
  it('are kept newest first, once each, at most 20, and survive a restart', async () => {
    const file = path.join(folder, 'data', 'recent.json')
    const recent = createRecentFiles(file)
    await Promise.all(
      Array.from({ length: 25 }, (_, at) =>
        recent.remember({ path: `/f${at % 22}`, kind: 'network', openedAtMs: at })
      )
    )
    const again = await createRecentFiles(file).list()
    expect(again).toHaveLength(20)
    expect(again.slice(0, 4).map((one) => one.path)).toEqual(['/f2', '/f1', '/f0', '/f21'])
    expect((await recent.forget('/f1')).map((one) => one.path).slice(0, 2)).toEqual(['/f2', '/f0'])
    expect(await recent.forget(null)).toEqual([])
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual([])
  })

  it('a damaged list is empty, and is replaced', async () => {
    const file = path.join(folder, 'recent.json')
    await writeFile(file, '{"half')
    const recent = createRecentFiles(file)
    expect(await recent.list()).toEqual([])
    expect(await recent.remember({ path: '/a', kind: 'session', openedAtMs: 1 })).toHaveLength(1)
  })

  it('an entry of another version costs only itself', async () => {
    const file = path.join(folder, 'recent.json')
    const good = { path: '/a', kind: 'session', openedAtMs: 1 }
    await writeFile(file, JSON.stringify([{ path: '/b', kind: 'newer', openedAtMs: 2 }, good]))
    expect(await createRecentFiles(file).list()).toEqual([good])
  })

  it('a list that cannot be written fails once and not forever', async () => {
    const file = path.join(folder, 'recent.json')
    const recent = createRecentFiles(file)
    await mkdir(file)
    const entry = { path: '/a', kind: 'session', openedAtMs: 1 } as const
    await expect(recent.remember(entry)).rejects.toMatchObject({ code: 'store.exportFailed' })
    await rm(file, { recursive: true })
    expect(await recent.remember(entry)).toEqual([entry])
  })
})

describe('file service', () => {
  const create = (
    dialogs: FileDialogs | null,
    emitted: string[] = [],
    desktopRecent: DesktopRecent | null = null
  ) =>
    createFileService({
      ...{ dialogs, desktopRecent },
      recent: createRecentFiles(path.join(folder, 'recent.json')),
      uploads: createUploads(path.join(folder, 'uploads')),
      nowMs: () => 7,
      emit: (event) => void emitted.push(event),
      usedPaths: async () => []
    })

  it('gives out paths of the desktop once', async () => {
    const emitted: string[] = []
    const service = create(null, emitted)
    service.hand([])
    expect(emitted).toEqual([])
    service.hand(['/a', '/b'])
    expect(emitted).toEqual(['file.handed'])
    expect(await service.handlers['file.takeHanded']({}, context)).toEqual({ paths: ['/a', '/b'] })
    expect(await service.handlers['file.takeHanded']({}, context)).toEqual({ paths: [] })
  })

  it('keeps the list of the desktop as its own: what was opened, in order, without what was forgotten', async () => {
    let shown: string[] = []
    const { handlers } = create(null, [], {
      add: (file) => void (shown = [file, ...shown.filter((one) => one !== file)]),
      clear: () => void (shown = [])
    })
    for (const name of ['/a.onnx', '/b.onnx', '/a.onnx'])
      await handlers['file.remember']({ path: name, kind: 'network' }, context)
    expect(shown).toEqual(['/a.onnx', '/b.onnx'])
    await handlers['file.remember']({ path: '/c.onnx', kind: 'network' }, context)
    await handlers['file.forget']({ path: '/a.onnx' }, context)
    expect(shown).toEqual(['/c.onnx', '/b.onnx'])
    await handlers['file.forget']({ path: null }, context)
    expect(shown).toEqual([])
  })

  it('has no dialog without a desktop window', async () => {
    const request = { what: 'file', title: 'x', endings: [], name: '' } as const
    const picked = create(null).handlers['file.pick']({ ...request, endings: [] }, context)
    await expect(picked).rejects.toMatchObject({ code: 'input.unsupported' })
  })

  it('asks the system for a file, a folder, and a name to save under', async () => {
    const asked: unknown[] = []
    const dialogs = createFileDialogs(
      {
        showOpenDialog: async (_window, options) => {
          asked.push(options)
          return { canceled: false, filePaths: ['/chosen'] }
        },
        showSaveDialog: async (_window, options) => {
          asked.push(options)
          return { canceled: true, filePath: '' }
        }
      },
      () => 'window'
    )
    const { handlers } = create(dialogs)
    const pick = (what: 'file' | 'folder' | 'save', endings: string[] = []) =>
      handlers['file.pick']({ what, title: 'Network', endings, name: 'a.csv' }, context)
    expect(await pick('file', ['onnx'])).toEqual({ path: '/chosen' })
    expect(asked[0]).toMatchObject({
      properties: ['openFile'],
      filters: [{ name: 'Network', extensions: ['onnx'] }, { extensions: ['*'] }]
    })
    expect(await pick('folder')).toEqual({ path: '/chosen' })
    expect(asked[1]).toMatchObject({ properties: ['openDirectory', 'createDirectory'] })
    expect(await pick('save')).toEqual({ path: null })
    expect(asked[2]).toMatchObject({ defaultPath: 'a.csv' })
    const none = createFileDialogs({} as never, () => null)
    expect(await none.pick({ what: 'file', title: '', endings: [], name: '' })).toBeNull()
  })
})

describe('files among the arguments of a start', () => {
  it('are those that are there, made absolute; options and the program itself are none', () => {
    const isThere = (file: string): boolean => !file.endsWith('absent')
    const argv = ['/opt/bitbench', '--no-sandbox', 'a b.onnx', '/x/s.bbsession', 'absent', '']
    expect(filesOfArguments(argv, '/home/me', true, isThere)).toEqual(['/home/me/a b.onnx', '/x/s.bbsession'])
    expect(filesOfArguments(['electron', '.', '--x', 'n.onnx'], '/h', false, isThere)).toEqual(['/h/n.onnx'])
    expect(filesOfArguments([], '/h', true, isThere)).toEqual([])
  })
})
