import { beginsLikeNpy, parseNpyHeader } from '../binary/npyHeader'
import { invalidData, takeExactly } from './byteStream'
import type { ImageSplit } from '../../shared/vocabulary'
import { badItem, goodItem, sizeOfShape, type ByteStream, type ItemOrigin, type ReadItem } from './item'
import { isClassNumber } from './labels'
import { allFinite, numberBytes, readNumbers, type NumberType } from './numbers'

/**
 * NPY (numpy.lib.format): "\x93NUMPY", version, header length, a Python dict with descr, fortran_order and shape,
 * then the values. The first dimension counts items.
 */
const types: Readonly<Record<string, NumberType>> = {
  u1: 'u8',
  i1: 'i8',
  b1: 'bool',
  i2: 'i16',
  u2: 'u16',
  i4: 'i32',
  u4: 'u32',
  i8: 'i64',
  u8: 'u64',
  f2: 'f16',
  f4: 'f32',
  f8: 'f64'
}

/** Element type, byte order and shape of an NPY file (row-major). */
export interface NpyHeader {
  readonly type: NumberType
  readonly littleEndian: boolean
  readonly shape: readonly number[]
}

/**
 * Reads the element type and the shape of an NPY file.
 *
 * @throws AppError data.invalid for objects, strings, Fortran order and damaged headers
 */
export async function readNpyHeader(stream: ByteStream, file: string): Promise<NpyHeader> {
  const head = await takeExactly(stream, 8, file)
  if (!beginsLikeNpy(head)) throw invalidData(file, 'it does not begin like an NPY file')
  const isLong = head[6] >= 2
  const sizes = await takeExactly(stream, isLong ? 4 : 2, file)
  const view = new DataView(sizes.buffer, sizes.byteOffset, sizes.byteLength)
  const length = isLong ? view.getUint32(0, true) : view.getUint16(0, true)
  if (length > 65_536) throw invalidData(file, `its header claims ${length} bytes`)
  const bytes = await takeExactly(stream, length, file)
  const text = Array.from(bytes, (code) => String.fromCharCode(code)).join('')
  const { typeCode, littleEndian, fortranOrder, shape, shapeText } = parseNpyHeader(text)
  const type = typeCode === null ? undefined : types[typeCode]
  if (type === undefined || shape === null) {
    throw invalidData(
      file,
      'it holds something other than numbers',
      'Save plain numeric arrays with numpy.save.'
    )
  }
  if (fortranOrder) throw invalidData(file, 'it is in Fortran order', 'Save numpy.ascontiguousarray(array).')
  if (shape.some((side) => !Number.isSafeInteger(side) || side < 0)) {
    throw invalidData(file, `its shape is (${shapeText})`)
  }
  return { type, littleEndian, shape }
}

/** An NPY file to read: its name for messages, and its bytes. */
export interface NpyFile {
  readonly name: string
  readonly stream: ByteStream
}

/** How an array beside the items is read: class numbers, rows that are 1 for the class and else 0, or numbers to predict. */
export type NpyRole = 'label' | 'oneHot' | 'target'

/** Whether every row that is there is 1 in one place and 0 in all others, as Keras' to_categorical writes classes. */
export async function isOneHot(file: NpyFile): Promise<boolean> {
  const header = await readNpyHeader(file.stream, file.name)
  const [count, width] = header.shape
  if (header.shape.length !== 2 || count === 0 || width < 2) return false
  for (let row = 0; row < count; row++) {
    const values = await nextRow(file, header, width)
    // A cut file stays what it is: the items behind its end are left out when they are read.
    if (values === undefined) return row > 0
    const ones = values.filter((value) => value === 1).length
    if (ones !== 1 || values.filter((value) => value === 0).length !== width - 1) return false
  }
  return true
}

/**
 * How many different class numbers an array of one number per row holds, and the range of them; null where it holds
 * anything else, or hardly a number twice.
 */
export async function wholeNumbers(
  file: NpyFile
): Promise<{ different: number; low: number; high: number } | null> {
  const header = await readNpyHeader(file.stream, file.name)
  const [count = 0, ...rest] = header.shape
  if (sizeOfShape(rest) !== 1) return null
  const seen = new Set<number>()
  for (let row = 0; row < count; row++) {
    const value = (await nextRow(file, header, 1))?.[0]
    if (value === undefined || !isClassNumber(value)) return null
    seen.add(value)
    if (seen.size > count / 2) return null
  }
  const numbers = [...seen].sort((a, b) => a - b)
  return numbers.length < 2
    ? null
    : { different: numbers.length, low: numbers[0], high: numbers[numbers.length - 1] }
}

/**
 * Items of an array, with a second array as labels (whole numbers, one per item) or targets (numbers, any width).
 * @throws AppError data.invalid
 */
export async function* readNpy(
  items: NpyFile,
  beside: { file: NpyFile; as: NpyRole } | null,
  origin: ItemOrigin | null,
  split: ImageSplit | null = null
): AsyncGenerator<ReadItem> {
  const header = await readNpyHeader(items.stream, items.name)
  if (header.shape.length < 1) throw invalidData(items.name, 'it is a single number')
  const [count, ...rest] = header.shape as [number, ...number[]]
  const shape = rest.length === 0 ? [1] : rest
  const second = beside === null ? null : await readNpyHeader(beside.file.stream, beside.file.name)
  if (second !== null && second.shape[0] !== count) {
    throw invalidData(beside!.file.name, `it has ${second.shape[0] ?? 0} rows for ${count} items`)
  }
  const width = second === null ? 0 : sizeOfShape(second.shape.slice(1))
  if (beside?.as === 'label' && width !== 1) {
    throw invalidData(
      beside.file.name,
      `it has ${width} numbers per item where one class number is expected`,
      'Save class numbers (numpy.argmax(y, 1)) or one-hot rows of 0 and 1.'
    )
  }
  const bytes = sizeOfShape(shape) * numberBytes(header.type)
  for (let index = 0; index < count; index++) {
    const name = `${items.name}[${index}]`
    const taken = await items.stream.take(bytes)
    const extra = second === null ? null : await nextRow(beside!.file, second, width)
    if (taken.length < bytes || extra === undefined) {
      yield badItem(`${name} to [${count - 1}]`, 'the file ends before them', count - index)
      return
    }
    const values = readNumbers(taken, header.type, header.littleEndian)
    const known = extra === null ? {} : knownOf(beside!.as, extra)
    yield allFinite(values) && (extra === null || allFinite(extra))
      ? goodItem(name, values, shape, { ...known, origin, split })
      : badItem(name, 'it holds values that are no numbers')
  }
}

function knownOf(role: NpyRole, row: Float32Array): { label: number } | { target: Float32Array } {
  if (role === 'target') return { target: row }
  return { label: role === 'label' ? row[0] : row.indexOf(1) }
}

async function nextRow(file: NpyFile, header: NpyHeader, width: number): Promise<Float32Array | undefined> {
  const size = width * numberBytes(header.type)
  const taken = await file.stream.take(size)
  return taken.length < size
    ? undefined
    : Float32Array.from(readNumbers(taken, header.type, header.littleEndian))
}
