import type { KernelName } from '../board/boardInfo'
import { crc32 } from '../board/crc'
import { scaleRounded, toCode } from '../quant/fixedPoint'
import { gatherCodes, tapPositions } from '../quant/im2col'
import { multiplyCodes, multiplyDepthwise } from '../quant/integerKernels'
import type { Bits } from '../quant/scheme'
import { type BenchItem, shapeWork } from './kernelShape'

/**
 * What the board's `bench` must report: the checksum of the outputs over the operand stream of docs/protocol.md,
 * computed here with the host's integer kernels. A Sample whose checksum differs measured something else.
 */
export function expectedChecksum(item: BenchItem, seed: number): number {
  const outputs = expectedOutputs(item, createOperands(seed))
  return crc32(new Uint8Array(outputs.buffer, outputs.byteOffset, outputs.byteLength))
}

interface Operands {
  /** The next `count` codes of `bits` bits. */
  codes(count: number, bits: number): Int8Array
  /** The next `count` sums of 20 bits. */
  sums(count: number): Int32Array
}

/** Marsaglia's xorshift32 (13, 17, 5), as in docs/protocol.md "bench". */
function createOperands(seed: number): Operands {
  let state = seed >>> 0 === 0 ? 1 : seed | 0
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state
  }
  return {
    codes(count, bits) {
      const codes = new Int8Array(count)
      const unused = 32 - bits
      for (let at = 0; at < count; at++) {
        const value = next() >>> 8
        codes[at] = bits === 1 ? ((value & 1) << 1) - 1 : (value << unused) >> unused
      }
      return codes
    },
    sums(count) {
      const sums = new Int32Array(count)
      for (let at = 0; at < count; at++) sums[at] = next() >> 12
      return sums
    }
  }
}

function expectedOutputs(item: BenchItem, operands: Operands): Int32Array | Int8Array {
  const work = shapeWork(item)
  const { activationBits, weightBits, dims } = item
  const bits = activationBits as Bits
  switch (item.kernel) {
    case 'matmul': {
      const [n, m, k] = dims as [number, number, number]
      const codes = operands.codes(work.activations, activationBits)
      const sums = new Int32Array(work.outputs)
      multiplyCodes(codes, operands.codes(work.weights, weightBits), n, m, k, sums)
      return sums
    }
    case 'conv2d':
    case 'depthwiseConv2d':
      return convolve(item, operands)
    case 'maxPool':
    case 'avgPool':
      return pool(item.kernel, dims, operands.codes(work.activations, activationBits), bits)
    case 'add': {
      const codes = operands.codes(work.activations, activationBits)
      const n = dims[0]!
      return Int8Array.from({ length: n }, (_, at) =>
        toCode(scaleRounded(codes[at]! + codes[n + at]!, 2 ** 20, 21), bits, 0)
      )
    }
    case 'requantize': {
      const channels = dims[1]!
      const sums = operands.sums(work.activations)
      return Int8Array.from(sums, (sum, at) => {
        const channel = at % channels
        return toCode(scaleRounded(sum + channel, 2 ** 20 + channel * 16, 32), bits, 0)
      })
    }
    case 'flatten':
      return operands.codes(work.activations, activationBits)
    case 'argmax': {
      const sums = operands.sums(work.activations)
      let best = 0
      for (let at = 1; at < sums.length; at++) if (sums[at]! > sums[best]!) best = at
      return Int32Array.of(best)
    }
  }
}

function convolve(item: BenchItem, operands: Operands): Int32Array {
  const isDepthwise = item.kernel === 'depthwiseConv2d'
  const [h, w, c] = item.dims as [number, number, number]
  const [ks, stride, pad] = item.dims.slice(isDepthwise ? 3 : 4) as [number, number, number]
  const k = isDepthwise ? c : item.dims[3]!
  const work = shapeWork(item)
  const codes = operands.codes(work.activations, item.activationBits)
  const weights = operands.codes(work.weights, item.weightBits)
  const [outH, outW] = [h, w].map((side) => Math.floor((side + 2 * pad - ks) / stride) + 1) as [
    number,
    number
  ]
  const window = { kernel: [ks, ks], stride: [stride, stride], pad: [pad, pad, pad, pad] } as const
  const positions = tapPositions(
    [h, w, c],
    window as unknown as Parameters<typeof tapPositions>[1],
    outH,
    outW
  )
  const columns = new Int8Array(positions.length)
  // Real zero is code 0; one bit has none and takes -1 (docs/arithmetic.md).
  gatherCodes(codes, positions, item.activationBits === 1 ? -1 : 0, columns)
  const sums = new Int32Array(work.outputs)
  if (isDepthwise) multiplyDepthwise(columns, weights, outH * outW, ks * ks, c, sums)
  else multiplyCodes(columns, weights, outH * outW, k, ks * ks * c, sums)
  return sums
}

function pool(kernel: KernelName, dims: readonly number[], codes: Int8Array, bits: Bits): Int8Array {
  const [h, w, c, ks, stride] = dims as [number, number, number, number, number]
  const [outH, outW] = [h, w].map((side) => Math.floor((side - ks) / stride) + 1) as [number, number]
  const out = new Int8Array(outH * outW * c)
  // The benchmark divides by the next power of two, not by the window: a shift tests the same path.
  const shift = 20 + Math.ceil(Math.log2(ks * ks))
  let at = 0
  for (let y = 0; y < outH; y++) {
    for (let x = 0; x < outW; x++) {
      for (let channel = 0; channel < c; channel++) {
        let best = -128
        let sum = 0
        for (let ky = 0; ky < ks; ky++) {
          for (let kx = 0; kx < ks; kx++) {
            const code = codes[((y * stride + ky) * w + x * stride + kx) * c + channel]!
            if (code > best) best = code
            sum += code
          }
        }
        out[at++] = kernel === 'maxPool' ? best : toCode(scaleRounded(sum, 2 ** 20, shift), bits, 0)
      }
    }
  }
  return out
}
