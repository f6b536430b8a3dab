import type { LmConfig, MatrixName } from '../config'
import type { LmScheme, MatrixBits } from './lmScheme'

/** Factors as signed mult / 2^shift, one per value (docs/arithmetic.md). */
export interface Factors {
  readonly mult: Int32Array
  readonly shift: Uint8Array
}

/** A matrix of codes [rows][columns] with the factor that its sums get. */
export interface QuantizedMatrix extends MatrixBits, Factors {
  readonly rows: number
  readonly columns: number
  readonly codes: Int8Array
}

/** One layer in integers. */
export interface QuantizedLmLayer extends Readonly<Record<MatrixName, QuantizedMatrix>> {
  readonly attentionNorm: Factors
  readonly ffnNorm: Factors
  /** Per head: distance of scores to 1/256 nat. */
  readonly score: Factors
  /** Per head: mean of the value codes, in 1/4096, to codes. */
  readonly mean: Factors
  /** One: gate times up to codes. */
  readonly hidden: Factors
}

/** A decoder in integers. */
export interface QuantizedLm {
  readonly config: LmConfig
  readonly scheme: LmScheme
  /** Rows of codes, and factors from codes to the residual. The codes are the classifier's where they are tied. */
  readonly embedding: QuantizedMatrix
  readonly layers: readonly QuantizedLmLayer[]
  readonly finalNorm: Factors
  /** Sums to 1/65536 nat. */
  readonly classifier: QuantizedMatrix
  /** What is added to a row's sum of squares; below 2^48. */
  readonly epsilon: number
  /** Cosine and sine, in 1/16384, of each position and pair: [sequenceLength][headSize / 2][2]. */
  readonly rotation: Int16Array
}

/** Limits that keep every sum below 2^31 (docs/arithmetic.md). */
export const maxIntegerSizes = { dim: 1024, hiddenDim: 4096, headSize: 128, sequenceLength: 1024 } as const
