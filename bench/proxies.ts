/**
 * Every bar of the latency proxies as a table: held-out errors on the published profiles (../shared beside the
 * repository), BitFusion row by row, transfer, and speed beside scikit-learn and xgboost.
 *   npm run bench:proxies [-- accuracy|transfer|speed|large|all]
 */
import type { ErrorSplit } from '../src/shared/vocabulary'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { bitFusionMatches } from '../src/core/proxy/csv/bitfusionMatch'
import { readProfileCsv } from '../src/core/proxy/csv/readCsv'
import { evaluateProxy } from '../src/core/proxy/fit/evaluate'
import { estimatorByName } from '../src/core/proxy/estimators/registry'
import type { ProxyKernelName } from '../src/shared/vocabulary'
import { matmulAxes } from '../src/core/proxy/csv/matmulAxes'
import type { SampleTable } from '../src/core/proxy/samples'
import { transferCurve } from '../src/core/proxy/transfer/curve'
import { printSpeed } from './proxies/speed'
import { generatedCase, publishedCase } from './proxies/speedCases'
import { fitInWorker, inWorker, largeFitPart, printLargeFits, runLargeFit } from './proxies/speedLarge'

const folder = path.resolve('../shared/data/kernel-profiles')
const part = process.argv[2] ?? 'all'

function load(name: string, kernel: ProxyKernelName): SampleTable {
  const fileName = `${name}.csv`
  const { samples } = readProfileCsv(readFileSync(path.join(folder, fileName), 'utf8'), { kernel, fileName })
  return matmulAxes(samples, fileName).samples
}

function line(what: string, value: number, bar: number | null): void {
  const verdict = bar === null ? '' : value <= bar ? `<= ${bar}  met` : `<= ${bar}  NOT MET`
  console.log(`${what.padEnd(74)} ${value.toFixed(2).padStart(8)}  ${verdict}`)
}

interface AccuracyCase {
  file: string
  kernel: ProxyKernelName
  extra?: string
  bars: Partial<Record<ErrorSplit, number>>
}

const cases: AccuracyCase[] = [
  { file: 'mico_small_conv2d_zoo', kernel: 'conv2d', bars: { random: 2.2, shape: 4.7 } },
  { file: 'mico_high_conv2d_zoo', kernel: 'conv2d', bars: { random: 2.2, shape: 4.7 } },
  { file: 'mico_small_matmul_zoo', kernel: 'matmul', bars: { random: 4.5, loso: 20 } },
  { file: 'mico_high_matmul_zoo', kernel: 'matmul', bars: { random: 4.5, loso: 18 } },
  { file: 'mico_small_matmul_zoo', kernel: 'matmul', extra: 'mico_small_bitlinear_test', bars: { loso: 14 } },
  { file: 'mico_high_matmul_zoo', kernel: 'matmul', extra: 'mico_high_bitlinear_test', bars: { loso: 11 } },
  { file: 'bitfusion_conv2d_zoo', kernel: 'conv2d', bars: { random: 1.8, shape: 7 } }
]

function benchAccuracy(): void {
  console.log('Held-out MAPE in percent, estimator auto, choice nested')
  for (const { file, kernel, extra, bars } of cases) {
    const samples = load(file, kernel)
    const evaluation = evaluateProxy(samples, estimatorByName('auto'), Object.keys(bars) as ErrorSplit[], {
      seed: 1,
      ...(extra === undefined ? {} : { extra: load(extra, kernel) })
    })
    for (const [split, bar] of Object.entries(bars)) {
      const mape = evaluation.splits[split as ErrorSplit]?.mape ?? NaN
      line(`${file}${extra === undefined ? '' : ` with ${extra}`}, ${split}`, mape, bar)
    }
  }
  for (const device of ['small', 'high']) {
    const { splits } = evaluateProxy(
      load(`mico_${device}_conv2d_zoo`, 'conv2d'),
      estimatorByName('auto'),
      [],
      {
        seed: 1,
        extra: load(`mico_${device}_bitconv2d_test`, 'conv2d')
      }
    )
    line(`mico_${device} conv2d, grid to zoo`, splits.other?.mape ?? NaN, null)
  }
  for (const kernel of ['matmul', 'conv2d'] as const) {
    const matches = bitFusionMatches(load(`bitfusion_${kernel}_zoo`, kernel))
    console.log(`BitFusion analytic ${kernel}: ${matches?.exact ?? 0} of ${matches?.rows ?? 0} rows exact`)
  }
}

function benchTransfer(): void {
  console.log('\nTransfer mico_small to mico_high, conv2d zoo, 15 seeds: MAPE in percent')
  const points = transferCurve(
    load('mico_small_conv2d_zoo', 'conv2d'),
    load('mico_high_conv2d_zoo', 'conv2d'),
    {
      sizes: [5, 10, 25, 50, 100],
      seeds: 15,
      methods: ['logOffset', 'pairOffset', 'gpRatio', 'auto'],
      designs: ['uniform', 'design']
    }
  )
  const seenBars: Record<number, number> = { 10: 6.5, 100: 4 }
  for (const point of points) {
    const barred = point.method === 'auto'
    line(
      `${point.method}, N = ${point.n}, seen on the source`,
      point.seenMape,
      barred ? (seenBars[point.n] ?? null) : null
    )
    if (point.unseenMape !== null) {
      line(
        `${point.method}, N = ${point.n}, unseen shapes`,
        point.unseenMape,
        barred && point.n === 10 ? 7.2 : null
      )
    }
  }
}

async function benchSpeed(): Promise<void> {
  const published = existsSync(folder)
    ? [publishedCase('bitfusion_conv2d_zoo', load('bitfusion_conv2d_zoo', 'conv2d'))]
    : []
  await printSpeed([generatedCase(), ...published])
}

if (inWorker) fitInWorker()
else if (part === largeFitPart) await runLargeFit(process.argv[3] ?? '')
else {
  if (part === 'all' || part === 'speed') await benchSpeed()
  if (part === 'all' || part === 'speed' || part === 'large') printLargeFits()
  if (!existsSync(folder)) {
    console.log(`SKIPPED accuracy and transfer: the published profiles are not at ${folder}`)
  } else {
    if (part === 'all' || part === 'accuracy') benchAccuracy()
    if (part === 'all' || part === 'transfer') benchTransfer()
  }
}
