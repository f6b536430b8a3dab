// npm run bench:estimatorSpeed: speed of training, predicting and filtering, on simulated samples, one thread.
import { encodeConfigurations, type Configuration } from '@core/estimator/models/knobCodec'
import { filterByBudget } from '@core/estimator/guard/guardrail'
import { predictConfigurations } from '@core/estimator/fit/estimator'
import { trainEstimator } from '@core/estimator/fit/train'
import { stageTable } from '@core/estimator/samples/stageTable'
import { simulateSamples } from '@core/estimator/simulate'
import { startClock } from './stopwatch'

const samples = simulateSamples({
  count: 100_000,
  seed: 1,
  prefillNoise: 0.025,
  decodeNoise: 0.06,
  positionSlope: 0,
  recordPositions: false
})
const table = stageTable(samples)
let clock = startClock()
const { estimator } = trainEstimator(table, { model: 'physical', seed: 1, validationShare: 0.25 })
report('train, 100,000 samples', clock(), 30)

const configurations: Configuration[] = samples.map(({ knobs, outputTokens }) => ({
  knobs,
  ...(outputTokens === undefined ? {} : { outputTokens })
}))
// Compiled code is what a scheduler sees: the first calls are not counted. Median of five rounds.
const single = 10_000
const callByCall = (): number => {
  const started = startClock()
  for (let at = 0; at < single; at++) predictConfigurations(estimator, configurations.slice(at, at + 1))
  return (1e6 * started().cpuSeconds) / single
}
callByCall()
callByCall()
const rounds = Array.from({ length: 5 }, callByCall).sort((a, b) => a - b)
console.log(
  `one prediction, call by call: ${(rounds[2] ?? NaN).toFixed(1)} us of processor time (bar 20), ` +
    `${(rounds[0] ?? NaN).toFixed(1)} to ${(rounds[4] ?? NaN).toFixed(1)} over five rounds`
)
clock = startClock()
predictConfigurations(estimator, configurations.slice(0, 10_000))
const many = clock()
console.log(
  `one prediction of 10,000 together, with interval: ${((1e6 * many.cpuSeconds) / 10_000).toFixed(1)} us (bar 20)`
)

const repeats = 10
clock = startClock()
let kept = 0
for (let round = 0; round < repeats; round++) {
  const matrix = encodeConfigurations(estimator.codec, configurations)
  const tokens = Float64Array.from(configurations, ({ outputTokens }) => outputTokens ?? 1)
  const stages = estimator.predictMatrix(matrix, tokens)
  const totals = new Float64Array(configurations.length)
  for (const times of stages) times.forEach((time, row) => (totals[row] = (totals[row] ?? 0) + time))
  kept += filterByBudget(totals, 200).length
}
report(`filter 1,000,000 candidates (${kept} kept)`, clock(), 5)

function report(
  what: string,
  { seconds, cpuSeconds }: { seconds: number; cpuSeconds: number },
  bar: number
): void {
  console.log(
    `${what}: ${cpuSeconds.toFixed(1)} s of processor time, ${seconds.toFixed(1)} s on the clock (bar ${bar} s)`
  )
}
