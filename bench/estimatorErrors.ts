// npm run bench:estimatorErrors [-- --targets a40 --n 25 --seeds 3 --method blend]: where the error of a transfer lies
// (operators, models, tokens), and the noise between repeated rows of equal configurations below it.
import path from 'node:path'
import { assembleTransfer } from '@core/estimator/transfer/assemble'
import { chooseCalibrationRows, type CalibrationDesign } from '@core/estimator/transfer/calibrationRows'
import { fitStageTransfer, type StageTransferMethod } from '@core/estimator/transfer/methods'
import { configurationKey, knobsOf, stageTable, totalMs } from '@core/estimator/samples/stageTable'
import type { StageSample } from '@core/estimator/samples/stageSample'
import { readStageFiles } from '../src/main/estimator/sampleFiles'
import { readFlags, whole } from './flags'

const { values } = readFlags(
  {
    options: {
      data: { type: 'string', default: path.resolve('../shared/data/gpu-ops') },
      seeds: { type: 'string', default: '3' },
      n: { type: 'string', default: '25' },
      source: { type: 'string', default: 'a100' },
      targets: { type: 'string', default: 'a40,h100' },
      method: { type: 'string', default: 'blend' },
      design: { type: 'string', default: 'random' }
    }
  },
  { seeds: whole(), n: whole() }
)
const [seeds, n] = [Number(values.seeds), Number(values.n)]
const read = (device: string): Promise<StageSample[]> =>
  readStageFiles([path.join(values.data, `${device}.csv`)], { preset: 'vidur' })
const source = await read(values.source)

for (const device of values.targets.split(',')) {
  const target = await read(device)
  console.log(`\n${device}: ${values.design} configurations, N = ${n}, ${seeds} draws, ${values.method}`)
  noise(target)
  decompose(target)
}

/** Error that a perfect estimate of the median would still have: half the mean difference of two repeats, for totals. */
function noise(samples: StageSample[]): void {
  const table = stageTable(samples)
  const byKey = new Map<string, number[]>()
  for (let row = 0; row < table.count; row++) {
    const key = configurationKey(table, row)
    byKey.set(key, [...(byKey.get(key) ?? []), totalMs(table.times, row)])
  }
  const differences = [...byKey.values()].flatMap((totals) =>
    totals
      .slice(1)
      .map((total, at) => (200 * Math.abs(total - (totals[at] ?? NaN))) / (total + (totals[at] ?? NaN)))
  )
  const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length
  console.log(
    `noise floor of the total: ${(mean / 2).toFixed(2)} % (half the mean difference of ${differences.length} repeated rows)`
  )
}

/** A group of rows with its error. */
interface GroupShare {
  count: number
  absolute: number
  signed: number
}

function decompose(target: StageSample[]): void {
  const { problem, pool } = assembleTransfer({ source, target })
  const groups = new Map<string, GroupShare>()
  const operators = problem.table.stages.map(() => ({ error: 0, share: 0, alone: 0, count: 0 }))
  let rows = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const chosen = chooseCalibrationRows(values.design as CalibrationDesign, problem, pool, n, seed)
    const taken = new Set(chosen)
    const rest = pool.filter((row) => !taken.has(row))
    const predicted = fitStageTransfer(values.method as StageTransferMethod, problem, chosen, seed).predict(
      rest
    )
    rest.forEach((row, at) => {
      const measured = totalMs(problem.target, row)
      let off = 0
      problem.table.stages.forEach((_, stage) => {
        const time = problem.target[stage]?.[row] ?? NaN
        const operator = operators[stage]
        if (Number.isNaN(time) || operator === undefined) return
        const error = (predicted[stage]?.[at] ?? NaN) - time
        off += error
        operator.error += Math.abs(error) / measured
        operator.share += time / measured
        operator.alone += Math.abs(error) / time
        operator.count++
      })
      rows++
      const { model, num_tokens: tokens, num_tensor_parallel_workers: tp } = knobsOf(problem.table, row)
      for (const name of [
        'all',
        `model ${model}`,
        `parallel ${tp}`,
        `tokens ${band(Number(tokens))}`,
        `seed ${seed}`
      ]) {
        const share = groups.get(name) ?? { count: 0, absolute: 0, signed: 0 }
        share.count++
        share.absolute += Math.abs(off) / measured
        share.signed += off / measured
        groups.set(name, share)
      }
    })
  }
  console.log('group                     rows   error %   mean signed %')
  for (const [name, { count, absolute, signed }] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(
      `${name.padEnd(24)}${String(count / seeds).padStart(6)}${((100 * absolute) / count).toFixed(2).padStart(10)}${((100 * signed) / count).toFixed(2).padStart(16)}`
    )
  console.log('operator                  of time %   error of total %   own error %')
  problem.table.stages.forEach((stage, at) => {
    const { error = 0, share = 0, alone = 0, count = 1 } = operators[at] ?? {}
    console.log(
      `${stage.padEnd(24)}${((100 * share) / rows).toFixed(1).padStart(11)}${((100 * error) / rows).toFixed(2).padStart(19)}${((100 * alone) / count).toFixed(1).padStart(14)}`
    )
  })
}

function band(tokens: number): string {
  for (const most of [32, 128, 256, 512, 1024, 2048])
    if (tokens <= most) return `<= ${String(most).padStart(4)}`
  return ' > 2048'
}
