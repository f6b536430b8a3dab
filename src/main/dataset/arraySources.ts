import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { invalidData } from '../../core/dataset/byteStream'
import type { ByteStream, ReadItem } from '../../core/dataset/item'
import {
  isOneHot,
  readNpy,
  readNpyHeader,
  wholeNumbers,
  type NpyFile,
  type NpyHeader,
  type NpyRole
} from '../../core/dataset/readNpy'
import { placeOfSplit, unplaced, type SplitPlace } from '../../core/dataset/splitNames'
import type { DataSetRequest } from '../../shared/contract/dataset'
import { fileStream, zipEntries } from './byteStreams'
import type { ItemSource } from './itemSource'

/** Arrays by name, each opened from its beginning when read. */
export type Arrays = ReadonlyMap<string, () => Promise<ByteStream>>

/** Arrays of an NPZ, of one NPY, or of a folder of NPY files. */
export async function arraysOf(target: string, kind: 'file' | 'folder'): Promise<Arrays> {
  if (kind === 'folder') {
    const names = (await readdir(target)).filter((name) => name.endsWith('.npy')).sort()
    return new Map(names.map((name) => [name.slice(0, -4), () => fileStream(path.join(target, name))]))
  }
  if (/\.npy(\.gz)?$/i.test(target)) return new Map([['x', () => fileStream(target)]])
  const entries = await zipEntries(target)
  return new Map(
    [...entries].filter(([name]) => name.endsWith('.npy')).map(([name, open]) => [name.slice(0, -4), open])
  )
}

const inputNames = ['x', 'data', 'images', 'inputs', 'input', 'features', 'arr_0']
const outputNames = ['y', 'labels', 'label', 'targets', 'target', 'classes', 'arr_1']

/** Arrays that were not read are named up to this number. */
const maxNamedArrays = 10

interface ArrayPair extends SplitPlace {
  readonly items: string
  readonly beside: string | null
}

/** Names of splits that arrays carry behind or before their own: of Keras and MedMNIST; none: "". */
const arraySplits = ['train', 'val', 'valid', 'test', '']

/** Which arrays are items and which are labels or targets: x/y and their usual other names, each with the names of splits. */
function pairsOf(arrays: Arrays, file: string): ArrayPair[] {
  const find = (wanted: readonly string[], split: string): string | null => {
    const ending = split === '' ? '' : `_${split}`
    const found = [...arrays.keys()].find((name) => {
      const lower = name.toLowerCase()
      return wanted.some((one) => lower === `${one}${ending}` || lower === `${split}_${one}`)
    })
    return found ?? null
  }
  const pairs: ArrayPair[] = []
  for (const split of arraySplits) {
    const items = find(inputNames, split)
    if (items === null) continue
    pairs.push({ items, beside: find(outputNames, split), ...(placeOfSplit(split) ?? unplaced) })
  }
  if (pairs.length > 0) return pairs
  const [only, ...others] = [...arrays.keys()]
  if (only === undefined || others.length > 0) {
    throw invalidData(
      file,
      `it holds ${only === undefined ? 'no arrays' : `the arrays ${[...arrays.keys()].slice(0, 10).join(', ')}`}`,
      'Name them x and y (or x_train, y_train, x_test, y_test).'
    )
  }
  return [{ items: only, beside: null, ...unplaced }]
}

/** Opens NPY or NPZ arrays as items; labels and targets come from the arrays of those names. */
export async function openArrays(
  request: DataSetRequest,
  format: 'npy' | 'npz',
  arrays: Arrays
): Promise<ItemSource> {
  const { path: file, task } = request
  const pairs = pairsOf(arrays, file)
  const notes = unusedNote([...arrays.keys()], pairs)
  const opener = (name: string) => async (): Promise<NpyFile> => ({
    name: `${path.basename(file)}: ${name}`,
    stream: await arrays.get(name)!()
  })
  let total = 0
  for (const { items } of pairs) total += (await reading(opener(items), headerOf)).shape[0] ?? 0
  const read = async function* ({ items, beside, origin, split }: ArrayPair): AsyncGenerator<ReadItem> {
    const as = beside === null ? null : await roleOf(opener(beside), task)
    if (beside !== null && as === 'target' && task === null)
      notes.push(...(await reading(opener(beside), wholeNote)))
    const first = await opener(items)()
    const second = beside === null || as === null ? null : { file: await opener(beside)(), as }
    try {
      yield* readNpy(first, second, origin, split)
    } finally {
      await first.stream.close()
      await second?.file.stream.close()
    }
  }
  return {
    format,
    total,
    classNames: null,
    audio: null,
    notes,
    async *items() {
      for (const pair of pairs) yield* read(pair)
    }
  }
}

/** Names the arrays that are neither items nor labels by their names; none where all are. */
function unusedNote(names: readonly string[], pairs: readonly ArrayPair[]): string[] {
  const used = new Set(pairs.flatMap(({ items, beside }) => [items, beside]))
  const unused = names.filter((name) => !used.has(name))
  if (unused.length === 0) return []
  const shown = unused.slice(0, maxNamedArrays).join(', ')
  const more = unused.length > maxNamedArrays ? ` and ${unused.length - maxNamedArrays} more` : ''
  return [
    `Not read, since their names say neither items nor labels: ${shown}${more}. Items are called x, images or data, labels y, labels or targets, with _train, _val or _test behind.`
  ]
}

/** Says that numbers to predict look like class numbers, as labels that were saved as floats do. */
async function wholeNote(file: NpyFile): Promise<string[]> {
  const found = await wholeNumbers(file)
  if (found === null) return []
  return [
    `${file.name} holds ${found.different} different whole numbers as floats, ${found.low} to ${found.high}: read as numbers to predict (regression). If they are classes, add the set again with --task classification.`
  ]
}

const headerOf = ({ stream, name }: NpyFile): Promise<NpyHeader> => readNpyHeader(stream, name)

/** Returns what is read of an array, which is open only as long. */
async function reading<T>(open: () => Promise<NpyFile>, read: (file: NpyFile) => Promise<T>): Promise<T> {
  const file = await open()
  try {
    return await read(file)
  } finally {
    await file.stream.close()
  }
}

/** Whole numbers and one-hot rows are classes, others are targets, unless the task says so. */
async function roleOf(open: () => Promise<NpyFile>, task: DataSetRequest['task']): Promise<NpyRole | null> {
  if (task === 'unlabelled') return null
  if (task === 'regression') return 'target'
  if (await reading(open, isOneHot)) return 'oneHot'
  if (task !== null) return 'label'
  return (await reading(open, headerOf)).type.startsWith('f') ? 'target' : 'label'
}
