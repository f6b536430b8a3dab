import type { FeatureMatrix } from '../../src/core/regression/featureMatrix'
import { boostingDefaults, growBoosted, predictBoosted } from '../../src/core/regression/trees/boosting'
import {
  forestDefaults,
  growExtraTrees,
  growForest,
  meanOverTrees
} from '../../src/core/regression/trees/forest'
import type { SpeedCase } from './speedCases'
import { startPeers, type PeerName, type Peers, type Times } from './speedPeer'

/** Runs of each side, taken in turns; medians are printed. */
const rounds = 9
const warmUps = 2

interface Contestant {
  name: PeerName
  title: string
  fitBar: number | null
  predictBar: number | null
  fit(x: FeatureMatrix, y: Float64Array): (x: FeatureMatrix) => Float64Array
}

const forestOptions = { ...forestDefaults, seed: 1 }
const boostOptions = { ...boostingDefaults, trees: 100, maxDepth: 6, rate: 0.1, seed: 1 }

const contestants: Contestant[] = [
  {
    name: 'forest',
    title: 'forest',
    fitBar: 0.5,
    predictBar: 0.5,
    fit(x, y) {
      const trees = growForest(x, y, forestOptions)
      return (rows) => meanOverTrees(trees, rows)
    }
  },
  {
    name: 'extraTrees',
    title: 'extra trees',
    fitBar: null,
    predictBar: null,
    fit(x, y) {
      const trees = growExtraTrees(x, y, forestOptions)
      return (rows) => meanOverTrees(trees, rows)
    }
  },
  {
    name: 'boosting',
    title: 'boosting',
    fitBar: 1.5,
    predictBar: null,
    fit(x, y) {
      const model = growBoosted(x, y, boostOptions)
      return (rows) => predictBoosted(model, rows)
    }
  }
]

/**
 * Fit and prediction times beside scikit-learn and xgboost, 100 trees, one thread each. Both sides take turns, so that
 * whatever else the machine does slows both; ratios are printed of processor time (which the verdict uses) and of wall
 * clock, with the held-out error of both.
 */
export async function printSpeed(cases: readonly SpeedCase[]): Promise<void> {
  console.log(`\nSpeed, 100 trees, one thread each, medians of ${rounds} in turns`)
  const remarks: string[] = []
  const peers = await startPeers(remarks)
  for (const numbers of cases) {
    console.log(numbers.title)
    await peers?.load(numbers)
    for (const contestant of contestants) await printContestant(contestant, numbers, peers)
  }
  peers?.close()
  for (const remark of remarks) console.log(remark)
}

async function printContestant(contestant: Contestant, numbers: SpeedCase, peers: Peers | null) {
  const { name, title, fitBar, predictBar, fit } = contestant
  const { train, learn, test, query } = numbers
  const peer = peers?.names[name]
  const race = async (what: 'fit' | 'predict', work: () => unknown): Promise<[Times, Times | null]> => {
    const ours: Times[] = []
    const theirs: Times[] = []
    for (let round = -warmUps; round < rounds; round++) {
      const own = clock(work)
      const other = peers === null || peer === undefined ? null : await peers.time(name, what)
      if (round < 0) continue
      ours.push(own)
      if (other !== null) theirs.push(other)
    }
    return [medians(ours), theirs.length === 0 ? null : medians(theirs)]
  }
  const fitted = await race('fit', () => fit(train.x, train.y))
  const predict = fit(train.x, train.y)
  const predicted = await race('predict', () => predict(query.x))
  const ourMape = mapeOfLogs(fit(learn.x, learn.y)(test.x), test.y)
  const theirMape = peers === null || peer === undefined ? null : await peers.mape(name)
  printRow(`  ${title}: fit`, fitted, peer, fitBar)
  printRow(`  ${title}: ${query.x.count} predictions`, predicted, peer, predictBar)
  console.log(
    `  ${title}: held-out MAPE ${ourMape.toFixed(2)} %${theirMape === null ? '' : `, ${peer} ${theirMape.toFixed(2)} %`}`
  )
}

function printRow(
  what: string,
  [ours, theirs]: [Times, Times | null],
  peer: string | undefined,
  bar: number | null
): void {
  const own = `${what.padEnd(32)} ${ours.cpuMs.toFixed(1).padStart(7)} ms`
  if (theirs === null) {
    console.log(`${own}   no peer`)
    return
  }
  const ratio = ours.cpuMs / theirs.cpuMs
  const verdict = bar === null ? '' : `   <= ${bar} ${ratio <= bar ? 'met' : 'NOT MET'}`
  console.log(
    `${own}   ${peer} ${theirs.cpuMs.toFixed(1)} ms   ratio ${ratio.toFixed(2)}` +
      ` (wall clock ${(ours.wallMs / theirs.wallMs).toFixed(2)})${verdict}`
  )
}

function clock(work: () => unknown): Times {
  const cpu = process.cpuUsage()
  const startedMs = performance.now()
  work()
  const wallMs = performance.now() - startedMs
  const { user, system } = process.cpuUsage(cpu)
  return { wallMs, cpuMs: (user + system) / 1000 }
}

function medians(times: readonly Times[]): Times {
  const middle = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!
  return {
    wallMs: middle(times.map(({ wallMs }) => wallMs)),
    cpuMs: middle(times.map(({ cpuMs }) => cpuMs))
  }
}

function mapeOfLogs(predicted: Float64Array, log: Float64Array): number {
  let sum = 0
  for (let row = 0; row < log.length; row++) sum += Math.abs(Math.expm1(predicted[row]! - log[row]!))
  return (100 * sum) / log.length
}
