import type { InspectedFile, RecentFile } from '@shared/contract/file'
import type { FileKind } from '@shared/vocabulary'
import { AppError } from '@shared/errors'
import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { CommandInput } from '../client/client'
import { useClient } from '../client/current'
import { createAction, forgetOnChange } from './window/action'
import { primaryOf, type NamedFile } from './window/droppedFiles'
import { useModels } from './model'
import { useNavigation, type PageId } from './window/navigation'

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
  const recent = ref<RecentFile[]>([])
  /** A file for the page that can use it, until that page takes it. */
  const offered = ref<InspectedFile | null>(null)
  /** What is being sent, in bytes; null: nothing. */
  const sending = ref<{ name: string; sentBytes: number; totalBytes: number } | null>(null)
  let stop: AbortController | null = null
  /** The window has the system's own dialogs and knows the paths of files. */
  const isDesktop = client.kind === 'ipc'

  async function inspect(path: string): Promise<InspectedFile> {
    return (await client.call('file.inspect', { path })).file
  }

  /** Sends files as one group and returns the path of the one that is meant; a folder's path where one was chosen. */
  async function send(files: readonly NamedFile[]): Promise<string> {
    await checkSizes(files)
    const group = crypto.randomUUID()
    const totalBytes = files.reduce((sum, { file }) => sum + file.size, 0)
    const paths: string[] = []
    let folder = ''
    let doneBytes = 0
    stop = new AbortController()
    try {
      for (const { name, file } of files) {
        sending.value = { name, sentBytes: doneBytes, totalBytes }
        const onProgress = (sent: number): void => {
          sending.value = { name, sentBytes: doneBytes + Math.min(sent, file.size), totalBytes }
        }
        const reply = await client.upload(file, { group, name }, { onProgress, signal: stop.signal })
        doneBytes += file.size
        paths.push(reply.path)
        folder = reply.folder
      }
    } finally {
      sending.value = null
      stop = null
    }
    return placeOf(files, folder, paths)
  }

  async function checkSizes(files: readonly NamedFile[]): Promise<void> {
    const { maxFileBytes } = await client.call('file.uploads', {})
    const large = files.find(({ file }) => file.size > maxFileBytes)
    if (large !== undefined) throw tooLarge(large.name, maxFileBytes)
  }

  /** Opens a network or imports a session; false: the page that is shown says what was wrong. */
  async function openAtOnce({ kind, path, name }: InspectedFile): Promise<boolean> {
    if (kind === 'network') return (await models.openFile.run(path)) !== undefined
    try {
      await client.call('session.import', { file: path }, { timeoutMs: 600_000 })
    } catch (reason) {
      // Where a file was sent to says nothing to the user, who dropped it under its name.
      const { code, message, hint, details } = AppError.from(reason)
      throw new AppError(
        code,
        message.replaceAll(path, () => name),
        hint,
        details && { details }
      )
    }
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

  async function remember({ path, kind }: Pick<InspectedFile, 'path' | 'kind'>): Promise<void> {
    recent.value = (await client.call('file.remember', { path, kind })).files
  }

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

  const load = createAction(async () => {
    recent.value = (await client.call('file.recent', {})).files
  })
  const forget = createAction(async (path: string | null) => {
    recent.value = (await client.call('file.forget', { path })).files
  })
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
    ...{ pick, sendChosen, load, forget, takeHanded, pathOf: client.pathOf },
    cancelSending: () => stop?.abort()
  }
})

/** A sent folder is meant whole: all its files share the first part of their names. */
function placeOf(files: readonly NamedFile[], folder: string, paths: readonly string[]): string {
  const [top] = (files[0]?.name ?? '').split('/')
  const isFolder = files.length > 0 && files.every(({ name }) => name.startsWith(`${top}/`))
  const one = isFolder ? `${folder}/${top}` : primaryOf(paths)
  const isMany =
    !isFolder && files.length > 1 && files.every(({ name }) => /\.(png|jpe?g|bmp|wav)$/i.test(name))
  return isMany ? folder : (one ?? '')
}

const nothingDropped = (): AppError =>
  new AppError('input.invalid', 'Nothing in it is a file.', 'Drop a file, or a folder with files in it.')

const notKnown = (name: string): AppError =>
  new AppError(
    'input.unsupported',
    `${name} is of no kind that Bitbench opens.`,
    'Networks (ONNX, TFLite), language models (llama2.c), programs (ELF, bin), bitstreams, descriptions of boards (csr.csv, device trees), samples and recordings (CSV, Parquet), data sets (folders, NPZ, IDX, WAV, …) and sessions are opened.'
  )

const tooLarge = (name: string, maxBytes: number): AppError =>
  new AppError(
    'input.invalid',
    `${name} is larger than ${maxBytes / 2 ** 30} GiB, the most that is sent.`,
    'Copy it to the machine that runs Bitbench and type its path.'
  )
