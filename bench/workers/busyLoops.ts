import { Worker } from 'node:worker_threads'

/** Work of one loop: the same multiplications each time. */
const rounds = 200_000_000
/** Of one loop and several, in turn; their median counts. */
const pairs = 5
const source = `
  const { parentPort } = require('node:worker_threads')
  let value = 1
  for (let round = 0; round < ${rounds}; round++) value = (Math.imul(value, 1103515245) + 12345) | 0
  parentPort.postMessage(value)`

/**
 * What this machine gives to so many plain loops at once, as a factor over one loop alone: the number of loops on idle
 * processors, less where other work or a shared core takes its part. No queue, no network, no memory.
 */
export async function busyLoopSpeedUp(loops: number): Promise<number> {
  const ratios: number[] = []
  for (let pair = 0; pair < pairs; pair++) {
    const alone = await secondsOf(1)
    ratios.push((loops * alone) / (await secondsOf(loops)))
  }
  return ratios.sort((a, b) => a - b)[Math.floor(pairs / 2)]!
}

async function secondsOf(loops: number): Promise<number> {
  const startedMs = performance.now()
  await Promise.all(Array.from({ length: loops }, oneLoop))
  return (performance.now() - startedMs) / 1000
}

function oneLoop(): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(source, { eval: true })
    worker.once('message', () => resolve())
    worker.once('error', reject)
  })
}
