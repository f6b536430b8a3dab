import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { AppError } from '../../../shared/errors'
import type { LabelledImages } from '../../../core/model/dataSet'

const unpack = promisify(gunzip)
const pack = promisify(gzip)

/**
 * The subset file (gzip): "BBIS", u16 version 1, u16 height, u16 width, u16 channels, u16 number of splits; per split
 * 16 bytes of name (zero padded) and u32 count; then per split its labels (u8 each) and its images (HWC bytes).
 * Little-endian.
 */
export interface ImageSubset {
  readonly shape: readonly [height: number, width: number, channels: number]
  readonly splits: ReadonlyMap<string, LabelledImages>
}

const magic = 'BBIS'
const headerBytes = 14
const splitBytes = 20

/** Returns images of several splits as one file (format in this file's constants). */
export async function encodeSubset({ shape, splits }: ImageSubset): Promise<Buffer> {
  const header = Buffer.alloc(headerBytes + splitBytes * splits.size)
  header.write(magic, 0, 'latin1')
  header.writeUInt16LE(1, 4)
  for (const [axis, size] of shape.entries()) header.writeUInt16LE(size, 6 + 2 * axis)
  header.writeUInt16LE(splits.size, 12)
  const parts: Uint8Array[] = [header]
  let at = headerBytes
  for (const [name, images] of splits) {
    header.write(name, at, 16, 'latin1')
    header.writeUInt32LE(images.count, at + 16)
    at += splitBytes
    parts.push(images.labels, images.pixels)
  }
  return pack(Buffer.concat(parts), { level: 9 })
}

/**
 * Reads images and labels from a file of resources/.
 *
 * @throws AppError data.invalid when the file is not such a subset or is cut short.
 */
export async function decodeSubset(file: Uint8Array, path: string): Promise<ImageSubset> {
  const bytes = await unzipped(file, path)
  if (bytes.length < headerBytes || bytes.toString('latin1', 0, 4) !== magic || bytes.readUInt16LE(4) !== 1) {
    throw damaged(path, 'it is not an image subset of version 1')
  }
  const shape = [bytes.readUInt16LE(6), bytes.readUInt16LE(8), bytes.readUInt16LE(10)] as const
  const imageBytes = shape[0] * shape[1] * shape[2]
  const count = bytes.readUInt16LE(12)
  const splits = new Map<string, LabelledImages>()
  let from = headerBytes + splitBytes * count
  for (let index = 0; index < count; index++) {
    const at = headerBytes + splitBytes * index
    if (at + splitBytes > bytes.length) throw damaged(path, 'it ends within its header')
    const name = bytes.toString('latin1', at, at + 16).replace(/\0+$/, '')
    const images = bytes.readUInt32LE(at + 16)
    const end = from + images * (1 + imageBytes)
    if (end > bytes.length) throw damaged(path, `it ends within split "${name}"`)
    splits.set(name, {
      count: images,
      labels: new Uint8Array(bytes.subarray(from, from + images)),
      pixels: new Uint8Array(bytes.subarray(from + images, end))
    })
    from = end
  }
  return { shape, splits }
}

/**
 * A pair of IDX files as Fashion-MNIST and MNIST come (gzip or plain): images u8 [count][height][width], labels u8.
 * @throws AppError data.missing, data.invalid
 */
export async function readIdxPair(imagesPath: string, labelsPath: string): Promise<LabelledImages> {
  const images = await readIdx(imagesPath, 3)
  const labels = await readIdx(labelsPath, 1)
  const count = images.dims[0]
  if (labels.dims[0] !== count) {
    throw damaged(labelsPath, `it has ${labels.dims[0]} labels for ${count} images`)
  }
  return { count, pixels: images.data, labels: labels.data }
}

async function readIdx(path: string, rank: number): Promise<{ dims: number[]; data: Uint8Array }> {
  const file = await readFile(path).catch((cause: unknown) => {
    throw new AppError(
      'data.missing',
      `${path} cannot be read.`,
      'Install Debian package dataset-fashion-mnist.',
      { cause }
    )
  })
  const bytes = await unzipped(file, path)
  const start = 4 + 4 * rank
  // IDX magic: two zero bytes, 8 = unsigned bytes, number of dimensions.
  if (bytes.length < start || bytes.readUInt32BE(0) !== 0x0800 + rank)
    throw damaged(path, 'it is not an IDX file of bytes')
  const dims = Array.from({ length: rank }, (_, axis) => bytes.readUInt32BE(4 + 4 * axis))
  const size = dims.reduce((product, length) => product * length, 1)
  if (bytes.length !== start + size)
    throw damaged(path, `it has ${bytes.length - start} values for [${dims.join(', ')}]`)
  return { dims, data: new Uint8Array(bytes.subarray(start)) }
}

async function unzipped(file: Uint8Array, path: string): Promise<Buffer> {
  if (file[0] !== 0x1f || file[1] !== 0x8b) return Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  return unpack(file).catch((cause: unknown) => {
    throw damaged(path, 'its gzip stream is broken', cause)
  })
}

function damaged(path: string, why: string, cause?: unknown): AppError {
  return new AppError(
    'data.invalid',
    `${path}: ${why}.`,
    'Restore the file from the distribution it came with.',
    { cause }
  )
}
