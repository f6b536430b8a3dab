import { AppError } from '../../../shared/errors'
import type { BoardInfo } from '../../board/boardInfo'
import { moveImage } from '../../board/movedImage'
import type { QuantizedLm } from '../integer/quantizedLm'
import { buildDecoderImage, type DecoderImage, type FindPair } from './decoderImage'

/** Address the decoder program is linked for. */
const linkedAt = 0x80000000

/** Of program and block. */
const alignment = 16

/** Names of the decoder's builds in resources/firmware/build. */
export type DecoderBuild = 'decoder' | 'decoder-zbb'

/**
 * The build whose kernels are those of the board's monitor, so that weights are packed the same way.
 * @throws AppError board.unsupportedKernel for 64-bit and vector cores, and monitors with reference kernels
 */
export function decoderBuild(info: Pick<BoardInfo, 'xlen' | 'kernels'>): DecoderBuild {
  const variants = new Set(
    info.kernels.filter(({ kernel }) => kernel === 'matmul').map(({ variant }) => variant)
  )
  if (info.xlen === 32 && variants.has('rv32im_zbb')) return 'decoder-zbb'
  if (info.xlen === 32 && variants.has('rv32im')) return 'decoder'
  throw new AppError(
    'board.unsupportedKernel',
    `There is no decoder for this board: ${info.xlen} bits, kernels ${[...variants].join(', ')}.`,
    'Language models run on 32-bit boards with the monitor of this Bitbench.'
  )
}

/** The kernels a board reports. */
export function boardPairs(info: Pick<BoardInfo, 'kernels'>): FindPair {
  return (activationBits, weightBits) => {
    const found = info.kernels.find(
      (each) =>
        each.kernel === 'matmul' && each.activationBits === activationBits && each.weightBits === weightBits
    )
    if (found === undefined)
      throw new AppError(
        'board.unsupportedKernel',
        `The board has no kernel for weights of ${weightBits} bits and activations of ${activationBits}.`,
        'Load the monitor of this Bitbench.'
      )
    const { fixedBytes, bytesPerInput, bytesPerOutput } = found.scratch
    return {
      weightLayout: found.weightLayout,
      scratchBytes: (m, k) => fixedBytes + bytesPerInput * k + bytesPerOutput * m
    }
  }
}

/** Program and image with their places in a board's memory. */
export interface DecoderPlan {
  readonly build: DecoderBuild
  readonly program: { readonly address: number; readonly bytes: Uint8Array }
  readonly block: { readonly address: number; readonly image: DecoderImage }
  /** Bytes of RAM that remain. */
  readonly freeBytes: number
}

/**
 * Plans a decoder into a board's RAM: the program, moved to where RAM begins, and the block behind it.
 * @param binary the build's code and the list of its address words
 * @throws AppError deploy.outOfMemory with the bytes that are missing
 */
export function planDecoder(
  lm: QuantizedLm,
  info: Pick<BoardInfo, 'ram' | 'xlen' | 'kernels'>,
  binary: (build: DecoderBuild) => { bytes: Uint8Array; addresses: string }
): DecoderPlan {
  const build = decoderBuild(info)
  const image = buildDecoderImage(lm, boardPairs(info))
  const { bytes, addresses } = binary(build)
  const alignUp = (value: number): number => alignment * Math.ceil(value / alignment)
  const program = alignUp(info.ram.low)
  const block = alignUp(program + bytes.length)
  const freeBytes = info.ram.high - block - image.memory.blockBytes
  if (freeBytes < 0)
    throw new AppError(
      'deploy.outOfMemory',
      `The language model needs ${bytes.length + image.memory.blockBytes} bytes, ${image.memory.cacheBytes} of them for its cache; the board has ${info.ram.high - info.ram.low}: ${-freeBytes} short.`,
      'Lower the bits of the largest matrices or of the cache (kv=4), or choose a board with more RAM.',
      { details: { shortfallBytes: -freeBytes } }
    )
  return {
    build,
    program: { address: program, bytes: moveImage(bytes, addresses, program - linkedAt) },
    block: { address: block, image },
    freeBytes
  }
}
