import { bigEndianWords, invalidData, takeExactly } from './byteStream'
import { badItem, goodItem, sizeOfShape, type ByteStream, type ItemOrigin, type ReadItem } from './item'
import { allFinite, numberBytes, readNumbers, type NumberType } from './numbers'

/**
 * IDX (Yann LeCun's MNIST page): two zero bytes, a type byte, the number of dimensions, the dimensions as big-endian
 * 32-bit words, then the values in big-endian order. The first dimension counts items.
 */
const types: Readonly<Record<number, NumberType>> = {
  0x08: 'u8',
  0x09: 'i8',
  0x0b: 'i16',
  0x0c: 'i32',
  0x0d: 'f32',
  0x0e: 'f64'
}

/** Element type and dimensions of an IDX file. */
export interface IdxHeader {
  readonly type: NumberType
  readonly dims: readonly number[]
}

/** Whether a file begins like IDX. */
export function isIdx(head: Uint8Array): boolean {
  return (
    head.length >= 8 && head[0] === 0 && head[1] === 0 && head[2] in types && head[3] >= 1 && head[3] <= 6
  )
}

/** Reads the element type and the sizes of an IDX file. @throws AppError data.invalid */
export async function readIdxHeader(stream: ByteStream, file: string): Promise<IdxHeader> {
  const head = await takeExactly(stream, 4, file)
  const type = types[head[2]]
  const rank = head[3]
  if (head[0] !== 0 || head[1] !== 0 || type === undefined || rank < 1 || rank > 6) {
    throw invalidData(file, 'it does not begin like an IDX file')
  }
  return { type, dims: bigEndianWords(await takeExactly(stream, 4 * rank, file)) }
}

/** An IDX file to read: its name for messages, and its bytes. */
export interface IdxFile {
  readonly name: string
  readonly stream: ByteStream
}

/**
 * Items of an IDX file, with labels from a second one where there is one.
 * @throws AppError data.invalid when the two have different counts or the labels are no whole numbers
 */
export async function* readIdx(
  items: IdxFile,
  labels: IdxFile | null,
  origin: ItemOrigin | null
): AsyncGenerator<ReadItem> {
  const header = await readIdxHeader(items.stream, items.name)
  const [count, ...shape] = header.dims as [number, ...number[]]
  const labelHeader = labels === null ? null : await readIdxHeader(labels.stream, labels.name)
  if (labelHeader !== null && (labelHeader.dims.length !== 1 || labelHeader.dims[0] !== count)) {
    throw invalidData(labels!.name, `it has [${labelHeader.dims.join(', ')}] labels for ${count} items`)
  }
  const bytes = sizeOfShape(shape) * numberBytes(header.type)
  for (let index = 0; index < count; index++) {
    const name = `${items.name} item ${index + 1}`
    const taken = await items.stream.take(bytes)
    const label = labelHeader === null ? null : await nextLabel(labels!, labelHeader.type)
    if (taken.length < bytes || label === undefined) {
      yield badItem(`${name} to ${count}`, 'the file ends before them', count - index)
      return
    }
    const values = readNumbers(taken, header.type, false)
    yield allFinite(values)
      ? goodItem(name, values, shape, { label, origin })
      : badItem(name, 'it holds values that are no numbers')
  }
  if ((await items.stream.take(1)).length > 0) {
    throw invalidData(items.name, `it is longer than its ${count} items`)
  }
}

async function nextLabel(labels: IdxFile, type: NumberType): Promise<number | undefined> {
  const size = numberBytes(type)
  const taken = await labels.stream.take(size)
  return taken.length < size ? undefined : readNumbers(taken, type, false)[0]
}
