// A run that keeps processors busy and says how long its work took: one JSON line per line on stdin.
//   < {"units":400}   > {"wallSeconds":…,"cpuSeconds":…}
// Argument: threads. A unit is a multiplication of two 96 x 96 matrices of doubles; the threads share the units.
import { createInterface } from 'node:readline'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

const size = 96

function unitOfWork() {
  const a = new Float64Array(size * size).map((_, at) => (at % 7) - 3)
  const b = new Float64Array(size * size).map((_, at) => (at % 5) - 2)
  const out = new Float64Array(size * size)
  return () => {
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        let sum = 0
        for (let at = 0; at < size; at++) sum += a[row * size + at] * b[at * size + column]
        out[row * size + column] = sum
      }
    }
  }
}

if (isMainThread) {
  const taken = new Int32Array(new SharedArrayBuffer(4))
  const threads = Array.from(
    { length: Number(process.argv[2]) },
    () => new Worker(new URL(import.meta.url), { workerData: taken })
  )
  for await (const line of createInterface({ input: process.stdin })) {
    const { units } = JSON.parse(line)
    Atomics.store(taken, 0, 0)
    const [wall, cpu] = [performance.now(), process.cpuUsage()]
    await Promise.all(
      threads.map((thread) => new Promise((resolve) => thread.once('message', resolve).postMessage(units)))
    )
    const { user, system } = process.cpuUsage(cpu)
    console.log(
      JSON.stringify({ wallSeconds: (performance.now() - wall) / 1000, cpuSeconds: (user + system) / 1e6 })
    )
  }
  process.exit(0)
} else {
  const work = unitOfWork()
  parentPort.on('message', (units) => {
    while (Atomics.add(workerData, 0, 1) < units) work()
    parentPort.postMessage('done')
  })
}
