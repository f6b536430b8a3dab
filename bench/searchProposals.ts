/**
 * Processor time a strategy takes per proposal on a synthetic network of many layers; evaluations cost nothing here.
 *
 *   npm run bench:search-proposals -- [--layers 50] [--evaluations 144] [--strategies auto,integer] [--json]
 */
import { cpus } from 'node:os'
import { createRandom } from '../src/core/math/random'
import type { Scheme } from '../src/core/quant/scheme'
import { buildCostTable } from '../src/core/search/costs/costTable'
import { runSearch } from '../src/core/search/runSearch'
import { createSpace, tableCost } from '../src/core/search/space'
import { strategies } from '../src/core/search/strategies'
import type { StrategyName } from '../src/shared/vocabulary'
import { readFlags, whole } from './flags'

const { values } = readFlags(
  {
    options: {
      layers: { type: 'string', default: '50' },
      evaluations: { type: 'string', default: '144' },
      strategies: { type: 'string', default: 'auto' },
      json: { type: 'boolean', default: false }
    }
  },
  { layers: whole(), evaluations: whole() }
)
const count = Number(values.layers)
const layers = Array.from({ length: count }, (_, index) => `layer${index}`)
const random = createRandom(1)
const macs = layers.map(() => Math.round(Math.exp(12 + random.normal())))
const space = createSpace({
  layers,
  macs,
  costs: [tableCost(buildCostTable(count, 'bops', 0, (layer, w, a) => macs[layer]! * w * a))]
})
const sensitivity = layers.map(() => 0.004 * Math.exp(random.normal()))
const shape: Record<number, number> = { 8: 0, 4: 0.12, 2: 1, 1: 3 }

const rows = []
for (const strategy of values.strategies.split(',')) {
  if (!(strategy in strategies)) {
    console.error(`No strategy is called ${strategy}: ${Object.keys(strategies).join(', ')}`)
    process.exit(2)
  }
  rows.push(await timed(strategy as StrategyName))
}
if (values.json) console.log(JSON.stringify({ layers: count, rows }))
else {
  console.log(
    `${cpus()[0]?.model.trim()}; ${count} layers, budget 0.4, batches of 4; processor ms per proposal`
  )
  for (const { strategy, evaluations, bestLoss, meanMs, maxMs } of rows) {
    console.log(
      `${strategy.padEnd(16)} mean ${meanMs.toFixed(1)}, slowest batch ${maxMs.toFixed(1)}; loss ${bestLoss?.toFixed(4) ?? 'none'} after ${evaluations}`
    )
  }
}

/** Times from one batch's results to the next batch's first evaluation. */
async function timed(strategy: StrategyName) {
  const perProposal: number[] = []
  let mark = process.cpuUsage()
  let inBatch = 0
  const { trace, best } = await runSearch(
    {
      space,
      strategy,
      objective: 'kl',
      budgetRatios: [0.4],
      evaluations: Number(values.evaluations),
      batch: 4,
      seed: 1
    },
    {
      evaluate(scheme) {
        if (inBatch++ === 0) {
          const { user, system } = process.cpuUsage(mark)
          perProposal.push((user + system) / 1000)
        }
        return Promise.resolve(measure(scheme))
      },
      onCandidate() {
        inBatch = 0
        mark = process.cpuUsage()
      }
    }
  )
  const batches = perProposal.map((ms, batch) => ms / trace.filter((entry) => entry.batch === batch).length)
  return {
    strategy,
    evaluations: trace.length,
    bestLoss: best?.loss ?? null,
    meanMs: batches.reduce((sum, ms) => sum + ms, 0) / batches.length,
    maxMs: Math.max(...batches)
  }
}

/** Additive losses with interactions between neighbouring layers. */
function measure(scheme: Scheme) {
  const lost = scheme.map(
    ({ weightBits, activationBits }, layer) =>
      sensitivity[layer]! * (shape[weightBits]! + 0.7 * shape[activationBits]!)
  )
  const kl = lost.reduce(
    (sum, loss, layer) => sum + loss + 0.5 * Math.sqrt(loss * (lost[layer - 1] ?? 0)),
    0.001
  )
  return { accuracy: Math.max(0.1, 0.9 - kl), kl, crossEntropy: 0.3 + kl, mse: kl }
}
