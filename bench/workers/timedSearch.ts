import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Scheme } from '../../src/core/quant/scheme'
import { resourcePath } from '../../src/main/paths'
import { sharedTasks } from '../../src/main/sharedTasks'
import type { Tasks } from '../../src/main/taskRegistry'
import { createTaskPool, type TaskPool } from '../../src/main/threads/taskPool'
import { readCodeIdentity } from '../../src/main/worker/codeIdentity'
import { createInputUpload } from '../../src/main/worker/inputs/inputUpload'
import { parseQueueAddress } from '../../src/main/worker/queue/queueAddress'
import { createQueueJobs } from '../../src/main/worker/queue/queueJobs'
import { createQueuePool } from '../../src/main/worker/queue/queuePool'
import { connectQueueServer } from '../../src/main/worker/queue/queueServer'
import { startRedis } from '../../test/support/redisServer'
import { openNetworkSearch, workerFile, type NetworkSearch } from './networkSearch'
import { createProcessAccount, type ProcessAccount } from './processAccount'

/** One search and who evaluated it. */
export interface TimedSearch {
  /** Worker processes on the queue; 0: one thread of this process, without a server. */
  readonly processes: number
  readonly wallSeconds: number
  /** Sum of the evaluations' own times as their workers report them, s. */
  readonly jobSeconds: number
  /** By the processor time of the worker processes; null without any. */
  readonly account: ProcessAccount | null
  /** Schemes and their losses, one a line. */
  readonly trace: string
}

/** A search of a shipped network, after every worker has read and calibrated it once. */
export async function timedSearch(
  processes: number,
  evaluations: number,
  network: string
): Promise<TimedSearch> {
  const local = createTaskPool<Tasks>({ workerFile, size: 1 })
  try {
    if (processes === 0) return await searchOn(local, [], evaluations, network)
    return await onQueue(local, processes, (pool, pids) => searchOn(pool, pids, evaluations, network))
  } finally {
    await local.close()
  }
}

/** A server and worker processes of its own, so that no result of an earlier search is found there. */
async function onQueue<T>(
  local: TaskPool<Tasks>,
  processes: number,
  work: (pool: TaskPool<Tasks>, pids: readonly number[]) => Promise<T>
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
      identity: await readCodeIdentity(workerFile, productVersion()),
      ownerId: 'bench',
      nowMs: Date.now
    })
    try {
      const pool = createQueuePool({ local, shared: sharedTasks, jobs: async () => jobs })
      return await work(
        pool,
        children.map(({ pid }) => pid!)
      )
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

async function searchOn(
  pool: TaskPool<Tasks>,
  pids: readonly number[],
  evaluations: number,
  network: string
): Promise<TimedSearch> {
  const search = await openNetworkSearch(pool, resourcePath('models', `${network}.onnx`))
  await warm(search, pids.length)
  let jobMs = 0
  const processes = createProcessAccount(pids)
  const startedMs = performance.now()
  const trace = await search.run(evaluations, ({ durationMs }) => (jobMs += durationMs), processes.endBatch)
  return {
    processes: pids.length,
    wallSeconds: (performance.now() - startedMs) / 1000,
    jobSeconds: jobMs / 1000,
    account: pids.length === 0 ? null : processes.account(),
    trace
  }
}

/** Different jobs on other items than the search's, enough for every worker to take one or more. */
async function warm({ layers, evaluate }: NetworkSearch, processes: number): Promise<void> {
  const schemes = Array.from({ length: 4 * Math.max(1, processes) }, (_, at): Scheme =>
    layers.map((layer, index) => ({
      layer,
      weightBits: ((at >> index) & 1) === 1 ? 4 : 8,
      activationBits: 8
    }))
  )
  await Promise.all(schemes.map((scheme) => evaluate(scheme, 'test')))
}

function productVersion(): string {
  return (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version
}
