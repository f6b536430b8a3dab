import { createRandom } from '../../math/random'
import { stagePools, type StagePool } from '../design'
import { fitNet, predictNet, tuneNet, type NetRegression } from '../network/regression'
import type { FittedTransfer } from './method'
import { entriesOf, featuresAt, timesOf, type TransferProblem } from './problem'
import { perPool } from './withoutSource'

const sourceRows = 3000
const sourceTraining = { hidden: [32, 32], epochs: 40, batchSize: 64, rate: 3e-3 }
const tuning = { hidden: [], epochs: 150, batchSize: 32, rate: 1e-3 }
const sourceSeed = 3407

interface SourceNets {
  pools: StagePool[]
  nets: (NetRegression | null)[]
}

/** Networks of a source are trained once, whatever is tried on the target. */
const trained = new WeakMap<TransferProblem, SourceNets>()

/** Method C: a network trained on all source rows, all its weights trained on with the target's rows. */
export function fineTune(problem: TransferProblem, rows: Int32Array, seed: number): FittedTransfer {
  const { pools, nets } = sourceNets(problem)
  return perPool(problem, rows, (at, entries, times) => {
    const { features } = pools[at]
    const logs = times.map(Math.log)
    const options = { ...tuning, seed }
    const start = nets[at]
    const net =
      start === null
        ? fitNet(featuresAt(features, entries), logs, { ...options, hidden: sourceTraining.hidden })
        : tuneNet(start, featuresAt(features, entries), logs, options)
    return (asked) => predictNet(net, featuresAt(features, asked)).map(Math.exp)
  })
}

function sourceNets(problem: TransferProblem): SourceNets {
  const known = trained.get(problem)
  if (known !== undefined) return known
  const all = Int32Array.from({ length: problem.table.count }, (_, row) => row)
  const pools = stagePools(problem.table, null)
  const nets = pools.map((pool) => {
    const entries = entriesOf(pool, problem.source, all)
    if (entries.length < 8) return null
    const used = createRandom(sourceSeed).shuffle(entries).slice(0, sourceRows)
    const logs = timesOf(pool, problem.source, used).map(Math.log)
    return fitNet(featuresAt(pool.features, used), logs, { ...sourceTraining, seed: sourceSeed })
  })
  const result = { pools, nets }
  trained.set(problem, result)
  return result
}
