import type { Bits } from '../../quant/scheme'
import type { Candidate } from '../candidate'
import { fitSchemeProcess } from './gaussianProcess'
import { additiveLosses, lossShape, sumOfLosses, type ProbedLoss } from './probes'
import { genesOfScheme, type Genes, type SearchSpace } from '../space'

/**
 * A model of the loss on a logarithmic scale: the additive expectation of the probes times what a Gaussian process learns of
 * the ratio to it. To first order log(sum of shares x factors) is the sum of share x log factor, so the process is
 * linear in each layer width's share of the expected loss: one factor per width (is this layer worse at 1 bit than the
 * shape says?), one per level over all layers (the shape itself), and one per pair of widths (their losses do not
 * just add up).
 */
export interface LossModel {
  /** Logarithm of the loss of schemes that were not evaluated. */
  predict(genes: Genes): { mean: number; deviation: number }
  /** The same after further observations, for choosing several schemes at once. */
  believing(genes: Genes, logLoss: number): LossModel
}

/** Prior of the loss model: standard deviations of log factors. */
export interface LossModelSettings {
  /** Standard deviations of log factors. */
  readonly offset: number
  /** Per level (8; 7 to 4; 3 and 2; 1 bits), common to all widths. */
  readonly shape: readonly number[]
  /** Per level, each width by itself. */
  readonly width: readonly number[]
  /** Per pair of widths; 0: additive. */
  readonly pair: number
  /** Of a measured log loss. */
  readonly noise: number
}

/** Prior of a loss in which pairs of widths count too. */
export const pairwiseSettings: LossModelSettings = {
  offset: 0.1,
  shape: [0, 0.5, 0.2, 0.4],
  width: [0, 0.6, 0.2, 0.6],
  pair: 0.4,
  noise: 0.03
}
/** The same prior without pairs. */
export const additiveSettings: LossModelSettings = { ...pairwiseSettings, pair: 0 }

/** Widths whose losses depart from the shape alike. */
const levelOf: Readonly<Record<Bits, number>> = { 8: 0, 7: 1, 6: 1, 5: 1, 4: 1, 3: 2, 2: 2, 1: 3 }

const minLogged = 1e-6
/** Observations the process is fitted to: those of least loss, which are nearest to what is searched. */
const maxObservations = 64

/** Logarithm of a loss, which is kept above a least value. */
export function logLoss(loss: number): number {
  return Math.log(Math.max(minLogged, loss))
}

/** Shares of one scheme's expected loss. */
interface Shares {
  readonly genes: Genes
  /** Level of every position. */
  readonly levelAt: Uint8Array
  /** Expected log loss. */
  readonly expected: number
  readonly shares: Float64Array
  /** Square roots of the shares. */
  readonly roots: Float64Array
  /** Sum of the shares at each level. */
  readonly levels: Float64Array
}

interface Observation {
  readonly shares: Shares
  readonly residual: number
}

/** Fits a model of the log loss to the candidates evaluated so far and the probes. */
export function fitLossModel(
  space: SearchSpace,
  history: readonly Candidate[],
  sensitivity: ProbedLoss,
  settings: LossModelSettings = pairwiseSettings
): LossModel {
  const shape = lossShape(space)
  const losses = additiveLosses(space, sensitivity, shape)
  const base = Math.max(sensitivity.base, minLogged)
  const sharesOf = (genes: Genes): Shares => {
    const total = base + sumOfLosses(losses, genes)
    const shares = new Float64Array(genes.length)
    const levels = new Float64Array(4)
    for (let at = 0; at < genes.length; at++) {
      const gene = genes[at]
      if (gene === 0 || space.choices[at].length < 2) continue
      shares[at] =
        (Math.max(sensitivity.added[at], 1e-7) * shape[gene]) / shape[sensitivity.probed[at]] / total
      levels[levelOf[space.widths[gene]]] += shares[at]
    }
    const levelAt = genes.map((gene) => levelOf[space.widths[gene]])
    return { genes, levelAt, expected: Math.log(total), shares, roots: shares.map(Math.sqrt), levels }
  }
  const closest = [...history].sort((a, b) => a.loss - b.loss || a.index - b.index).slice(0, maxObservations)
  const observed = closest.map(({ scheme, loss }): Observation => {
    const shares = sharesOf(genesOfScheme(scheme, space.widths))
    return { shares, residual: logLoss(loss) - shares.expected }
  })
  return modelOf(observed, sharesOf, settings)
}

function modelOf(
  observed: readonly Observation[],
  sharesOf: (genes: Genes) => Shares,
  settings: LossModelSettings
): LossModel {
  const process = fitSchemeProcess(
    observed.map(({ shares }) => shares),
    observed.map(({ residual }) => residual),
    (a, b) => covariance(a, b, settings),
    settings.noise ** 2
  )
  return {
    predict(genes) {
      const shares = sharesOf(genes)
      const { mean, deviation } = process.predict(shares)
      return { mean: shares.expected + mean, deviation }
    },
    believing(genes, value) {
      const shares = sharesOf(genes)
      return modelOf([...observed, { shares, residual: value - shares.expected }], sharesOf, settings)
    }
  }
}

function covariance(a: Shares, b: Shares, { offset, shape, width, pair }: LossModelSettings): number {
  let sum = offset * offset
  for (let level = 1; level < 4; level++) sum += shape[level] ** 2 * a.levels[level] * b.levels[level]
  let together = 0
  let squares = 0
  for (let at = 0; at < a.genes.length; at++) {
    const gene = a.genes[at]
    if (gene === 0 || gene !== b.genes[at]) continue
    const product = a.shares[at] * b.shares[at]
    sum += width[a.levelAt[at]] ** 2 * product
    together += a.roots[at] * b.roots[at]
    squares += product
  }
  // Sum over pairs of both widths' common shares.
  return sum + (pair * pair * (together * together - squares)) / 2
}
