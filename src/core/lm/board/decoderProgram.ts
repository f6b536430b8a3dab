import { AppError } from '../../../shared/errors'
import { findBoardKernel, usableRamBytes, type BoardInfo } from '../../board/boardInfo'
import { moveImage } from '../../board/movedImage'
import { alignUp } from '../../deploy/planner'
import type { QuantizedLm } from '../integer/quantizedLm'
import { blockAlignment, buildDecoderImage, type DecoderImage, type FindPair } from './decoderImage'

/** Address the decoder program is linked for. */
const linkedAt = 0x80000000

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
    const found = findBoardKernel(info, 'matmul', activationBits, weightBits)
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

/** The linked code of a build, and the list of its words that hold addresses. */
export interface DecoderCode {
  readonly bytes: Uint8Array
  readonly addresses: string
}

/** Tokens that a call can name: it has 16 bits for one, beside 16 for the position. */
const maxVocabulary = 65536

/** Program and image with their places in a board's memory. */
export interface DecoderPlan {
  readonly program: { readonly address: number; readonly bytes: Uint8Array }
  readonly block: { readonly address: number; readonly image: DecoderImage }
  /** Bytes of RAM that remain. */
  readonly freeBytes: number
}

function requireVocabulary({ config }: Pick<QuantizedLm, 'config'>): void {
  if (config.vocabulary > maxVocabulary)
    throw new AppError(
      'model.unsupportedShape',
      `The language model has ${config.vocabulary} tokens; the decoder program takes up to ${maxVocabulary}.`,
      'Train a model with a smaller vocabulary.'
    )
}

/** Where program and block lie: the program where RAM begins, the block behind it. */
function placesInRam({ ram }: Pick<BoardInfo, 'ram'>, code: Uint8Array): { program: number; block: number } {
  const program = alignUp(ram.low, blockAlignment)
  return { program, block: alignUp(program + code.length, blockAlignment) }
}

/**
 * Bytes of RAM from its begin to the end of a decoder's block, whether the board has them or not.
 * @throws AppError board.unsupportedKernel, model.unsupportedShape for more tokens than a call can name
 */
export function decoderRamBytes(
  lm: QuantizedLm,
  info: Pick<BoardInfo, 'ram' | 'kernels'>,
  { bytes }: Pick<DecoderCode, 'bytes'>
): number {
  requireVocabulary(lm)
  const { blockBytes } = buildDecoderImage(lm, boardPairs(info)).memory
  return placesInRam(info, bytes).block - info.ram.low + blockBytes
}

/**
 * Plans a decoder into a board's RAM: the program, moved to where RAM begins, and the block behind it.
 * @param code the build that `decoderBuild` names for the board
 * @throws AppError deploy.outOfMemory with the bytes that are missing, model.unsupportedShape for more tokens than a call can name
 */
export function planDecoder(
  lm: QuantizedLm,
  info: Pick<BoardInfo, 'ram' | 'kernels'>,
  { bytes, addresses }: DecoderCode
): DecoderPlan {
  requireVocabulary(lm)
  const image = buildDecoderImage(lm, boardPairs(info))
  const { program, block } = placesInRam(info, bytes)
  const freeBytes = info.ram.high - block - image.memory.blockBytes
  if (freeBytes < 0)
    throw new AppError(
      'deploy.outOfMemory',
      `The language model needs ${bytes.length + image.memory.blockBytes} bytes, ${image.memory.cacheBytes} of them for its cache; the board has ${usableRamBytes(info)}: ${-freeBytes} short.`,
      'Lower the bits of the largest matrices or of the cache (kv=4), or choose a board with more RAM.',
      { details: { shortfallBytes: -freeBytes } }
    )
  return {
    program: { address: program, bytes: moveImage(bytes, addresses, program - linkedAt) },
    block: { address: block, image },
    freeBytes
  }
}
