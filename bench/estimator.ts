// npm run bench:estimator [-- --seeds 3 --n 25 --targets a40 --methods blend]: stage transfer on public Vidur profiles (shared/data/gpu-ops), source A100
// measured at every configuration: leave one model out, and random configurations.
import path from 'node:path'
import { assembleTransfer } from '@core/estimator/transfer/assemble'
import { stageTransferCurve } from '@core/estimator/transfer/curve'
import { meanErrors, type TransferErrors } from '@core/estimator/transfer/errors'
import type { StageTransferMethod } from '@core/estimator/transfer/methods'
import type { StageSample } from '@core/estimator/samples/stageSample'
import { readStageFiles } from '../src/main/estimator/sampleFiles'
import { listOf, readFlags, whole } from './flags'

const { values } = readFlags(
  {
    options: {
      data: { type: 'string', default: path.resolve('../shared/data/gpu-ops') },
      seeds: { type: 'string', default: '3' },
      n: { type: 'string', default: '10,25,50,100' },
      source: { type: 'string', default: 'a100' },
      targets: { type: 'string', default: 'h100,a40' },
      methods: { type: 'string' }
    }
  },
  { seeds: whole(), n: listOf(whole()) }
)
const seeds = Number(values.seeds)
const sizes = values.n.split(',').map(Number)
const methods = values.methods?.split(',') as readonly StageTransferMethod[] | undefined
const source = await read(values.source)

for (const device of values.targets.split(',')) {
  const target = await read(device)
  const models = [...new Set(target.map((sample) => String(sample.knobs['model'])))]
  const isOf = (model: string) => (sample: StageSample) => sample.knobs['model'] === model
  console.log(`\n${device}: one model left out, mean of ${models.length} models x ${seeds} draws`)
  const draws = new Map<string, TransferErrors[]>()
  const perModel = new Map<string, string[]>()
  for (const model of models) {
    const assembled = assembleTransfer({
      source,
      target: target.filter((sample) => !isOf(model)(sample)),
      judge: target.filter(isOf(model))
    })
    for (const { method, n, ...errors } of stageTransferCurve(assembled, {
      sizes,
      seeds,
      ...(methods && { methods })
    }).points) {
      const key = `${method} ${n}`
      draws.set(key, [...(draws.get(key) ?? []), errors])
      perModel.set(key, [...(perModel.get(key) ?? []), `${model} ${errors.totalMape.toFixed(1)}`])
    }
  }
  table(new Map([...draws].map(([key, list]) => [key, meanErrors(list)])))
  console.log(`blend, ${sizes[0]}: ${perModel.get(`blend ${sizes[0]}`)?.join(', ')}`)

  console.log(`\n${device}: random configurations, ${seeds} draws`)
  const random = stageTransferCurve(assembleTransfer({ source, target }), {
    sizes,
    seeds,
    ...(methods && { methods })
  })
  table(new Map(random.points.map(({ method, n, ...errors }) => [`${method} ${n}`, errors])))
}

async function read(device: string): Promise<StageSample[]> {
  return await readStageFiles([path.join(values.data, `${device}.csv`)], { preset: 'vidur' })
}

/** Total MAPE (MAPE over single operators) per method and n, then every operator at the middle n. */
function table(errors: ReadonlyMap<string, TransferErrors>): void {
  const methods = [...new Set([...errors.keys()].map((key) => key.split(' ')[0] as string))]
  console.log(['method'.padEnd(20), ...sizes.map((n) => `N=${n}`.padStart(15))].join(''))
  for (const method of methods) {
    const cells = sizes.map((n) => {
      const one = errors.get(`${method} ${n}`)
      return (
        one === undefined ? '-' : `${one.totalMape.toFixed(2)} (${one.operatorMape.toFixed(1)})`
      ).padStart(15)
    })
    console.log([method.padEnd(20), ...cells].join(''))
  }
  const n = sizes.includes(25) ? 25 : (sizes[0] as number)
  const operators = Object.keys(errors.get(`auto ${n}`)?.perOperator ?? {})
  console.log(`per operator, N = ${n}: ${operators.join(' ')}`)
  for (const method of methods) {
    const one = errors.get(`${method} ${n}`)
    console.log(
      [
        method.padEnd(20),
        ...operators.map((name) => (one?.perOperator[name] ?? NaN).toFixed(1).padStart(7))
      ].join('')
    )
  }
}
