import type { InspectedFile } from '@shared/contract/file'
import type { FileKind } from '@shared/vocabulary'
import { AppError } from '@shared/errors'
import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { Client, CommandInput } from '../client/client'
import { useClient } from '../client/current'
import { createAction, forgetOnChange } from './window/action'
import { primaryOf, type NamedFile } from './window/droppedFiles'
import { createFileSending } from './window/fileSending'
import { useModels } from './model'
import { useNavigation, type PageId } from './window/navigation'
import { createRecentFileList } from './window/recentFileList'

/** The page that can use a kind of file. */
const pageOfKind: Readonly<Record<Exclude<FileKind, 'unknown'>, PageId>> = {
  network: 'model',
  languageModel: 'lm',
  session: 'runs',
  program: 'boards',
  bitstream: 'boards',
  boardDescription: 'boards',
  kernelSamples: 'profile',
  stageSamples: 'estimator',
  recording: 'gpu',
  dataset: 'dataset'
}

/** Files a person opens: chosen, dropped, sent, handed over by the desktop, or opened before. */
export const useFiles = defineStore('file', () => {
  const client = useClient()
  const navigation = useNavigation()
  const models = useModels()
  /** A file for the page that can use it, until that page takes it. */
  const offered = ref<InspectedFile | null>(null)
  const { sending, send, cancelSending } = createFileSending(client)
  const { recent, remember, load, forget } = createRecentFileList(client)
  /** The window has the system's own dialogs and knows the paths of files. */
  const isDesktop = client.kind === 'ipc'

  async function inspect(path: string): Promise<InspectedFile> {
    return (await client.call('file.inspect', { path })).file
  }

  /** Opens a network or imports a session; false: the page that is shown names the error. */
  async function openAtOnce({ kind, path, name }: InspectedFile): Promise<boolean> {
    if (kind === 'network') return (await models.openFile.run(path)) !== undefined
    await importSession(client, path, name)
    return true
  }

  /** Opens the page that can use a file, with it. */
  const openPath = createAction(async (path: string) => {
    const file = await inspect(path)
    if (file.kind === 'unknown') throw notKnown(file.name)
    navigation.open(pageOfKind[file.kind])
    if (file.kind === 'network' || file.kind === 'session') {
      if (!(await openAtOnce(file))) return file
    } else offered.value = file
    await remember(file)
    return file
  })

  /** Opens what was dropped: by its path where that is known, else it is sent first. */
  type Dropped = readonly NamedFile[] | Promise<readonly NamedFile[]>
  const openDropped = createAction(async (dropped: Dropped, folder: string | null) => {
    const files = await dropped
    if (files.length === 0 && folder === null) throw nothingDropped()
    const known = folder ?? primaryOf(pathsOf(files))
    const path = known ?? (await send(files))
    await openPath.run(path)
  })
  const pathsOf = (files: readonly NamedFile[]): string[] =>
    files.map(({ file }) => client.pathOf(file)).filter((path) => path !== null)

  /** A file or folder for a field: its path; null: cancelled. */
  const pick = createAction(async (request: CommandInput<'file.pick'>) => {
    return (await client.call('file.pick', request, { timeoutMs: 3_600_000 })).path
  })
  const sendChosen = createAction(send)

  const takeHanded = createAction(async () => {
    const { paths } = await client.call('file.takeHanded', {})
    const path = primaryOf(paths)
    if (path !== undefined) await openPath.run(path)
  })
  client.subscribe('file.handed', () => void takeHanded.run())

  // Another page was opened by hand: what the last drop came to is read.
  forgetOnChange(() => navigation.current, [openDropped, openPath])

  /** The offered file, once, if it is of one of these kinds. */
  function take(...kinds: FileKind[]): InspectedFile | null {
    const file = offered.value
    if (file === null || !kinds.includes(file.kind)) return null
    offered.value = null
    return file
  }

  return {
    ...{ recent, offered, sending, isDesktop, inspect, remember, take, openPath, openDropped },
    ...{ pick, sendChosen, cancelSending, load, forget, takeHanded, pathOf: client.pathOf }
  }
})

/** Imports a session; its errors name the file as the user knows it. */
async function importSession(client: Client, path: string, name: string): Promise<void> {
  try {
    await client.call('session.import', { file: path }, { timeoutMs: 600_000 })
  } catch (reason) {
    // Where a file was sent to means nothing to the user, who dropped it under its name.
    const { code, message, hint, details } = AppError.from(reason)
    const named = message.replaceAll(path, () => name)
    throw new AppError(code, named, hint, details && { details })
  }
}

const nothingDropped = (): AppError =>
  new AppError('input.invalid', 'Nothing in it is a file.', 'Drop a file, or a folder with files in it.')

const notKnown = (name: string): AppError =>
  new AppError(
    'input.unsupported',
    `${name} is of no kind that Bitbench opens.`,
    'Networks (ONNX, TFLite), language models (llama2.c), programs (ELF, bin), bitstreams, descriptions of boards (csr.csv, device trees), samples and recordings (CSV, Parquet), data sets (folders, NPZ, IDX, WAV, …) and sessions are opened.'
  )
