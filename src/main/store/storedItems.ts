import { open, readFile, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../shared/errors'
import { dataSetInfoSchema, type DataSetInfo } from '../../shared/contract/dataset'
import {
  bytesOf,
  inputFormatOf,
  itemReals,
  type InputFormat,
  type Normalisation
} from '../../core/dataset/inputFormat'
import { elementBytes, sizeOfShape, type ItemValues } from '../../core/dataset/item'
import type { ImageSplit, ElementType } from '../../shared/vocabulary'
import type { ItemBatch, ItemSet } from '../../core/dataset/itemSet'

/**
 * A data set as it lies in the data folder, one folder per set:
 *   set.json      the record (DataSetInfo)
 *   items.bin     stored values of every item, HWC, in reading order
 *   targets.bin   float32 [items][targetWidth], little-endian
 *   order.bin     int32 item numbers of calibration, tune, search and test, one split behind the other
 *   names.txt     one name per line, in reading order
 */
export const storedFiles = {
  record: 'set.json',
  items: 'items.bin',
  targets: 'targets.bin',
  order: 'order.bin',
  names: 'names.txt'
} as const

/** Items of a stored data set. */
export interface StoredItems extends ItemSet {
  readonly info: DataSetInfo
  /** Stored values of one item, by its place in a split. */
  raw(split: ImageSplit, at: number): Promise<{ item: number; values: ItemValues; target: Float32Array }>
}

/** What bytes mean by default: 0..255 as they are, so that the network's own scale applies. */
export const unscaled: Normalisation = { scale: 1, mean: [0], std: [1] }

/** Opens a data set that is kept in a folder. @throws AppError data.missing, data.invalid */
export async function openStoredItems(folder: string): Promise<StoredItems> {
  const info = await readRecord(folder)
  const { element, shape, targetWidth, range } = info
  const size = sizeOfShape(shape)
  const itemBytes = size * elementBytes(element)
  const order = await readOrder(folder, info)
  const items = await openPart(folder, storedFiles.items, info.items * itemBytes)
  const targets = await openPart(folder, storedFiles.targets, info.items * targetWidth * 4)
  const { normalise } = info.request.preparation
  const normalisation = normalise ?? unscaled
  const input = inputOf(info, range)

  const valuesOf = async (item: number): Promise<ItemValues> =>
    typed(await readAt(items, item * itemBytes, itemBytes), element)
  const targetOf = async (item: number): Promise<Float32Array> =>
    targetWidth === 0
      ? new Float32Array(0)
      : (typed(await readAt(targets, item * targetWidth * 4, targetWidth * 4), 'f32') as Float32Array)

  return {
    info,
    id: info.id,
    name: info.name,
    task: info.task,
    shape,
    classes: info.classes.length,
    targetWidth,
    input,
    count: (split) => order.get(split)?.length ?? 0,
    async read(split, from, count): Promise<ItemBatch> {
      const chosen = (order.get(split) ?? new Int32Array(0)).subarray(from, from + count)
      const bytes = new Uint8Array(chosen.length * size)
      const reals = new Float32Array(chosen.length * size)
      const wanted = new Float32Array(chosen.length * targetWidth)
      const format = input ?? { scale: 1, zero: 128, folded: true }
      for (const [at, item] of chosen.entries()) {
        const values = await valuesOf(item)
        bytesOf(values, shape[2], normalisation, format, bytes.subarray(at * size, (at + 1) * size))
        itemReals(values, shape[2], normalisation, reals.subarray(at * size, (at + 1) * size))
        wanted.set(await targetOf(item), at * targetWidth)
      }
      return { count: chosen.length, bytes, reals, targets: wanted }
    },
    async raw(split, at) {
      const item = order.get(split)?.[at]
      if (item === undefined) throw new RangeError(`split ${split} has no item ${at}`)
      return { item, values: await valuesOf(item), target: await targetOf(item) }
    },
    async close() {
      await items.close()
      await targets.close()
    }
  }
}

/** Null: bytes without a stated normalisation, whose meaning the network's file gives. */
function inputOf(info: DataSetInfo, range: { low: number; high: number }): InputFormat | null {
  const { normalise } = info.request.preparation
  if (normalise === null && info.element === 'u8') return null
  return inputFormatOf(
    normalise ?? unscaled,
    info.element,
    info.element === 'f32' ? range : boundsOf(info.element)
  )
}

function boundsOf(element: ElementType): { low: number; high: number } {
  return element === 'u8' ? { low: 0, high: 255 } : { low: -128, high: 127 }
}

/** Reads the record of a data set that is kept in a folder. @throws AppError data.missing, data.invalid */
export async function readRecord(folder: string): Promise<DataSetInfo> {
  const file = path.join(folder, storedFiles.record)
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw unreadable(file, cause)
  })
  try {
    return dataSetInfoSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new AppError(
      'data.invalid',
      `${file} is no record of a data set.`,
      'Remove the set and add it again.',
      { cause }
    )
  }
}

async function readOrder(folder: string, info: DataSetInfo): Promise<Map<ImageSplit, Int32Array>> {
  const file = path.join(folder, storedFiles.order)
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw unreadable(file, cause)
  })
  const all = new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
  const order = new Map<ImageSplit, Int32Array>()
  let from = 0
  for (const { split, items } of info.splits) {
    order.set(split, all.subarray(from, from + items))
    from += items
  }
  return order
}

/** A file of a set that is gone, most often since the set was removed while something read it. */
function unreadable(file: string, cause: unknown): AppError {
  const [name, part] = [path.basename(path.dirname(file)), path.basename(file)]
  return new AppError(
    'data.missing',
    `${part} of the data set "${name}" cannot be read: it may have been removed meanwhile.`,
    `Add the data set again; it was expected in ${path.dirname(file)}.`,
    { cause }
  )
}

async function openPart(folder: string, name: string, sizeBytes: number): Promise<FileHandle> {
  const file = path.join(folder, name)
  const handle = await open(file, 'r').catch((cause: unknown) => {
    throw unreadable(file, cause)
  })
  const { size } = await handle.stat()
  if (size === sizeBytes) return handle
  await handle.close()
  throw new AppError(
    'data.invalid',
    `${file} has ${size} bytes where ${sizeBytes} are expected.`,
    'Remove the set and add it again.'
  )
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  if (length > 0) await handle.read(bytes, 0, length, position)
  return bytes
}

function typed(bytes: Uint8Array, element: ElementType): ItemValues {
  if (element === 'u8') return bytes
  if (element === 'i8') return new Int8Array(bytes.buffer)
  return new Float32Array(bytes.buffer)
}
