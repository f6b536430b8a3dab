/**
 * One search of the shipped LeNet-5 with 1 and with 2 workers: the traces must be equal; wall time, processor time and how many
 * processors were busy on average. On a loaded machine read the busy processors, not the wall time.
 *
 *   npm run bench:search-workers -- [--evaluations 16] [--json]        (needs a build: node scripts/build.mjs)
 */
import { cpus, loadavg } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { schemeKey, type Scheme } from '../src/core/quant/scheme'
import { bopsCosts } from '../src/core/search/costModels'
import { runSearch } from '../src/core/search/runSearch'
import { createSpace, tableCost } from '../src/core/search/space'
import { workloadsOf } from '../src/core/model/workload'
import { createModelFiles } from '../src/main/model/modelFiles'
import { builtPath, resourcePath } from '../src/main/paths'
import { createTaskPool } from '../src/main/threads/taskPool'
import type { Tasks } from '../src/main/taskRegistry'

const { values } = parseArgs({
  options: { evaluations: { type: 'string', default: '16' }, json: { type: 'boolean', default: false } }
})
const modelsFolder = resourcePath('models')
const file = path.join(modelsFolder, 'lenet5-fashion.onnx')
const { graph } = await createModelFiles({ modelsFolder, openedFile: null }).open(file)
const workloads = workloadsOf(graph)
const space = createSpace({
  layers: workloads.map(({ layer }) => layer),
  macs: workloads.map(({ macs }) => macs),
  costs: [tableCost(bopsCosts(workloads))]
})

const runs = []
for (const workers of [1, 2]) runs.push(await timed(workers))
const [one, two] = runs
const result = {
  machine: `${cpus()[0]?.model.trim()}, ${cpus().length} threads, load ${loadavg()[0]!.toFixed(1)}`,
  evaluations: Number(values.evaluations),
  runs: runs.map(({ trace: _trace, ...rest }) => rest),
  sameTrace: one!.trace === two!.trace,
  wallSpeedUp: one!.wallSeconds / two!.wallSeconds
}
if (values.json) console.log(JSON.stringify(result, null, 2))
else {
  console.log(`${result.machine}; ${result.evaluations} evaluations, batches of 4`)
  for (const { workers, wallSeconds, processorSeconds, busyProcessors } of result.runs) {
    console.log(
      `${workers} worker${workers > 1 ? 's' : ''}: ${wallSeconds.toFixed(1)} s wall, ${processorSeconds.toFixed(1)} s of processor, ${busyProcessors.toFixed(2)} processors busy`
    )
  }
  console.log(`speed-up ${result.wallSpeedUp.toFixed(2)}, traces ${result.sameTrace ? 'equal' : 'DIFFER'}`)
}
process.exitCode = result.sameTrace ? 0 : 1

async function timed(workers: number) {
  const tasks = createTaskPool<Tasks>({ workerFile: builtPath('main', 'taskWorker.js'), size: workers })
  const evaluate = (scheme: Scheme) =>
    tasks.run('model.evaluate', { file, modelsFolder, scheme, split: 'search', method: 'ptq' })
  try {
    // Every worker reads the model and calibrates once; that is not what is timed.
    const int8 = space.layers.map((layer) => ({ layer, weightBits: 8, activationBits: 8 }) as const)
    await Promise.all(Array.from({ length: workers }, () => evaluate(int8)))
    const startedMs = performance.now()
    const startedCpu = process.cpuUsage()
    const { trace } = await runSearch(
      {
        space,
        strategy: 'auto',
        objective: 'kl',
        budgetRatios: [0.4],
        evaluations: Number(values.evaluations),
        batch: 4,
        seed: 1
      },
      {
        async evaluate(scheme) {
          const { accuracy, kl, crossEntropy, mse } = await evaluate(scheme)
          return { accuracy, kl, crossEntropy, mse }
        }
      }
    )
    const wallSeconds = (performance.now() - startedMs) / 1000
    const { user, system } = process.cpuUsage(startedCpu)
    const processorSeconds = (user + system) / 1e6
    return {
      workers,
      wallSeconds,
      processorSeconds,
      busyProcessors: processorSeconds / wallSeconds,
      trace: trace.map(({ scheme, kl }) => `${schemeKey(scheme)} ${kl}`).join('\n')
    }
  } finally {
    await tasks.close()
  }
}
