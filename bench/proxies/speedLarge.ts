import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { boostingDefaults, growBoosted } from '../../src/core/regression/trees/boosting'
import { forestDefaults, growForest } from '../../src/core/regression/trees/forest'
import { profileLike, type Table } from './speedCases'

/*
 * 100,000 rows x 12 features, 100 trees, in a worker thread, as the product's fits are: seconds, peak resident memory,
 * and how long the main thread, where a window's events would wait, ever kept a timer waiting. Each fit has a process
 * of its own, since a peak is the peak of all a process ever did; the bench starts itself again for it.
 */

const rows = 100_000
const names = ['forest', 'boosting'] as const
type Name = (typeof names)[number]

/** Command-line word that makes the bench one large fit. */
export const largeFitPart = 'largeFit'

interface WorkerReport {
  nodes: number
  beforeMiB: number
  seconds: number
  cpuSeconds: number
}

interface LargeFit extends WorkerReport {
  peakMiB: number
  longestWaitMs: number
}

export function printLargeFits(): void {
  console.log('100,000 rows x 12, 100 trees, fitted in a worker thread')
  for (const name of names) {
    const run = spawnSync(process.execPath, [fileURLToPath(import.meta.url), largeFitPart, name], {
      encoding: 'utf8'
    })
    if (run.status !== 0) throw new Error(`${largeFitPart} ${name} failed: ${run.stderr}`)
    const fit = JSON.parse(run.stdout) as LargeFit
    console.log(
      `  ${name.padEnd(10)} ${fit.cpuSeconds.toFixed(1)} s processor time (${fit.seconds.toFixed(1)} s wall clock), ` +
        `${(fit.nodes / 1e6).toFixed(2)} million nodes, peak resident ${fit.peakMiB.toFixed(0)} MiB ` +
        `(${fit.beforeMiB.toFixed(0)} before), main thread never waited longer than ${fit.longestWaitMs.toFixed(0)} ms`
    )
  }
}

/** Runs one fit in a worker and prints its LargeFit as JSON. */
export async function runLargeFit(name: string): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { workerData: name })
  const periodMs = 10
  let last = performance.now()
  let longestWaitMs = 0
  const timer = setInterval(() => {
    const now = performance.now()
    longestWaitMs = Math.max(longestWaitMs, now - last - periodMs)
    last = now
  }, periodMs)
  const report = await new Promise<WorkerReport>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  clearInterval(timer)
  const fit: LargeFit = { ...report, peakMiB: peakMiB(), longestWaitMs }
  console.log(JSON.stringify(fit))
}

/** What the bench is in a worker thread. */
export function fitInWorker(): void {
  const table = profileLike(rows, 4)
  const beforeMiB = peakMiB()
  const cpu = process.cpuUsage()
  const startedMs = performance.now()
  const nodes = nodesOf(workerData as Name, table)
  const seconds = (performance.now() - startedMs) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const report: WorkerReport = { nodes, beforeMiB, seconds, cpuSeconds: (user + system) / 1e6 }
  parentPort!.postMessage(report)
}

export const inWorker = !isMainThread

function nodesOf(name: Name, { x, y }: Table): number {
  switch (name) {
    case 'forest':
      return growForest(x, y, { ...forestDefaults, seed: 1 }).left.length
    case 'boosting':
      return growBoosted(x, y, { ...boostingDefaults, trees: 100, maxDepth: 6, seed: 1 }).trees.left.length
  }
}

/** In MiB; maxRSS is given in KiB. */
function peakMiB(): number {
  return process.resourceUsage().maxRSS / 1024
}
