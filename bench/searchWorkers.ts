/**
 * One search of the shipped LeNet-5 with 1 and with 2 workers: the traces must be equal; wall time and processor time. On a loaded
 * machine read the critical path instead of the wall time: the main thread's processor time and that of the busiest worker of each
 * batch, which is what the search takes where no thread waits for a processor. Beside it stands what two threads gain that only run
 * raw onnxruntime: the caches and the memory that they share set a limit to any search.
 *
 *   npm run bench:search-workers -- [--evaluations 16] [--json]        (needs a build: node scripts/build.mjs)
 */
import { cpus, loadavg } from 'node:os'
import { createTaskPool } from '../src/main/threads/taskPool'
import type { Tasks } from '../src/main/taskRegistry'
import { openLenetSearch, workerFile } from './workers/lenetSearch'
import { rawSpeedUp } from './workers/rawLoops'
import { createThreadAccount } from './workers/threadAccount'
import { readFlags, whole } from './flags'

const { values } = readFlags(
  {
    options: { evaluations: { type: 'string', default: '16' }, json: { type: 'boolean', default: false } }
  },
  { evaluations: whole() }
)
const runs = []
for (const workers of [1, 2]) runs.push(await timed(workers))
const [one, two] = runs
const rawLimit = await rawSpeedUp()
const result = {
  machine: `${cpus()[0]?.model.trim()}, ${cpus().length} threads, load ${loadavg()[0]!.toFixed(1)}`,
  evaluations: Number(values.evaluations),
  runs: runs.map(({ trace: _trace, ...rest }) => rest),
  sameTrace: one!.trace === two!.trace,
  wallSpeedUp: one!.wallSeconds / two!.wallSeconds,
  criticalSpeedUp: one!.criticalSeconds / two!.criticalSeconds,
  rawSpeedUp: rawLimit
}
if (values.json) console.log(JSON.stringify(result, null, 2))
else {
  console.log(`${result.machine}; ${result.evaluations} evaluations, batches of 4`)
  for (const run of result.runs) console.log(lineOf(run))
  console.log(
    `two raw onnxruntime sessions instead of one: ${rawLimit.toFixed(2)} (by processor time of the threads)`
  )
  console.log(
    `speed-up ${result.wallSpeedUp.toFixed(2)} by wall time, ${result.criticalSpeedUp.toFixed(2)} by the critical path; traces ${result.sameTrace ? 'equal' : 'DIFFER'}`
  )
}
process.exitCode = result.sameTrace ? 0 : 1

async function timed(workers: number) {
  const tasks = createTaskPool<Tasks>({ workerFile, size: workers })
  try {
    const { layers, evaluate, run } = await openLenetSearch(tasks)
    // Every worker reads the model and calibrates once; that is not what is timed.
    const int8 = layers.map((layer) => ({ layer, weightBits: 8, activationBits: 8 }) as const)
    await Promise.all(Array.from({ length: workers }, () => evaluate(int8)))
    const startedMs = performance.now()
    const threads = createThreadAccount(workers)
    const trace = await run(Number(values.evaluations), undefined, threads.endBatch)
    return { workers, wallSeconds: (performance.now() - startedMs) / 1000, ...threads.account(), trace }
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
