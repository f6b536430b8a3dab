import { AppError } from '@shared/errors'

/** A file with its path below what was dropped or chosen. */
export interface NamedFile {
  name: string
  file: File
}

/** More files than this in one drop are refused: a set so large is read from the host's disk. */
const maxFiles = 20_000

/** Everything in a drop, folders with all below them. @throws AppError input.invalid (too many) */
export async function filesOfDrop(items: readonly DataTransferItem[]): Promise<NamedFile[]> {
  // The list of a drop is emptied as soon as its handler returns: entries are taken first.
  const taken = items.map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }))
  const found: NamedFile[] = []
  for (const { entry, file } of taken) {
    if (entry !== null) await collect(entry, '', found)
    // What is dragged from another page is a file without a place on a disk.
    else if (file !== null) found.push({ name: file.name, file })
  }
  return found
}

/** Files of an `<input>`, with their folder where one was chosen. */
export const filesOfInput = (list: FileList | null): NamedFile[] =>
  [...(list ?? [])].map((file) => ({
    name: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath,
    file
  }))

async function collect(entry: FileSystemEntry, below: string, found: NamedFile[]): Promise<void> {
  const name = below + entry.name
  if (entry.isFile) {
    if (found.length >= maxFiles) throw tooMany()
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject)
    )
    found.push({ name, file })
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  for (;;) {
    // A reader returns at most 100 entries at a time, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject)
    )
    if (some.length === 0) return
    for (const one of some) await collect(one, `${name}/`, found)
  }
}

const tooMany = (): AppError =>
  new AppError(
    'input.invalid',
    `More than ${maxFiles.toLocaleString('en')} files were dropped.`,
    'Copy the folder to the machine that runs Bitbench and type its path.'
  )

/** Endings in the order in which one of several dropped files is the one that is opened. */
const openOrder = ['bbsession', 'onnx', 'tflite', 'elf', 'bit', 'csv', 'parquet']

/** The one of several paths that is meant: a network before the data file beside it. */
export function primaryOf(paths: readonly string[]): string | undefined {
  const rank = (path: string): number => {
    // What stands beside a language model.
    if (/(^|[\\/])tokenizer[^\\/]*$/i.test(path)) return openOrder.length + 1
    const at = openOrder.indexOf(/\.([^.]+)$/.exec(path.toLowerCase())?.[1] ?? '')
    return at < 0 ? openOrder.length : at
  }
  return [...paths].sort((a, b) => rank(a) - rank(b))[0]
}
