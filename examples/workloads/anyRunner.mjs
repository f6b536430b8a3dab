// A runner: any program that prints and reads such lines (docs/workloads.md). bitbench workload run -- node anyRunner.mjs
import { createInterface } from 'node:readline'

const say = (event, more) => console.log(JSON.stringify({ event, ...more }))
const network = ([a, b]) => [0.9 * a - 0.3 * b, 0.8 * b - 0.4 * a] // one layer "scores": 2 numbers -> 2 scores
const samples = Array.from({ length: 40 }, (_, n) => [Math.sin(1 + 7 * n), Math.sin(2 + 7 * n)])
const logSoftmax = ([a, b]) => [a, b].map((score) => score - Math.log(Math.exp(a) + Math.exp(b)))
const steps = ['benchmark:fp32', 'layer:scores', 'predictions:baseline', 'predictions:zero:scores']
function run(id, forMs) {
  if (!steps.includes(id)) return say('error', { id, code: 'unsupported', message: 'no such step' })
  if (id.startsWith('predictions:')) {
    const values = samples.flatMap((x) => logSoftmax(id.includes('zero') ? [0, 0] : network(x)))
    const labels = samples.map(([a, b]) => Number(b > a))
    say('predictions', { name: id.slice(12), rows: 40, columns: 2, labels, values })
  } else {
    let [repetitions, begun] = [0, performance.now()]
    say('phase', { name: id, state: 'begin', ns: begun * 1e6 })
    for (; performance.now() - begun < forMs; repetitions += 40) samples.forEach(network)
    say('phase', { name: id, state: 'end', ns: performance.now() * 1e6, repetitions })
  }
  say('done', { id })
}
say('hello', { protocol: 1, runner: 'any', runtime: 'js', device: 'cpu', precisions: ['fp32'], model: 'my' })
say('layer', { id: 'scores', type: 'classifier', class: 'Matrix', parameters: 4, macs: 4 })
say('plan', { steps: steps.map((id) => ({ id, kind: id.split(':')[0] })) })
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  if (request.do === 'stop') break
  for (const id of request.ids ?? []) run(id, request.forMs ?? 200)
}
