import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { workloadsOf } from '../../src/core/model/workload'
import { schemeKey, type Scheme } from '../../src/core/quant/scheme'
import { bopsCosts } from '../../src/core/search/costModels'
import { runSearch } from '../../src/core/search/runSearch'
import { createSpace, tableCost } from '../../src/core/search/space'
import { createModelFiles } from '../../src/main/model/modelFiles'
import { builtPath, resourcePath } from '../../src/main/paths'
import { sharedTasks } from '../../src/main/sharedTasks'
import type { Tasks } from '../../src/main/taskRegistry'
import { createTaskPool, type TaskPool } from '../../src/main/threads/taskPool'
import { readCodeIdentity } from '../../src/main/worker/codeIdentity'
import { createInputUpload } from '../../src/main/worker/inputUpload'
import { parseQueueAddress } from '../../src/main/worker/queueAddress'
import { createQueueJobs } from '../../src/main/worker/queueJobs'
import { createQueuePool } from '../../src/main/worker/queuePool'
import { connectQueueServer } from '../../src/main/worker/queueServer'
import { startRedis } from '../../test/support/redisServer'

/** One search and who evaluated it. */
export interface TimedSearch {
  /** Worker processes on the queue; 0: one thread of this process, without a server. */
  readonly processes: number
  readonly wallSeconds: number
  /** Sum of the evaluations' own times as their workers report them, s. */
  readonly jobSeconds: number
  /** Schemes and their losses, one a line. */
  readonly trace: string
}

const modelsFolder = resourcePath('models')
const file = path.join(modelsFolder, 'lenet5-fashion.onnx')

/** A search of the shipped LeNet-5, after every worker has read and calibrated the network once. */
export async function timedSearch(processes: number, evaluations: number): Promise<TimedSearch> {
  const local = createTaskPool<Tasks>({ workerFile: builtPath('main', 'taskWorker.js'), size: 1 })
  try {
    if (processes === 0) return await searchOn(local, 0, evaluations)
    return await onQueue(local, processes, (pool) => searchOn(pool, processes, evaluations))
  } finally {
    await local.close()
  }
}

/** A server and worker processes of its own, so that no result of an earlier search is found there. */
async function onQueue<T>(
  local: TaskPool<Tasks>,
  processes: number,
  work: (pool: TaskPool<Tasks>) => Promise<T>
): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-workers-'))
  const redis = await startRedis()
  const children: ChildProcess[] = []
  try {
    for (let at = 0; at < processes; at++) children.push(startWorkerProcess(redis.address, folder, at))
    await Promise.all(children.map(ready))
    const server = await connectQueueServer(parseQueueAddress(redis.address))
    const jobs = await createQueueJobs({
      server,
      upload: createInputUpload(server, Date.now),
      identity: await readCodeIdentity(builtPath('main', 'taskWorker.js'), productVersion()),
      ownerId: 'bench',
      nowMs: Date.now
    })
    try {
      return await work(createQueuePool({ local, shared: sharedTasks, jobs: async () => jobs }))
    } finally {
      await jobs.close()
      server.close()
    }
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await redis.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

function startWorkerProcess(address: string, folder: string, at: number): ChildProcess {
  const data = path.join(folder, `worker ${at}`)
  return spawn(
    process.execPath,
    ['bin/bitbench.mjs', 'worker', '--queue', address, '--concurrency', '1', '--data', data],
    { stdio: ['ignore', 'ignore', 'pipe'] }
  )
}

/** @throws when the process ends before it works */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stderr!.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('Works for')) resolve()
    })
    child.once('exit', () => reject(new Error(`A worker ended: ${text}`)))
  })
}

async function searchOn(pool: TaskPool<Tasks>, processes: number, evaluations: number): Promise<TimedSearch> {
  const { graph } = await createModelFiles({ modelsFolder, openedFile: null }).open(file)
  const workloads = workloadsOf(graph)
  const space = createSpace({
    layers: workloads.map(({ layer }) => layer),
    macs: workloads.map(({ macs }) => macs),
    costs: [tableCost(bopsCosts(workloads))]
  })
  const evaluate = (scheme: Scheme, split: 'search' | 'test' = 'search') =>
    pool.run('model.evaluate', { file, modelsFolder, scheme, split, method: 'ptq' })
  await warm((scheme) => evaluate(scheme, 'test'), space.layers, processes)
  let jobMs = 0
  const startedMs = performance.now()
  const { trace } = await runSearch(
    {
      space,
      strategy: 'auto',
      objective: 'kl',
      budgetRatios: [0.4],
      evaluations,
      batch: 4,
      seed: 1
    },
    {
      async evaluate(scheme) {
        const { accuracy, kl, crossEntropy, mse, durationMs } = await evaluate(scheme)
        jobMs += durationMs
        return { accuracy, kl, crossEntropy, mse }
      }
    }
  )
  return {
    processes,
    wallSeconds: (performance.now() - startedMs) / 1000,
    jobSeconds: jobMs / 1000,
    trace: trace.map(({ scheme, kl }) => `${schemeKey(scheme)} ${kl}`).join('\n')
  }
}

/** Different jobs on other items than the search's, enough for every worker to take one or more. */
async function warm(
  evaluate: (scheme: Scheme) => Promise<unknown>,
  layers: readonly string[],
  processes: number
): Promise<void> {
  const schemes = Array.from({ length: 4 * Math.max(1, processes) }, (_, at): Scheme =>
    layers.map((layer, index) => ({
      layer,
      weightBits: ((at >> index) & 1) === 1 ? 4 : 8,
      activationBits: 8
    }))
  )
  await Promise.all(schemes.map(evaluate))
}

function productVersion(): string {
  return (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version
}
