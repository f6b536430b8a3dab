import { crc32 } from '../../binary/crc'
import { gatherCodes, tapPositions } from './im2col'
import { multiplyCodes, multiplyDepthwise } from './integerKernels'
import type { Bits } from '../scheme'

/**
 * What the monitor's `bench` command multiplies and what must come out (docs/protocol.md): operands are made from a seed on
 * both sides, so that a board's checksum proves its arithmetic without any data being sent.
 */
export interface BenchWorkload {
  readonly kernel: 'matmul' | 'conv2d' | 'depthwiseConv2d'
  /** matmul {n, m, k}; conv2d {h, w, c, k, ks, stride, pad}; depthwiseConv2d {h, w, c, ks, stride, pad}. */
  readonly dims: readonly number[]
  readonly activationBits: Bits
  readonly weightBits: Bits
  /** Seed of the operand stream; 0 counts as 1. */
  readonly seed: number
}

/** Operands of a kernel measurement, as codes. */
export interface BenchOperands {
  readonly activations: Int8Array
  /** matmul [m][k]; conv2d [k][ks][ks][c]; depthwise [ks][ks][c]. */
  readonly weights: Int8Array
}

/** The words of the operand stream: Marsaglia's xorshift32 (13, 17, 5); seed 0 counts as 1. Signed 32-bit. */
export function createOperandWords(seed: number): () => number {
  let x = seed >>> 0 || 1
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return x
  }
}

/** The next codes of the operand stream: the low bits of word >> 8, sign-extended (one bit: 1 -> +1, 0 -> -1). */
export function createOperandStream(
  seed: number,
  next = createOperandWords(seed)
): (bits: Bits, count: number) => Int8Array {
  return (bits, count) => {
    const codes = new Int8Array(count)
    for (let at = 0; at < count; at++) {
      const field = next() >>> 8
      codes[at] = bits === 1 ? ((field & 1) === 1 ? 1 : -1) : (field << (32 - bits)) >> (32 - bits)
    }
    return codes
  }
}

/** Activations first, then weights, from one stream. */
export function benchOperands(workload: BenchWorkload): BenchOperands {
  const { kernel, dims, activationBits, weightBits, seed } = workload
  const next = createOperandStream(seed)
  const [d0 = 0, d1 = 0, d2 = 0, d3 = 0, d4 = 0] = dims
  const counts =
    kernel === 'matmul'
      ? [d0 * d2, d1 * d2]
      : kernel === 'conv2d'
        ? [d0 * d1 * d2, d3 * d4 * d4 * d2]
        : [d0 * d1 * d2, d3 * d3 * d2]
  return { activations: next(activationBits, counts[0]), weights: next(weightBits, counts[1]) }
}

/** The int32 sums of a workload in output order: matmul [n][m], convolutions [y][x][channel]. */
export function benchSums(workload: BenchWorkload): Int32Array {
  const { activations, weights } = benchOperands(workload)
  const { kernel, dims, activationBits } = workload
  if (kernel === 'matmul') {
    const [n, m, k] = dims as readonly [number, number, number]
    const sums = new Int32Array(n * m)
    multiplyCodes(activations, weights, n, m, k, sums)
    return sums
  }
  const [height, width, channels] = dims as readonly [number, number, number]
  const [size, stride, pad] = dims.slice(kernel === 'conv2d' ? 4 : 3) as [number, number, number]
  const outHeight = Math.floor((height + 2 * pad - size) / stride) + 1
  const outWidth = Math.floor((width + 2 * pad - size) / stride) + 1
  const pixels = outHeight * outWidth
  const columns = new Int8Array(pixels * size * size * channels)
  // The code of real zero; one-bit codes have none and take -1.
  const padCode = activationBits === 1 ? -1 : 0
  const window = {
    kernel: [size, size],
    stride: [stride, stride],
    pad: [pad, pad, pad, pad]
  } as const
  gatherCodes(
    activations,
    tapPositions([height, width, channels], window, outHeight, outWidth),
    padCode,
    columns
  )
  if (kernel === 'conv2d') {
    const outputs = dims[3]
    const sums = new Int32Array(pixels * outputs)
    multiplyCodes(columns, weights, pixels, outputs, size * size * channels, sums)
    return sums
  }
  const sums = new Int32Array(pixels * channels)
  multiplyDepthwise(columns, weights, pixels, size * size, channels, sums)
  return sums
}

/** CRC-32 of the sums as little-endian int32: what `bench` must return. */
export function benchChecksum(workload: BenchWorkload): number {
  const sums = benchSums(workload)
  const bytes = new Uint8Array(sums.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [at, sum] of sums.entries()) view.setInt32(at * 4, sum, true)
  return crc32(bytes)
}
