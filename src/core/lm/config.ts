import { AppError } from '../../shared/errors'

/** Sizes of a Llama-style decoder: RMSNorm, RoPE, grouped-query attention, SwiGLU. */
export interface LmConfig {
  /** Width of the residual stream. */
  readonly dim: number
  /** Width of the feed-forward block. */
  readonly hiddenDim: number
  readonly layers: number
  readonly heads: number
  /** Heads of keys and values; divides `heads`. */
  readonly kvHeads: number
  /** Number of tokens. */
  readonly vocabulary: number
  /** Most positions of one sequence. */
  readonly sequenceLength: number
  /** The classifier is the embedding table. */
  readonly tied: boolean
  /** Radians from one position to the next of each pair of a head; without: 10000^(-pair / pairs). */
  readonly angles?: readonly number[]
  /** Added to the mean square of a row before its root is taken; without: 1e-5. */
  readonly epsilon?: number
}

/** Epsilon of norms where a model does not say another. */
export const defaultEpsilon = 1e-5

/** What a norm adds to the mean square of a row. */
export const normEpsilon = ({ epsilon }: LmConfig): number => epsilon ?? defaultEpsilon

/** Largest sizes that are read: far above what a board holds, and low enough that no product of them overflows. */
export const maxSizes = {
  dim: 8192,
  hiddenDim: 32768,
  layers: 128,
  heads: 256,
  kvHeads: 256,
  vocabulary: 262144,
  sequenceLength: 65536
} as const

/** Values of one head. */
export const headSize = (config: LmConfig): number => config.dim / config.heads

/** Width of the keys (and of the values) of one position. */
export const kvDim = (config: LmConfig): number => config.kvHeads * headSize(config)

/** The head of keys and values that query head `head` reads. */
export const kvHeadOf = (config: LmConfig, head: number): number =>
  Math.floor((head * config.kvHeads) / config.heads)

/**
 * Checks that the sizes describe a decoder.
 * @throws AppError model.invalid
 */
export function checkDecoderConfig(config: LmConfig): void {
  for (const [name, limit] of Object.entries(maxSizes)) {
    const value = config[name as keyof typeof maxSizes]
    if (!Number.isInteger(value) || value < 1 || value > limit)
      throw invalidConfig(`${name} is ${value}, it must lie between 1 and ${limit}`)
  }
  if (config.dim % config.heads !== 0)
    throw invalidConfig(`the width ${config.dim} is no multiple of ${config.heads} heads`)
  if (headSize(config) % 2 !== 0)
    throw invalidConfig(`a head has ${headSize(config)} values, RoPE turns pairs of them`)
  if (config.heads % config.kvHeads !== 0)
    throw invalidConfig(
      `${config.heads} heads cannot share ${config.kvHeads} heads of keys and values evenly`
    )
}

function invalidConfig(what: string): AppError {
  return new AppError(
    'model.invalid',
    `The language model's sizes are not usable: ${what}.`,
    'Give a checkpoint in the first format of llama2.c: seven 32-bit integers, then float32 tensors.'
  )
}

/** Names of a layer's matrices, in the order of the file. */
export const matrixNames = ['wq', 'wk', 'wv', 'wo', 'w1', 'w2', 'w3'] as const

/** Name of a layer's matrix. */
export type MatrixName = (typeof matrixNames)[number]

/** Rows (outputs) and columns (inputs) of a layer's matrix. */
export function matrixShape(config: LmConfig, name: MatrixName): { rows: number; columns: number } {
  const { dim, hiddenDim } = config
  if (name === 'wk' || name === 'wv') return { rows: kvDim(config), columns: dim }
  if (name === 'w1' || name === 'w3') return { rows: hiddenDim, columns: dim }
  if (name === 'w2') return { rows: dim, columns: hiddenDim }
  return { rows: dim, columns: dim }
}

/** Number of trained values. */
export function parameterCount(config: LmConfig): number {
  const { dim, layers, vocabulary, tied } = config
  let perLayer = 2 * dim
  for (const name of matrixNames) {
    const { rows, columns } = matrixShape(config, name)
    perLayer += rows * columns
  }
  return layers * perLayer + dim + vocabulary * dim * (tied ? 1 : 2)
}
