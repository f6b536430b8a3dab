import { AppError } from '../../../shared/errors'
import { nonNegativeLeastSquares } from '../../math/nnls'
import { median } from '../../math/median'
import { decoderParts } from '../board/decoderImage'
import { layerTerms, outsideTerms, stepTerms, type LmShape, type WorkTerms } from './stepTerms'

/** One measured step of a decoder. */
export interface StepSample extends LmShape {
  readonly position: number
  /** Cost of each part, [layers + 1][parts] (decoderParts). */
  readonly parts: ArrayLike<number>
  /** Cost of the whole step. */
  readonly cost: number
}

/** What a board takes for one unit of each kernel's work. */
export interface DecoderProxy {
  readonly costs: Readonly<Record<string, number>>
}

/** Errors in percent on decoders that were not fitted. */
export interface DecoderErrors {
  /** Steps that were predicted. */
  readonly samples: number
  /** Mean and median of |predicted - measured| / measured of whole steps. */
  readonly stepMape: number
  readonly stepMedian: number
  readonly largest: number
  /** Mean by part. */
  readonly partMape: Readonly<Record<string, number>>
}

/** A part's measured cost and its work. */
interface Row {
  readonly terms: WorkTerms
  readonly cost: number
}

function rowsOf(sample: StepSample): Row[] {
  const { config, position, parts } = sample
  const rows: Row[] = []
  for (const [part, name] of decoderParts.entries())
    for (let layer = 0; layer <= config.layers; layer++) {
      const terms =
        layer === config.layers ? outsideTerms(sample, name) : layerTerms(sample, layer, name, position)
      if (terms.size > 0) rows.push({ terms, cost: parts[layer * decoderParts.length + part] })
    }
  return rows
}

/**
 * Fits the cost of every kind of work, none negative, by least squares of relative errors.
 * @throws AppError data.missing without a counted part
 */
export function fitDecoderProxy(samples: readonly StepSample[]): DecoderProxy {
  const rows = samples.flatMap(rowsOf).filter(({ cost }) => cost > 0)
  if (rows.length === 0)
    throw new AppError(
      'data.missing',
      'No step of a decoder has counted parts.',
      'Measure on a board that counts cycles or instructions.'
    )
  const names = [...new Set(rows.flatMap(({ terms }) => [...terms.keys()]))].sort()
  const indexOf = new Map(names.map((name, index) => [name, index]))
  const gram = new Float64Array(names.length ** 2)
  const rhs = new Float64Array(names.length)
  for (const { terms, cost } of rows) {
    const entries = [...terms].map(([name, amount]) => [indexOf.get(name)!, amount / cost] as const)
    for (const [a, x] of entries) {
      rhs[a] += x
      for (const [b, y] of entries) gram[a * names.length + b] += x * y
    }
  }
  const found = nonNegativeLeastSquares(gram, rhs)
  return { costs: Object.fromEntries(names.map((name, index) => [name, found[index]])) }
}

/** Predicted cost of some work. @throws AppError proxy.kernelMissing for work that was never measured */
export const costOfTerms = ({ costs }: DecoderProxy, terms: WorkTerms): number => {
  let sum = 0
  terms.forEach((amount, name) => {
    if (!Object.hasOwn(costs, name))
      throw new AppError(
        'proxy.kernelMissing',
        `The decoder proxy has no "${name}": nothing like it was measured.`,
        'Measure the board again with more decoders.'
      )
    sum += amount * costs[name]
  })
  return sum
}

/** Predicted cost of a step at a position. @throws AppError proxy.kernelMissing for work that was never measured */
export const predictStep = (proxy: DecoderProxy, shape: LmShape, position: number): number =>
  costOfTerms(proxy, stepTerms(shape, position))

/** Whether all of this work was measured. */
const covers = ({ costs }: DecoderProxy, terms: WorkTerms): boolean =>
  [...terms.keys()].every((name) => Object.hasOwn(costs, name))

/**
 * Errors of proxies fitted without the decoders they are tested on: `folds` groups of decoders, each left out once. Steps with work
 * that no other decoder has are left out.
 * @throws AppError data.missing where none is left
 */
export function holdoutErrors(decoders: readonly (readonly StepSample[])[], folds = 6): DecoderErrors {
  const stepErrors: number[] = []
  const byPart = new Map<string, number[]>()
  for (let fold = 0; fold < Math.min(folds, decoders.length); fold++) {
    const isOut = (index: number): boolean => index % folds === fold
    const proxy = fitDecoderProxy(decoders.filter((_, index) => !isOut(index)).flat())
    for (const sample of decoders.filter((_, index) => isOut(index)).flat()) {
      if (!covers(proxy, stepTerms(sample, sample.position))) continue
      stepErrors.push(relativeError(predictStep(proxy, sample, sample.position), sample.cost))
      for (const [part, name] of decoderParts.entries()) {
        const rows = rowsOfPart(sample, part)
        const measured = rows.reduce((sum, { cost }) => sum + cost, 0)
        const predicted = rows.reduce((sum, { terms }) => sum + costOfTerms(proxy, terms), 0)
        byPart.set(name, [...(byPart.get(name) ?? []), relativeError(predicted, measured)])
      }
    }
  }
  if (stepErrors.length === 0)
    throw new AppError(
      'data.missing',
      'No decoder was left to test the proxy on.',
      'Measure more of them: --decoders 48.'
    )
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  return {
    samples: stepErrors.length,
    stepMape: mean(stepErrors),
    stepMedian: median(stepErrors),
    largest: Math.max(...stepErrors),
    partMape: Object.fromEntries([...byPart].map(([name, errors]) => [name, mean(errors)]))
  }
}

function rowsOfPart(sample: StepSample, part: number): Row[] {
  const { config, position, parts } = sample
  const name = decoderParts[part]
  return Array.from({ length: config.layers + 1 }, (_, layer) => ({
    terms: layer === config.layers ? outsideTerms(sample, name) : layerTerms(sample, layer, name, position),
    cost: parts[layer * decoderParts.length + part]
  }))
}

const relativeError = (predicted: number, measured: number): number =>
  100 * Math.abs(predicted / measured - 1)
