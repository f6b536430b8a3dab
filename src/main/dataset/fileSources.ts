import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { invalidData } from '../../core/dataset/byteStream'
import type { ItemOrigin, ReadItem } from '../../core/dataset/item'
import { cifarLayout, readCifar } from '../../core/dataset/readCifar'
import { chooseCsvColumns, csvSampleLines, readCsvItems } from '../../core/dataset/readCsv'
import { readIdx, readIdxHeader } from '../../core/dataset/readIdx'
import { readTextItems } from '../../core/dataset/readText'
import type { DataSetRequest } from '../../shared/contract/dataset'
import { fileLines, fileStream } from './byteStreams'
import type { ItemSource } from './itemSource'

type Kind = 'file' | 'folder'

interface IdxPair {
  readonly images: string
  readonly labels: string | null
  readonly origin: ItemOrigin | null
}

/** An IDX file with the labels beside it, or a folder with a training and a test pair. */
export async function openIdx(target: string, kind: Kind): Promise<ItemSource> {
  const folder = kind === 'folder' ? target : path.dirname(target)
  const names = await readdir(folder)
  const labelsOf = (name: string): string | null => {
    const wanted = name.replace('images', 'labels').replace(/idx\d/, 'idx1')
    const found =
      wanted === name
        ? undefined
        : names.find(
            (other) => other === wanted || other === wanted.replace(/\.gz$/, '') || other === `${wanted}.gz`
          )
    return found === undefined ? null : path.join(folder, found)
  }
  const pairs: IdxPair[] =
    kind === 'file'
      ? [{ images: target, labels: labelsOf(path.basename(target)), origin: null }]
      : names
          .filter((name) => /images.*idx\d-ubyte(\.gz)?$/.test(name))
          .sort()
          .map((name) => ({
            images: path.join(folder, name),
            labels: labelsOf(name),
            origin: /^(t10k|test)/.test(name) ? ('test' as const) : ('train' as const)
          }))
  if (pairs.length === 0) throw invalidData(target, 'it holds no IDX files')
  let total = 0
  for (const { images } of pairs) {
    const stream = await fileStream(images)
    total += (await readIdxHeader(stream, images)).dims[0]
    await stream.close()
  }
  return { format: 'idx', total, classNames: null, audio: null, items: () => idxItems(pairs) }
}

async function* idxItems(pairs: readonly IdxPair[]): AsyncGenerator<ReadItem> {
  for (const { images, labels, origin } of pairs) {
    const items = { name: path.basename(images), stream: await fileStream(images) }
    const beside = labels === null ? null : { name: path.basename(labels), stream: await fileStream(labels) }
    try {
      yield* readIdx(items, beside, pairs.length > 1 ? origin : null)
    } finally {
      await items.stream.close()
      await beside?.stream.close()
    }
  }
}

/** CIFAR's own side first, then the sides of sets in the same layout. */
const cifarSides = [32, 8, 16, 28, 64, 96]

/** Opens CIFAR-10 or CIFAR-100 batches in their binary form. */
export async function openCifar(target: string, kind: Kind): Promise<ItemSource> {
  const names =
    kind === 'file'
      ? [path.basename(target)]
      : (await readdir(target)).filter((name) => name.endsWith('.bin')).sort()
  const folder = kind === 'file' ? path.dirname(target) : target
  const files: { file: string; origin: ItemOrigin | null; side: number; labelBytes: 1 | 2; count: number }[] =
    []
  for (const name of names) {
    const file = path.join(folder, name)
    const { size } = await stat(file)
    const side = cifarSides.find((wanted) => cifarLayout(size, wanted) !== null)
    // A file that is cut short still has a layout: CIFAR-10's.
    const { labelBytes } = side === undefined ? { labelBytes: 1 as const } : cifarLayout(size, side)!
    const origin =
      names.length === 1 ? null : name.startsWith('test') ? ('test' as const) : ('train' as const)
    const sideUsed = side ?? 32
    files.push({
      file,
      origin,
      side: sideUsed,
      labelBytes,
      count: Math.floor(size / (labelBytes + 3 * sideUsed ** 2))
    })
  }
  const meta = (await readdir(folder)).find((name) => /^(batches\.meta|fine_label_names)\.txt$/.test(name))
  const classNames: string[] = []
  if (meta !== undefined)
    for await (const line of fileLines(path.join(folder, meta)))
      if (line.trim() !== '') classNames.push(line.trim())
  return {
    format: 'cifar',
    total: files.reduce((sum, { count }) => sum + count, 0),
    classNames: classNames.length > 0 ? classNames : null,
    audio: null,
    async *items() {
      for (const { file, ...layout } of files) {
        const stream = await fileStream(file)
        const classes = classNames.length > 0 ? classNames.length : usualClasses(layout)
        try {
          yield* readCifar({ name: path.basename(file), stream }, { ...layout, classes })
        } finally {
          await stream.close()
        }
      }
    }
  }
}

/** Classes of CIFAR-10 and CIFAR-100; sets of other sides in their layout have as many as a byte names. */
function usualClasses({ side, labelBytes }: { side: number; labelBytes: 1 | 2 }): number {
  if (side !== 32) return 256
  return labelBytes === 1 ? 10 : 100
}

/** Opens a CSV file of features with label or target columns. */
export async function openCsv(request: DataSetRequest): Promise<ItemSource> {
  const { path: file, labelColumn, targetColumns, ignoreColumns } = request
  const first: string[] = []
  for await (const line of fileLines(file)) {
    first.push(line)
    if (first.length === csvSampleLines) break
  }
  const columns = chooseCsvColumns(
    first,
    {
      label: labelColumn,
      targets: targetColumns,
      ignore: ignoreColumns,
      isClassification: request.task === 'classification'
    },
    file
  )
  const isBare = columns.label === null && columns.targets.length === 0
  const predicted = columns.names[columns.targets[0] ?? 0]
  const notes = columns.isFractions
    ? [
        `Column "${predicted}" holds fractions, so it is predicted as a number. If its values are classes, add the set again with --label "${predicted}".`
      ]
    : isBare && columns.hasHeader && request.task === null
      ? [
          `No column is called label, class or the like: all ${columns.features.length} columns are inputs. What is to be predicted is named with --label (classes) or --target (numbers).`
        ]
      : []
  return {
    format: 'csv',
    total: null,
    classNames: null,
    audio: null,
    notes,
    items: () => readCsvItems(fileLines(file), columns, path.basename(file))
  }
}

/** Opens a text as windows of bytes for next-token prediction. */
export async function openText(request: DataSetRequest): Promise<ItemSource> {
  const { path: file, context } = request
  const { size } = await stat(file)
  return {
    format: 'text',
    total: Math.max(0, Math.floor((size - context - 1) / context) + 1),
    classNames: null,
    audio: null,
    async *items() {
      const stream = await fileStream(file)
      try {
        yield* readTextItems({ name: path.basename(file), stream }, context, context)
      } finally {
        await stream.close()
      }
    }
  }
}
