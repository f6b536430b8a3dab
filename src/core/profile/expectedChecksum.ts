import type { KernelName, SequenceKernel } from '../../shared/vocabulary'
import { expectedSequence, isSequenceKernel } from './expectedSequence'
import { crc32 } from '../binary/crc'
import { benchChecksum, createOperandStream, createOperandWords } from '../quant/integer/benchOperands'
import { scaleRounded, toCode } from '../quant/integer/fixedPoint'
import type { Bits } from '../quant/scheme'
import { type BenchItem, operandElements, shapeWork } from '../kernel/shape'

/**
 * What the board's `bench` must report: the checksum of the outputs over the operand stream of docs/protocol.md,
 * computed here with the host's integer kernels. A Sample whose checksum differs measured something else.
 */
export function expectedChecksum(item: BenchItem, seed: number): number {
  const { kernel } = item
  if (kernel === 'matmul' || kernel === 'conv2d' || kernel === 'depthwiseConv2d') {
    shapeWork(item)
    const [activationBits, weightBits] = [item.activationBits as Bits, item.weightBits as Bits]
    return benchChecksum({ kernel, dims: item.dims, activationBits, weightBits, seed })
  }
  const outputs = isSequenceKernel(kernel)
    ? expectedSequence(kernel, item, seed)
    : expectedOutputs(kernel, item, seed)
  return crc32(new Uint8Array(outputs.buffer, outputs.byteOffset, outputs.byteLength))
}

/** Outputs of the kernels without weights. */
function expectedOutputs(
  kernel: Exclude<KernelName, 'matmul' | 'conv2d' | 'depthwiseConv2d' | SequenceKernel>,
  item: BenchItem,
  seed: number
): Int32Array | Int8Array {
  const words = createOperandWords(seed)
  const nextCodes = createOperandStream(seed, words)
  /** The next `count` sums of 20 bits. */
  const nextSums = (count: number): Int32Array => Int32Array.from({ length: count }, () => words() >> 12)
  const operands = operandElements(kernel, shapeWork(item))
  const { activationBits, dims } = item
  const bits = activationBits as Bits
  switch (kernel) {
    case 'maxPool':
    case 'avgPool':
      return pool(kernel, dims, nextCodes(bits, operands), bits)
    case 'add': {
      const codes = nextCodes(bits, operands)
      const n = dims[0]
      return Int8Array.from({ length: n }, (_, at) =>
        toCode(scaleRounded(codes[at] + codes[n + at], 2 ** 20, 21), bits, 0)
      )
    }
    case 'requantize': {
      const channels = dims[1]
      const sums = nextSums(operands)
      return Int8Array.from(sums, (sum, at) => {
        const channel = at % channels
        return toCode(scaleRounded(sum + channel, 2 ** 20 + channel * 16, 32), bits, 0)
      })
    }
    case 'flatten':
      return nextCodes(bits, operands)
    case 'argmax': {
      const sums = nextSums(operands)
      let best = 0
      for (let at = 1; at < sums.length; at++) if (sums[at] > sums[best]) best = at
      return Int32Array.of(best)
    }
  }
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
            const code = codes[((y * stride + ky) * w + x * stride + kx) * c + channel]
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
