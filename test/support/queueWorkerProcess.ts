import { openWorker } from './fakeQueue'

/** A worker in a process of its own, to be killed: ADDRESS FOLDER; each job takes 300 ms and gives twice its number. */
const [address, folder] = process.argv.slice(2)
await openWorker(
  address!,
  async ({ settings }) => {
    await new Promise((resolve) => setTimeout(resolve, 300))
    return 2 * (settings as { x: number }).x
  },
  { folder: folder!, concurrency: 2 }
)
process.stdout.write('ready\n')
