import { createRandom } from '../../src/core/math/random'
import { extractFeatures } from '../../src/core/proxy/features'
import type { FeatureMatrix } from '../../src/core/regression/featureMatrix'
import type { SampleTable } from '../../src/core/proxy/samples'

/** Features and the logarithm of time. */
export interface Table {
  x: FeatureMatrix
  y: Float64Array
}

export interface SpeedCase {
  title: string
  /** Times are taken of fitting this and predicting `query`. */
  train: Table
  /** The error is that of a fit on `learn` over `test`, which shares no row with it. */
  learn: Table
  test: Table
  query: Table
}

const queryRows = 10_000

/** 2401 x 12 in the likeness of a profile: few distinct dimensions, 49 bit pairs, products of both among the features. */
export function generatedCase(): SpeedCase {
  const train = profileLike(2401, 1)
  return {
    title: 'generated profile, 2401 x 12',
    train,
    learn: train,
    test: profileLike(1000, 2),
    query: profileLike(queryRows, 3)
  }
}

/** A published profile with MACs, CBOPs and raw columns; one row in five is held out of `learn`. */
export function publishedCase(title: string, samples: SampleTable): SpeedCase {
  const cbops = extractFeatures(samples, 'cbops+')
  const macs = extractFeatures(samples, 'macs')
  const x: FeatureMatrix = {
    names: [...macs.names, ...cbops.names],
    columns: [...macs.columns, ...cbops.columns],
    count: samples.count
  }
  const all: Table = { x, y: Float64Array.from(samples.time, Math.log) }
  const rows = createRandom(1).shuffle(Array.from({ length: x.count }, (_, row) => row))
  const fifth = Math.floor(rows.length / 5)
  return {
    title: `${title}, ${x.count} x ${x.columns.length}`,
    train: all,
    learn: rowsOf(all, rows.slice(fifth)),
    test: rowsOf(all, rows.slice(0, fifth)),
    query: rowsOf(
      all,
      Array.from({ length: queryRows }, (_, at) => rows[at % rows.length]!)
    )
  }
}

function rowsOf({ x, y }: Table, rows: readonly number[]): Table {
  return {
    x: {
      names: x.names,
      columns: x.columns.map((column) => Float64Array.from(rows, (row) => column[row]!)),
      count: rows.length
    },
    y: Float64Array.from(rows, (row) => y[row]!)
  }
}

export function profileLike(count: number, seed: number): Table {
  const random = createRandom(seed)
  const columns = Array.from({ length: 12 }, () => new Float64Array(count))
  const y = new Float64Array(count)
  const sides = [1, 4, 5, 8, 9, 14, 16, 17, 28, 32, 34]
  const channels = [1, 3, 6, 16, 24, 32, 64, 96, 128, 144, 160, 192, 256, 320]
  for (let row = 0; row < count; row++) {
    const side = sides[random.integer(sides.length)]!
    const c = channels[random.integer(channels.length)]!
    const k = channels[random.integer(channels.length)]!
    const window = [1, 3, 5][random.integer(3)]!
    const [qa, qw] = [2 + random.integer(7), 2 + random.integer(7)]
    const macs = side * side * c * k * window * window
    const work = [macs, macs * Math.max(qa, qw), macs * qw, macs * qa]
    const values = [side, side, c, k, window, 1 + random.integer(2), qa, qw, ...work]
    values.forEach((value, at) => (columns[at]![row] = value))
    y[row] =
      Math.log(1000 + macs * (0.2 + 0.05 * Math.max(qa, qw)) + 4 * side * side * k) + 0.03 * random.normal()
  }
  return { x: { names: columns.map((_, at) => `x${at}`), columns, count }, y }
}
