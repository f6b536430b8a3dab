import { Worker } from 'node:worker_threads'
import { quantile } from '../../src/core/math/quantile'
import { resourcePath } from '../../src/main/paths'

/** Loops in turn, alone and together; their median counts. */
const pairs = 3
const itemsPerRun = 250
const runs = 80
const source = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { readFileSync } = require('node:fs')
  const ort = require('onnxruntime-node')
  // What this thread alone has had of a processor, ns: other programs do not count.
  const processorNs = () => Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0])
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 }
  ort.InferenceSession.create(workerData.file, options).then(async (session) => {
    const pixels = new Float32Array(${itemsPerRun} * 784).fill(0.5)
    const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', pixels, [${itemsPerRun}, 1, 28, 28]) }
    const work = async () => { for (let run = 0; run < ${runs}; run++) await session.run(feeds) }
    await work()
    parentPort.once('message', async () => {
      const before = processorNs()
      await work()
      parentPort.postMessage(processorNs() - before)
    })
    parentPort.postMessage('ready')
  })`

/**
 * What two threads can gain over one when each runs the float network in an onnxruntime session of its own, and nothing is fitted or
 * shared: 2 where neither takes from the other, less where they share caches and memory. By the processor time of the threads
 * (Linux), so that other programs are not counted; what they take of the caches is.
 */
export async function rawSpeedUp(): Promise<number> {
  const ratios: number[] = []
  for (let pair = 0; pair < pairs; pair++) {
    const [alone] = await processorNs(1)
    const [first, second] = await processorNs(2)
    ratios.push((2 * alone!) / Math.max(first!, second!))
  }
  return quantile(ratios, 0.5)
}

async function processorNs(loops: number): Promise<number[]> {
  const workerData = { file: resourcePath('models', 'lenet5-fashion.onnx') }
  const workers = Array.from({ length: loops }, () => new Worker(source, { eval: true, workerData }))
  await Promise.all(workers.map(nextMessage))
  const found = workers.map(nextMessage)
  for (const worker of workers) worker.postMessage('go')
  return Promise.all(found)
}

function nextMessage(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}
