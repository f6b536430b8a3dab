import { AppError } from '../../../shared/errors'
import type { Estimator, LatencyModel, ModelJson } from '../estimators/estimator'
import { modelFromJson } from '../estimators/models'
import { estimatorByName } from '../estimators/registry'
import { groupByKey, groupByShape, shapeFolds } from './folds'
import { predictHoldout } from './holdout'
import { fitInterval, intervalFactors, measuredCoverage, type IntervalFit } from '../../regression/interval'
import type { ProxyKernelName } from '../../../shared/vocabulary'
import { findProxyKernel, parseProxyKernel, rowSpec } from '../../kernel/spec'
import { isFittedExtent, fittedExtentOf, outsideOf, type FittedExtent } from './fittedExtent'
import { metricsOf } from '../../regression/metrics'
import { timeUnits, type TimeUnit } from '../../../shared/vocabulary'
import type { SampleTable, ShapeRows } from '../samples'

/** A fitted latency proxy of one kernel on one device. */
export interface Proxy {
  readonly kernel: ProxyKernelName
  readonly unit: TimeUnit
  /** Requested estimator, e.g. auto. */
  readonly estimator: string
  /** What it came to, in words. */
  readonly description: string
  readonly seed: number
  readonly rows: number
  readonly shapes: number
  /** MAPE in percent on the fitted rows, and on shapes held out; null where there is only one shape. */
  readonly trainMape: number
  readonly unseenShapeMape: number | null
  readonly model: LatencyModel
  /** Times in `unit`, > 0. Throws proxy.invalid for rows of another kernel. */
  predict(rows: ShapeRows): Float64Array
  /** Bounds that hold a new shape's time with probability `level` (0.5..0.99). Throws as predict. */
  interval(rows: ShapeRows, level: number): { low: Float64Array; high: Float64Array }
  /** Coverage of the 90 % interval measured on unseen shapes; null with a single shape. */
  readonly coverage90: number | null
  /** Sizes and widths of a row that were never measured, in words; null where the proxy's file does not say what was. */
  outside(rows: ShapeRows, row: number): string[] | null
  toJSON(): ProxyJson
}

/** A proxy as it is stored (format and version checked on read). */
export interface ProxyJson {
  format: 'bitbench.proxy'
  version: 1
  /** The kernel's name in files. */
  kernel: string
  unit: TimeUnit
  estimator: string
  seed: number
  rows: number
  shapes: number
  trainMape: number
  unseenShapeMape: number | null
  coverage90: number | null
  logRatios: number[]
  /** Absent in files of older versions. */
  measured?: FittedExtent
  model: ModelJson
}

/** How a proxy is fitted. */
export interface FitProxyOptions {
  kernel: ProxyKernelName
  /** A name of estimators/registry.ts; default auto. */
  estimator?: string
  seed: number
  extra?: SampleTable
  onProgress?: (done: number, total: number, note: string) => void
  /** Stands in for the estimator of that name, e.g. to count its work. */
  using?: Estimator
}

/** Fewer distinct measurements than this are too few for a fit. */
const minRows = 3

/**
 * Fits a proxy, its error on unseen shapes and its intervals. Throws proxy.tooFewSamples for fewer than three
 * distinct measurements and proxy.invalid when the samples are of another kernel.
 */
export function fitProxy(samples: SampleTable, options: FitProxyOptions): Proxy {
  const { kernel, estimator = 'auto', seed, extra, onProgress } = options
  requireKernel(samples, kernel)
  if (groupByKey(samples).groups < minRows) {
    throw new AppError(
      'proxy.tooFewSamples',
      `A ${kernel} proxy needs at least ${minRows} distinct measurements; there are ${groupByKey(samples).groups}.`,
      'Run a profile campaign for this kernel first.'
    )
  }
  const base = { seed, ...(extra === undefined ? {} : { extra }) }
  const asked = options.using ?? estimatorByName(estimator)
  onProgress?.(0, 3, 'choosing')
  const chosen = asked.choose?.(samples, base) ?? asked
  onProgress?.(1, 3, 'fitting')
  const model = chosen.fit(samples, base)
  onProgress?.(2, 3, 'calibrating')
  const shapes = groupByShape(samples).groups
  const holdout = shapes < 2 ? null : holdoutOf(samples, chosen, base)
  onProgress?.(3, 3, '')
  const train = model.predict(samples)
  return makeProxy(
    {
      format: 'bitbench.proxy',
      version: 1,
      kernel: rowSpec(kernel).csvName,
      unit: samples.unit,
      estimator,
      seed,
      rows: samples.count,
      shapes,
      trainMape: metricsOf(train, samples.time).mape,
      unseenShapeMape: holdout?.mape ?? null,
      coverage90: holdout?.coverage90 ?? null,
      logRatios: Array.from((holdout?.calibration ?? fitInterval(train, samples.time)).logRatios),
      measured: fittedExtentOf(samples),
      model: model.toJSON()
    },
    model
  )
}

/** Revives what toJSON wrote. Throws proxy.invalid for anything else. */
export function proxyFromJson(json: unknown): Proxy {
  const candidate = json as Partial<ProxyJson> | null
  const sound =
    typeof candidate === 'object' &&
    candidate !== null &&
    candidate.format === 'bitbench.proxy' &&
    candidate.version === 1 &&
    typeof candidate.kernel === 'string' &&
    findProxyKernel(candidate.kernel) !== null &&
    timeUnits.some((unit) => unit === candidate.unit) &&
    Array.isArray(candidate.logRatios) &&
    (candidate.measured === undefined || isFittedExtent(candidate.measured)) &&
    typeof candidate.model === 'object'
  if (!sound) {
    throw new AppError(
      'proxy.invalid',
      'This is not a proxy saved by Bitbench (format bitbench.proxy, version 1).',
      'Give a file written by `bitbench proxy fit --out`.'
    )
  }
  const valid = candidate as ProxyJson
  return makeProxy(valid, modelFromJson(valid.model))
}

function makeProxy(json: ProxyJson, model: LatencyModel): Proxy {
  const kernel = parseProxyKernel(json.kernel)
  const calibration: IntervalFit = { logRatios: Float64Array.from(json.logRatios) }
  const predict = (rows: ShapeRows): Float64Array => {
    requireKernel(rows, kernel)
    return model.predict(rows)
  }
  return {
    kernel,
    unit: json.unit,
    estimator: json.estimator,
    description: model.description,
    seed: json.seed,
    rows: json.rows,
    shapes: json.shapes,
    trainMape: json.trainMape,
    unseenShapeMape: json.unseenShapeMape,
    coverage90: json.coverage90,
    model,
    predict,
    interval(rows, level) {
      const predicted = predict(rows)
      const { low, high } = intervalFactors(calibration, level)
      return { low: predicted.map((time) => time * low), high: predicted.map((time) => time * high) }
    },
    outside: (rows, row) => (json.measured === undefined ? null : outsideOf(json.measured, rows, row)),
    toJSON: () => json
  }
}

function holdoutOf(
  samples: SampleTable,
  chosen: Estimator,
  options: { seed: number; extra?: SampleTable }
): { mape: number; coverage90: number | null; calibration: IntervalFit } {
  const folds = shapeFolds(samples)
  const predicted = predictHoldout(samples, folds, () => chosen, options)
  return {
    mape: metricsOf(predicted, samples.time).mape,
    coverage90: measuredCoverage(predicted, samples.time, folds.foldOf, 0.9),
    calibration: fitInterval(predicted, samples.time)
  }
}

function requireKernel(rows: ShapeRows, kernel: ProxyKernelName): void {
  if (rows.kernel === kernel) return
  throw new AppError(
    'proxy.invalid',
    `This is a proxy for ${kernel}, not for ${rows.kernel}.`,
    `Fit a proxy on ${rows.kernel} samples.`
  )
}
