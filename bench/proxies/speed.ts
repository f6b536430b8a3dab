import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { createRandom } from '../../src/core/random'
import type { FeatureMatrix } from '../../src/core/proxy/features'
import { boostingDefaults, growBoosted, predictBoosted } from '../../src/core/proxy/trees/boosting'
import { forestDefaults, growForest, meanOverTrees } from '../../src/core/proxy/trees/forest'

interface Peer {
  name: string
  fitMs: number
  predictMs: number
  mape: number
}

export interface SpeedRow {
  what: string
  oursMs: number
  peer: string | null
  peerMs: number | null
  ratio: number | null
  bar: number | null
  ours: string
}

/** Fit and prediction times beside scikit-learn and xgboost: 2401 rows x 12 features, 100 trees, one thread each. */
export function benchSpeed(): { rows: SpeedRow[]; remarks: string[] } {
  const train = profileLike(2401, 1)
  const test = profileLike(1000, 2)
  const query = profileLike(10_000, 3)
  const remarks: string[] = []
  const peers = runPeers(train, test, query, remarks)

  const forestOptions = { ...forestDefaults, seed: 1 }
  let forest = growForest(train.x, train.y, forestOptions)
  const forestFitMs = medianMs(() => (forest = growForest(train.x, train.y, forestOptions)))
  const forestPredictMs = medianMs(() => meanOverTrees(forest, query.x))
  const boostOptions = { ...boostingDefaults, trees: 100, maxDepth: 6, rate: 0.1, seed: 1 }
  let boosted = growBoosted(train.x, train.y, boostOptions)
  const boostFitMs = medianMs(() => (boosted = growBoosted(train.x, train.y, boostOptions)))
  const boostPredictMs = medianMs(() => predictBoosted(boosted, query.x))
  const forestError = errorOf(meanOverTrees(forest, test.x), test.y)
  const boostError = errorOf(predictBoosted(boosted, test.x), test.y)

  const large = profileLike(100_000, 4)
  const before = process.memoryUsage().rss
  const startedMs = performance.now()
  growBoosted(large.x, large.y, { ...boostOptions })
  const largeMs = performance.now() - startedMs
  remarks.push(
    `100,000 rows x 12, 100 boosted trees: ${(largeMs / 1000).toFixed(2)} s, resident set grew by ` +
      `${((process.memoryUsage().rss - before) / 2 ** 20).toFixed(0)} MiB`
  )
  const row = (
    what: string,
    oursMs: number,
    peer: Peer | undefined,
    peerMs: number | undefined,
    bar: number | null,
    error: number
  ): SpeedRow => ({
    what,
    oursMs,
    peer: peer?.name ?? null,
    peerMs: peerMs ?? null,
    ratio: peerMs === undefined ? null : oursMs / peerMs,
    bar,
    ours: `MAPE ${error.toFixed(2)} %, peer ${peer === undefined ? '–' : `${peer.mape.toFixed(2)} %`}`
  })
  return {
    rows: [
      row('forest fit', forestFitMs, peers.forest, peers.forest?.fitMs, 0.5, forestError),
      row('forest predicts 10,000', forestPredictMs, peers.forest, peers.forest?.predictMs, 0.5, forestError),
      row('boosting fit', boostFitMs, peers.boosting, peers.boosting?.fitMs, 1.5, boostError),
      row(
        'boosting predicts 10,000',
        boostPredictMs,
        peers.boosting,
        peers.boosting?.predictMs,
        null,
        boostError
      )
    ],
    remarks
  }
}

interface Numbers {
  x: FeatureMatrix
  y: Float64Array
}

/** Layers as profiles have them: few distinct dimensions, 49 bit pairs, products of both among the 12 features. */
function profileLike(count: number, seed: number): Numbers {
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
    const values = [
      side,
      side,
      c,
      k,
      window,
      1 + random.integer(2),
      qa,
      qw,
      macs,
      macs * Math.max(qa, qw),
      macs * qw,
      macs * qa
    ]
    values.forEach((value, at) => (columns[at]![row] = value))
    y[row] =
      Math.log(1000 + macs * (0.2 + 0.05 * Math.max(qa, qw)) + 4 * side * side * k) + 0.03 * random.normal()
  }
  return { x: { names: columns.map((_, at) => `x${at}`), columns, count }, y }
}

function runPeers(
  train: Numbers,
  test: Numbers,
  query: Numbers,
  remarks: string[]
): { forest?: Peer; boosting?: Peer } {
  const rowsOf = ({ x }: Numbers): number[][] =>
    Array.from({ length: x.count }, (_, row) => x.columns.map((column) => column[row]!))
  const run = spawnSync('/usr/bin/python3', [path.resolve('bench/proxies/peers.py')], {
    input: JSON.stringify({
      x: rowsOf(train),
      y: Array.from(train.y),
      testX: rowsOf(test),
      testY: Array.from(test.y),
      queryX: rowsOf(query)
    }),
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' }
  })
  if (run.status !== 0) {
    remarks.push(
      `SKIPPED the peers: /usr/bin/python3 with numpy, sklearn and xgboost is not here (${run.stderr?.slice(-200) ?? run.error})`
    )
    return {}
  }
  const found = JSON.parse(run.stdout) as {
    forest?: Peer
    boosting?: Peer
    forestMissing?: string
    boostingMissing?: string
  }
  for (const missing of [found.forestMissing, found.boostingMissing])
    if (missing !== undefined) remarks.push(`SKIPPED: ${missing}`)
  return found
}

function errorOf(predicted: Float64Array, log: Float64Array): number {
  let sum = 0
  for (let row = 0; row < log.length; row++) sum += Math.abs(Math.expm1(predicted[row]! - log[row]!))
  return (100 * sum) / log.length
}

function medianMs(work: () => unknown, rounds = 7): number {
  const times = Array.from({ length: rounds }, () => {
    const startedMs = performance.now()
    work()
    return performance.now() - startedMs
  }).sort((a, b) => a - b)
  return times[rounds >> 1]!
}
