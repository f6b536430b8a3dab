/**
 * One search of a network with 1 and with 2 workers: the traces must be equal; wall time and processor time. On a loaded
 * machine read the critical path instead of the wall time: the main thread's processor time and that of the busiest worker of each
 * batch, which is what the search takes where no thread waits for a processor. Beside it stands what two threads gain that only run
 * raw onnxruntime: the caches and the memory that they share set a limit to any search.
 *
 *   npm run bench:search-workers -- [--network lenet5|resnet-tiny|resnet20|vgg7|mobilenetv2] [--split search|test] [--evaluations 16]
 *     [--json]                                                          (needs a build: node scripts/build.mjs)
 */
import { cpus, loadavg } from 'node:os'
import { createTaskPool } from '../src/main/threads/taskPool'
import type { Tasks } from '../src/main/taskRegistry'
import { benchNetworks, withNetwork, type BenchNetwork } from './workers/networks'
import { judgedSplits, openNetworkSearch, workerFile, type JudgedSplit } from './workers/networkSearch'
import { rawSpeedUp } from './workers/rawLoops'
import { createThreadAccount } from './workers/threadAccount'
import { oneOf, readFlags, whole } from './flags'

const { values } = readFlags(
  {
    options: {
      network: { type: 'string', default: 'lenet5' },
      split: { type: 'string', default: 'search' },
      evaluations: { type: 'string', default: '16' },
      json: { type: 'boolean', default: false }
    }
  },
  { network: oneOf(benchNetworks), split: oneOf(judgedSplits), evaluations: whole() }
)
const { runs, rawLimit } = await withNetwork(values.network as BenchNetwork, async (file) => ({
  runs: [await timed(file, 1), await timed(file, 2)] as const,
  rawLimit: await rawSpeedUp(file)
}))
const [one, two] = runs
const result = {
  machine: `${cpus()[0]?.model.trim()}, ${cpus().length} threads, load ${loadavg()[0]!.toFixed(1)}`,
  network: values.network,
  items: one.items,
  evaluations: Number(values.evaluations),
  runs: runs.map(({ trace: _trace, ...rest }) => rest),
  sameTrace: one.trace === two.trace,
  wallSpeedUp: one.wallSeconds / two.wallSeconds,
  criticalSpeedUp: one.criticalSeconds / two.criticalSeconds,
  rawSpeedUp: rawLimit
}
if (values.json) console.log(JSON.stringify(result, null, 2))
else {
  console.log(
    `${result.machine}; ${result.network}, ${result.items} items, ${result.evaluations} evaluations, batches of 4`
  )
  for (const run of result.runs) console.log(lineOf(run))
  console.log(
    `two raw onnxruntime sessions instead of one: ${rawLimit.toFixed(2)} (by processor time of the threads)`
  )
  console.log(
    `speed-up ${result.wallSpeedUp.toFixed(2)} by wall time, ${result.criticalSpeedUp.toFixed(2)} by the critical path; traces ${result.sameTrace ? 'equal' : 'DIFFER'}`
  )
}
process.exitCode = result.sameTrace ? 0 : 1

async function timed(file: string, workers: number) {
  const tasks = createTaskPool<Tasks>({ workerFile, size: workers })
  try {
    const { layers, evaluate, run } = await openNetworkSearch(tasks, file, values.split as JudgedSplit)
    // Every worker reads the model and calibrates once; that is not what is timed.
    const int8 = layers.map((layer) => ({ layer, weightBits: 8, activationBits: 8 }) as const)
    const [first] = await Promise.all(Array.from({ length: workers }, () => evaluate(int8)))
    const startedMs = performance.now()
    const threads = createThreadAccount(workers)
    const trace = await run(Number(values.evaluations), undefined, threads.endBatch)
    const wallSeconds = (performance.now() - startedMs) / 1000
    return { workers, items: first!.images, wallSeconds, ...threads.account(), trace }
  } finally {
    await tasks.close()
  }
}

function lineOf(run: Omit<Awaited<ReturnType<typeof timed>>, 'trace'>): string {
  const seconds = (value: number): string => value.toFixed(2)
  return (
    `${run.workers} worker${run.workers > 1 ? 's' : ''}: ${seconds(run.wallSeconds)} s wall; of processors: workers ${seconds(run.workerSeconds)} s, ` +
    `busiest of each batch ${seconds(run.busiestSeconds)} s, main thread ${seconds(run.mainSeconds)} s, V8's threads ${seconds(run.otherSeconds)} s; critical path ${seconds(run.criticalSeconds)} s`
  )
}
