import { openWorker } from '../../test/support/fakeQueue'

/** A worker process whose task only doubles a number: ADDRESS CONCURRENCY. Prints "ready" and runs until it is killed. */
const [address, concurrency] = process.argv.slice(2)
await openWorker(address!, ({ settings }) => 2 * (settings as { x: number }).x, {
  concurrency: Number(concurrency)
})
process.stdout.write('ready\n')
