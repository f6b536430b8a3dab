import { AppError } from '@shared/errors'
import { ref, type Ref } from 'vue'
import type { Client } from '../../client/client'
import { primaryOf, type NamedFile } from './droppedFiles'

/** Files of this machine sent to the host. */
export interface FileSending {
  /** What is being sent, in bytes; null: nothing. */
  readonly sending: Ref<{ name: string; sentBytes: number; totalBytes: number } | null>
  /**
   * Sends files as one group and returns the path of the one that is meant; a folder's path where one was chosen.
   *
   * @throws input.invalid for a file over the host's limit
   */
  send(files: readonly NamedFile[]): Promise<string>
  cancelSending(): void
}

/** Nothing is sent at first. */
export function createFileSending(client: Client): FileSending {
  const sending: FileSending['sending'] = ref(null)
  let stop: AbortController | null = null

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

  return { sending, send, cancelSending: () => stop?.abort() }
}

/** A sent folder is meant whole: all its files share the first part of their names. */
function placeOf(files: readonly NamedFile[], folder: string, paths: readonly string[]): string {
  const [top] = (files[0]?.name ?? '').split('/')
  const isFolder = files.length > 0 && files.every(({ name }) => name.startsWith(`${top}/`))
  const one = isFolder ? `${folder}/${top}` : primaryOf(paths)
  const isMany =
    !isFolder && files.length > 1 && files.every(({ name }) => /\.(png|jpe?g|bmp|wav)$/i.test(name))
  return isMany ? folder : (one ?? '')
}

const tooLarge = (name: string, maxBytes: number): AppError =>
  new AppError(
    'input.invalid',
    `${name} is larger than ${maxBytes / 2 ** 30} GiB, the most that is sent.`,
    'Copy it to the machine that runs Bitbench and type its path.'
  )
