// Latency by stage, for `bitbench estimator collect -- node examples/workloads/stageRunner.mjs`: stages, what can be set, and
// the verb "latency". Steps of workload runs: anyRunner.mjs. The protocol: docs/workloads.md.
import { createInterface } from 'node:readline'

const say = (event, more = {}) => console.log(JSON.stringify({ event, ...more }))
const hello = { protocol: 1, runner: 'any', runtime: process.version, device: 'cpu', precisions: ['fp32'] }
const longest = 48
/** The "network": its work grows with the tokens. Returns its time in ms. */
function passOver(tokens) {
  const begun = performance.now()
  let sum = 0
  for (let at = 0; at < 4000 * tokens; at++) sum += Math.sqrt(at)
  return Math.max(1e-6, performance.now() - begun) + 0 * sum
}
function latency({ id, knobs: { promptTokens }, outputTokens = 0, repetitions }) {
  if (!(promptTokens + outputTokens <= longest)) {
    return say('error', { id, code: 'unsupported', message: `more than ${longest} tokens` })
  }
  for (let at = 0; at < repetitions; at++) {
    const stagesMs = { prefill: passOver(promptTokens) }
    const positions = Array.from({ length: outputTokens }, (_, token) => promptTokens + token + 1)
    say('stages', { id, stagesMs, ...(outputTokens > 0 && { decodePerTokenMs: positions.map(passOver) }) })
  }
  say('done', { id })
}
say('hello', { ...hello, model: 'tiny' })
say('knobs', {
  stages: ['prefill', 'decode'],
  knobs: [
    { name: 'promptTokens', is: { min: 1, max: 32 } },
    { name: 'outputTokens', is: { min: 1, max: 32 } }
  ],
  limits: [{ sumOf: ['promptTokens', 'outputTokens'], max: longest }]
})
say('plan', { steps: [] })
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  if (request.do === 'stop') break
  if (request.do === 'latency') latency(request)
}
