import { AppError } from '../../shared/errors'
import type { Bits } from './scheme'

/**
 * Weight layouts: how codes [rows][k] lie in memory for the inner product that reads them. Byte for byte what
 * resources/kernels/pack_weights.c writes; the layouts are described in resources/kernels/layouts.md.
 */
export interface WeightLayout {
  readonly id: number
  readonly name: string
  /** Weight bits the layout is defined for. */
  readonly bits: readonly Bits[]
}

/** Layouts of weights in an Image, at their ids, with the bits that each packs. */
export const weightLayouts: readonly WeightLayout[] = [
  { id: 0, name: 'packed', bits: [8, 4, 2, 1] },
  { id: 1, name: 'planes', bits: [4, 2, 1] },
  { id: 2, name: 'quads', bits: [8] },
  { id: 3, name: 'octets', bits: [4] }
]

/** Name of a layout id, or the id in words when this version does not know it. */
export function weightLayoutName(id: number): string {
  return weightLayouts[id]?.name ?? `layout ${id}`
}

/**
 * Bytes of rows x k codes in a layout.
 * @throws AppError board.unsupportedKernel when layout and bits do not go together.
 */
export function packedBytes(layout: number, bits: Bits, rows: number, k: number): number {
  checkLayout(layout, bits)
  if (layout === 0) return rows * packedRowBytes(bits, k)
  if (layout === 1) return rows * 4 * bits * Math.ceil(k / 32)
  return 4 * k * Math.ceil(rows / (layout === 2 ? 4 : 8))
}

/**
 * Codes [rows][k] to a layout.
 * @throws AppError board.unsupportedKernel for a layout that does not hold these bits, model.invalid for codes out of range or
 * too few.
 */
export function packWeights(
  layout: number,
  bits: Bits,
  codes: Int8Array,
  rows: number,
  k: number
): Uint8Array {
  const bytes = new Uint8Array(packedBytes(layout, bits, rows, k))
  checkCodes(bits, codes, rows * k)
  if (layout === 2) return packQuads(codes, rows, k, bytes)
  if (layout === 3) return packOctets(codes, rows, k, bytes)
  const rowBytes = bytes.length / rows
  for (let row = 0; row < rows; row++) {
    for (let at = 0; at < k; at++) {
      const field = fieldOf(codes[row * k + at], bits)
      if (layout === 0) {
        const bit = at * bits
        bytes[row * rowBytes + (bit >> 3)] |= field << (bit & 7)
      } else {
        for (let plane = 0; plane < bits; plane++) {
          bytes[row * rowBytes + planeByte(bits, at, plane)] |= ((field >> plane) & 1) << (at & 7)
        }
      }
    }
  }
  return bytes
}

/**
 * The codes [rows][k] of a layout: the inverse of packWeights.
 * @throws AppError board.unsupportedKernel for a layout that does not hold these bits, model.invalid when `bytes` has another size.
 */
export function unpackWeights(
  layout: number,
  bits: Bits,
  bytes: Uint8Array,
  rows: number,
  k: number
): Int8Array {
  const expected = packedBytes(layout, bits, rows, k)
  if (bytes.length !== expected) {
    throw new AppError(
      'model.invalid',
      `Packed weights have ${bytes.length} bytes, ${rows} x ${k} codes of ${bits} bits in layout ${weightLayoutName(layout)} have ${expected}.`,
      'Pack the weights again for this shape, width and layout.'
    )
  }
  const codes = new Int8Array(rows * k)
  const rowBytes = bytes.length / rows
  for (let row = 0; row < rows; row++) {
    for (let at = 0; at < k; at++) {
      let field = 0
      if (layout === 2) {
        field = bytes[quadByte(row, at, k)]
      } else if (layout === 3) {
        field = (bytes[octetByte(row, at, k)] >> (4 * (row & 1))) - octetOffset
      } else if (layout === 0) {
        const bit = at * bits
        field = bytes[row * rowBytes + (bit >> 3)] >> (bit & 7)
      } else {
        for (let plane = 0; plane < bits; plane++) {
          const byte = bytes[row * rowBytes + planeByte(bits, at, plane)]
          field |= ((byte >> (at & 7)) & 1) << plane
        }
      }
      codes[row * k + at] = codeOf(field, bits)
    }
  }
  return codes
}

/** Bytes of one row of k codes in the canonical packed form: whole 32-bit words. */
export function packedRowBytes(bits: Bits, k: number): number {
  return 4 * Math.ceil((k * bits) / 32)
}

/** One row of codes (weights or activations) in the canonical packed form. */
export function packRow(bits: Bits, codes: Int8Array): Uint8Array {
  return packWeights(0, bits, codes, 1, codes.length)
}

/** The first k codes of a canonical packed row. */
export function unpackRow(bits: Bits, bytes: Uint8Array, k: number): Int8Array {
  return unpackWeights(0, bits, bytes, 1, k)
}

function packQuads(codes: Int8Array, rows: number, k: number, bytes: Uint8Array): Uint8Array {
  for (let row = 0; row < rows; row++) {
    for (let at = 0; at < k; at++) bytes[quadByte(row, at, k)] = codes[row * k + at]
  }
  return bytes
}

/** Four rows side by side: [rows / 4][k][4]. */
function quadByte(row: number, at: number, k: number): number {
  return ((row >> 2) * k + at) * 4 + (row & 3)
}

/** What octets add to a code, so that it is never negative. */
const octetOffset = 8

function packOctets(codes: Int8Array, rows: number, k: number, bytes: Uint8Array): Uint8Array {
  for (let row = 0; row < rows; row++) {
    for (let at = 0; at < k; at++)
      bytes[octetByte(row, at, k)] |= (codes[row * k + at] + octetOffset) << (4 * (row & 1))
  }
  return bytes
}

/** Eight rows side by side, half a byte each: [rows / 8][k] little-endian words. */
function octetByte(row: number, at: number, k: number): number {
  return ((row >> 3) * k + at) * 4 + ((row & 7) >> 1)
}

/** Byte, within a row, of bit `plane` of code `at`: per 32 codes one little-endian word for each bit. */
function planeByte(bits: Bits, at: number, plane: number): number {
  return ((at >> 5) * bits + plane) * 4 + ((at & 31) >> 3)
}

function fieldOf(code: number, bits: Bits): number {
  return bits === 1 ? (code > 0 ? 1 : 0) : code & ((1 << bits) - 1)
}

function codeOf(field: number, bits: Bits): number {
  if (bits === 1) return (field & 1) === 1 ? 1 : -1
  return (field << (32 - bits)) >> (32 - bits)
}

function checkLayout(layout: number, bits: Bits): void {
  if (weightLayouts[layout]?.bits.includes(bits)) return
  throw new AppError(
    'board.unsupportedKernel',
    `Weight layout ${weightLayoutName(layout)} does not hold ${bits}-bit codes.`,
    "Use the layout that the board's kernel table names for this pair; a newer firmware may need a newer Bitbench."
  )
}

function checkCodes(bits: Bits, codes: Int8Array, count: number): void {
  const fail = (message: string): never => {
    throw new AppError('model.invalid', message, 'Quantize the weights to these bits before packing them.')
  }
  if (codes.length !== count) fail(`${codes.length} codes were given for ${count} weights.`)
  const low = bits === 1 ? -1 : -(2 ** (bits - 1))
  const high = bits === 1 ? 1 : 2 ** (bits - 1) - 1
  for (let at = 0; at < count; at++) {
    const code = codes[at]
    if (code < low || code > high || (bits === 1 && code === 0)) {
      fail(`Code ${code} at ${at} is not a ${bits}-bit code.`)
    }
  }
}
