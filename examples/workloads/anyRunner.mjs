// Anything that speaks the protocol: bitbench workload run -- node examples/workloads/anyRunner.mjs
// The "network" has one layer, 4 numbers -> 2 scores. The protocol: docs/workloads.md.
import { createInterface } from 'node:readline'

const say = (event, more = {}) => process.stdout.write(`${JSON.stringify({ event, ...more })}\n`)
const weights = [
  [0.9, -0.3, 0.2, 0.1],
  [-0.4, 0.8, 0.1, -0.2]
]
const samples = Array.from({ length: 40 }, (_, n) => [0, 1, 2, 3].map((at) => Math.sin(1 + 7 * n + at)))
const labels = samples.map((x) => Number(x[1] > x[0]))
const layer = (x) => weights.map((row) => row.reduce((sum, weight, at) => sum + weight * x[at], 0))
const logSoftmax = (scores) =>
  scores.map((score) => score - Math.log(scores.reduce((sum, one) => sum + Math.exp(one), 0)))

function timed(name, forMs) {
  const until = performance.now() + forMs
  let repetitions = 0
  say('phase', { name, state: 'begin', ns: Number(process.hrtime.bigint()) })
  while (repetitions === 0 || performance.now() < until)
    for (const x of samples) repetitions += layer(x).length / 2
  say('phase', { name, state: 'end', repetitions, ns: Number(process.hrtime.bigint()) })
}
const predictions = (name, forward) =>
  say('predictions', {
    name,
    rows: samples.length,
    columns: 2,
    labels,
    values: samples.flatMap((x) => logSoftmax(forward(x)))
  })
const steps = {
  'benchmark:fp32': (forMs) => timed('benchmark:fp32', forMs),
  'layer:scores': (forMs) => timed('layer:scores', forMs),
  'predictions:baseline': () => predictions('baseline', layer),
  'predictions:zero:scores': () => predictions('zero:scores', () => [0, 0])
}
say('hello', {
  protocol: 1,
  runner: 'any',
  runtime: process.version,
  device: 'cpu',
  precisions: ['fp32'],
  model: 'tiny',
  task: 'accuracy',
  batch: 1
})
say('layer', { id: 'scores', type: 'classifier', class: 'Matrix', parameters: 8, macs: 8 })
// Latency by stage, for bitbench estimator collect: stages, what can be set, and the verb "latency".
say('knobs', {
  stages: ['prefill', 'decode'],
  knobs: [
    { name: 'promptTokens', is: { min: 1, max: 32 } },
    { name: 'outputTokens', is: { min: 1, max: 32 } }
  ],
  limits: [{ sumOf: ['promptTokens', 'outputTokens'], max: 48 }]
})
const passOver = (tokens) => {
  const begun = performance.now()
  for (let at = 0; at < 500 * tokens; at++) layer(samples[at % samples.length])
  return Math.max(1e-6, performance.now() - begun)
}
const latency = ({ id, knobs: { promptTokens }, outputTokens = 0, repetitions }) => {
  if (!(promptTokens + outputTokens <= 48)) {
    return say('error', { id, code: 'unsupported', message: 'more than 48 tokens' })
  }
  for (let at = 0; at < repetitions; at++) {
    const stagesMs = { prefill: passOver(promptTokens) }
    const positions = Array.from({ length: outputTokens }, (_, token) => promptTokens + token + 1)
    say('stages', { id, stagesMs, ...(outputTokens > 0 && { decodePerTokenMs: positions.map(passOver) }) })
  }
  say('done', { id })
}
say('plan', { steps: Object.keys(steps).map((id) => ({ id, kind: id.split(':')[0] })) })
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  if (request.do === 'stop') break
  if (request.do === 'latency') latency(request)
  for (const id of request.ids ?? []) {
    const step = steps[id]
    if (step === undefined) say('error', { id, code: 'unsupported', message: `no step ${id}` })
    step?.(request.forMs ?? 200)
    if (step !== undefined) say('done', { id })
  }
}
say('done')
