/**
 * What recording power costs the run beside it: processor time of Bitbench for a recording of 1, 4 and 8 GPUs, as a share of
 * one core and of this machine. nvidia-smi is the stand-in of the tests and runs as its own process: its time is not in
 * here, and says nothing about the real one, which is asked once per recording and prints by itself.
 *
 *   npm run bench:sampling -- [--seconds 20] [--interval 10] [--gpus 1,4,8] [--json]
 */
import { availableParallelism, loadavg } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { createLocalClient } from '../src/main/cli/framework/localClient'
import { startClock } from './stopwatch'
import { withBitbench } from './withBitbench'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    interval: { type: 'string', default: '10' },
    gpus: { type: 'string', default: '1,4,8' },
    json: { type: 'boolean', default: false }
  }
})
const seconds = Number(values.seconds)
const intervalMs = Number(values.interval)
process.env['BITBENCH_NVIDIA_SMI'] = path.resolve('test/fixtures/smi/fakeSmi.mjs')

/** Processor time of a Bitbench that records nothing, for as long. */
async function idle(): Promise<Row> {
  return await withBitbench(async (bitbench) => {
    const client = createLocalClient(bitbench, new AbortController().signal)
    await client.call('gpu.list', { refresh: true })
    await client.call('gpu.recordings', {})
    const clock = startClock()
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    return rowOf(0, null, clock())
  })
}

function rowOf(
  gpus: number,
  achievedHz: number | null,
  took: ReturnType<ReturnType<typeof startClock>>
): Row {
  const shareOfCore = took.cpuSeconds / took.seconds
  return { gpus, intervalMs, achievedHz, shareOfCore, shareOfMachine: shareOfCore / availableParallelism() }
}

interface Row {
  gpus: number
  intervalMs: number
  /** Readings per second of each GPU that came. */
  achievedHz: number | null
  /** Processor time by the time of the recording: 1 is one core. */
  shareOfCore: number
  shareOfMachine: number
}

async function measured(gpus: number): Promise<Row> {
  process.env['FAKE_SMI'] = JSON.stringify({
    gpus: Array.from({ length: gpus }, (_, index) => ({ name: 'Stand-in A100', idleW: 50 + index }))
  })
  return await withBitbench(async (bitbench) => {
    const client = createLocalClient(bitbench, new AbortController().signal)
    // What a recording needs once (listing GPUs, opening the data file) is no cost of sampling.
    await client.call('gpu.list', { refresh: true })
    await client.call('gpu.recordings', {})
    const clock = startClock()
    const request = { durationMs: seconds * 1000, intervalMs, idleMs: 0, idleAfterMs: 0 }
    const { jobId, recordingId } = await client.call('gpu.record', request)
    await client.finish(jobId, () => undefined)
    const took = clock()
    const { recording } = await client.call('gpu.recording', { id: recordingId })
    return rowOf(gpus, recording.achievedHz, took)
  })
}

const rows: Row[] = [await idle()]
for (const gpus of values.gpus.split(',')) rows.push(await measured(Number(gpus)))
const [load] = loadavg()
if (values.json) console.log(JSON.stringify({ rows, load, threads: availableParallelism() }, null, 2))
else {
  console.log(`load of the machine ${load.toFixed(1)}, ${availableParallelism()} threads`)
  console.log('GPUs  asked Hz  came Hz  of one core  of the machine')
  for (const row of rows) {
    const cells = [row.gpus, 1000 / row.intervalMs, row.achievedHz?.toFixed(1) ?? '-']
    const shares = [row.shareOfCore, row.shareOfMachine].map((share) => `${(100 * share).toFixed(2)} %`)
    console.log([...cells, ...shares].map((cell) => String(cell).padEnd(9)).join(' '))
  }
}
process.exit(0)
