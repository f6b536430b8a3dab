// npm run bench:estimatorTiles [-- --device a100 --rounds 800]: fits the constants of core/estimator/tiles.ts on one device's
// matrix products (shared/data/gpu-ops) by random search, and prints them with the error of the base that they give.
import path from 'node:path'
import { stagePools, type StagePool } from '@core/estimator/design'
import { deviceFactsOf } from '@core/estimator/devices'
import { stageTable } from '@core/estimator/samples/stageTable'
import { tileCosts, tileShapes, type TileModel } from '@core/estimator/tiles'
import { entriesOf, timesOf } from '@core/estimator/transfer/problem'
import { fitTileBase } from '@core/estimator/transfer/tileBase'
import type { StageWork } from '@core/estimator/work'
import { createRandom } from '@core/math/random'
import { readStageFiles } from '../src/main/estimator/sampleFiles'
import { readFlags, whole } from './flags'

const { values } = readFlags(
  {
    options: {
      data: { type: 'string', default: path.resolve('../shared/data/gpu-ops') },
      device: { type: 'string', default: 'a100' },
      rounds: { type: 'string', default: '800' },
      rows: { type: 'string', default: '2000' }
    }
  },
  { rows: whole(), rounds: whole() }
)
const facts = deviceFactsOf(values.device)
if (facts === null) throw new Error(`The multiprocessors of ${values.device} are not known.`)
const { multiprocessors } = facts
const random = createRandom(1)
const pool = await products(values.device, Number(values.rows))
const all = Int32Array.from({ length: pool.count }, (_, row) => row)

let model: TileModel = {
  rates: [1, 0.95, 0.9, 0.85, 0.85, 0.8, 0.8, 0.6, 0.4, 0.2],
  startK: 100,
  addition: 3
}
let lowest = errorOf(model)
const steps = new Float64Array(tileShapes.length + 1).fill(0.2)
for (let round = 0; round < Number(values.rounds); round++) {
  // The first rate is the unit.
  const at = random.integer(steps.length)
  const changed = scaled(model, at, Math.exp((steps[at] as number) * random.normal()))
  const error = errorOf(changed)
  const better = error < lowest
  if (better) [model, lowest] = [changed, error]
  steps[at] = Math.max(0.01, (steps[at] as number) * (better ? 1.3 : 0.9))
}
const short = (value: number): number => Number(value.toPrecision(3))
console.log(
  `${values.device}: mean error of the base ${(100 * lowest).toFixed(2)} % over ${pool.count} products`
)
console.log(
  JSON.stringify({
    rates: model.rates.map(short),
    startK: short(model.startK),
    addition: short(model.addition)
  })
)

function scaled(from: TileModel, at: number, factor: number): TileModel {
  if (at === 0) return { ...from, startK: from.startK * factor }
  if (at === tileShapes.length) return { ...from, addition: from.addition * factor }
  return { ...from, rates: from.rates.map((rate, tile) => (tile === at ? rate * factor : rate)) }
}

function errorOf(tried: TileModel): number {
  const costs = tileCosts(pool.work as StageWork, multiprocessors, tried)
  const base = fitTileBase({ ...pool, tileCosts: costs }, all, pool.terms[0] as Float64Array)
  return (
    base.reduce(
      (sum, time, row) => sum + Math.abs(Math.log(time / ((pool.terms[0] as Float64Array)[row] as number))),
      0
    ) / pool.count
  )
}

/** Products of a device as one stage; the only term is their measured times in ms. */
async function products(device: string, count: number): Promise<StagePool> {
  const table = stageTable(
    await readStageFiles([path.join(values.data, `${device}.csv`)], { preset: 'vidur' })
  )
  const known = stagePools(table, multiprocessors).find(({ work }) => work?.kind === 'product') as StagePool
  const rows = Int32Array.from({ length: table.count }, (_, row) => row)
  const entries = random.shuffle(entriesOf(known, table.times, rows)).slice(0, count)
  const { m, n, k } = known.work as StageWork
  const pick = (column: Float64Array): Float64Array => Float64Array.from(entries, (entry) => column[entry])
  return {
    ...known,
    stages: [0],
    count: entries.length,
    features: { names: [], columns: [], count: entries.length },
    terms: [timesOf(known, table.times, entries)],
    work: { kind: 'product', m: pick(m), n: pick(n), k: pick(k) }
  }
}
