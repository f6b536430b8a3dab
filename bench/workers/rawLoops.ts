import { Worker } from 'node:worker_threads'
import { quantile } from '../../src/core/math/quantile'

/** Loops in turn, alone and together; their median counts. */
const pairs = 3
const itemsPerRun = 250
/** Processor time that one loop takes about, ns. */
const loopNs = 0.4e9
const source = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { readFileSync } = require('node:fs')
  const ort = require('onnxruntime-node')
  // What this thread alone has had of a processor, ns: other programs do not count.
  const processorNs = () => Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0])
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 }
  ort.InferenceSession.create(workerData.file, options).then(async (session) => {
    const [, ...shape] = session.inputMetadata[0].shape
    const pixels = new Float32Array(${itemsPerRun} * shape.reduce((size, length) => size * length)).fill(0.5)
    const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', pixels, [${itemsPerRun}, ...shape]) }
    const nsOf = async (runs) => {
      const before = processorNs()
      for (let run = 0; run < runs; run++) await session.run(feeds)
      return processorNs() - before
    }
    await nsOf(1)
    const runNs = await nsOf(2) / 2
    parentPort.once('message', async (runs) => parentPort.postMessage(await nsOf(runs)))
    parentPort.postMessage(runNs)
  })`

/**
 * What two threads can gain over one when each runs a float network in an onnxruntime session of its own, and nothing is fitted or
 * shared: 2 where neither takes from the other, less where they share caches and memory. By the processor time of the threads
 * (Linux), so that other programs are not counted; what they take of the caches is.
 */
export async function rawSpeedUp(file: string): Promise<number> {
  const ratios: number[] = []
  for (let pair = 0; pair < pairs; pair++) {
    const [alone] = await processorNs(file, 1)
    const [first, second] = await processorNs(file, 2)
    ratios.push((2 * alone!) / Math.max(first!, second!))
  }
  return quantile(ratios, 0.5)
}

/** Processor time by run of the network, ns, of each of so many loops at once. */
async function processorNs(file: string, loops: number): Promise<number[]> {
  const workers = Array.from(
    { length: loops },
    () => new Worker(source, { eval: true, workerData: { file } })
  )
  const runNs = await Promise.all(workers.map(nextMessage))
  // The same number for all, so that they run side by side to the end.
  const runs = Math.max(2, Math.round(loopNs / Math.min(...runNs)))
  const found = workers.map(nextMessage)
  for (const worker of workers) worker.postMessage(runs)
  return (await Promise.all(found)).map((ns) => ns / runs)
}

function nextMessage(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}
