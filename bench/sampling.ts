/**
 * What recording power adds to a run beside it, with a stand-in for nvidia-smi (bench/sampling/smiLoop.c), in two parts:
 *
 * - `share`: processor time of Bitbench while a recording goes on (its start and end apart, in milliseconds per recording),
 *   by the time of the recording. nvidia-smi is a process of its own and not in it.
 * - `run`: the time that a CPU-bound run takes for the same work without a recording, beside nvidia-smi alone, and beside a
 *   recording, in rounds of all three whose order rotates. Ratios are of blocks of one round, with Student's interval over
 *   rounds: `wall` is the run's own time, `cpu` its processor time.
 *
 *   npm run bench:sampling -- [--part share|run] [--seconds 20] [--interval 10] [--gpus 1,8] [--threads 1,2] [--rounds 12] [--json]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { intervalOf } from '../src/core/energy/interval'
import { createLocalClient, type LocalClient } from '../src/main/cli/framework/localClient'
import { setGpus, startUnread, useNativeSmi } from './sampling/nativeSmi'
import { startWorkRun, type WorkRun, type WorkTimes } from './sampling/workRun'
import { startClock } from './stopwatch'
import { withBitbench } from './withBitbench'
import { listOf, positive, readFlags, whole } from './flags'

const { values } = readFlags(
  {
    options: {
      part: { type: 'string', default: 'all' },
      seconds: { type: 'string', default: '20' },
      interval: { type: 'string', default: '10' },
      gpus: { type: 'string', default: '1,8' },
      threads: { type: 'string', default: `1,${availableParallelism()}` },
      rounds: { type: 'string', default: '12' },
      json: { type: 'boolean', default: false }
    }
  },
  {
    seconds: positive(),
    interval: positive(),
    rounds: whole(),
    gpus: listOf(whole()),
    threads: listOf(whole())
  }
)
const seconds = Number(values.seconds)
const intervalMs = Number(values.interval)
const gpuCounts = values.gpus.split(',').map(Number)
/** A recording reads every row at once in its first seconds: what a long one takes is seen behind them. */
const settleMs = 4_000
/** Processor seconds of one block of work, about. */
const blockSeconds = 1

interface Share {
  gpus: number
  /** Readings per second of each GPU that came. */
  achievedHz: number | null
  /** Processor time by the time of the recording: 1 is one core. */
  shareOfCore: number
  /** Processor time of starting and ending one recording, ms. */
  onceMs: number
}

/** A recording that goes on, and what ends it; its `achievedHz` comes with the end. */
async function startRecording(client: LocalClient): Promise<() => Promise<number | null>> {
  const request = { durationMs: 3_600_000, intervalMs, idleMs: 0, idleAfterMs: 0 }
  const { jobId, recordingId } = await client.call('gpu.record', request)
  return async () => {
    await client.call('gpu.stopRecording', { id: recordingId })
    await client.finish(jobId, () => undefined)
    return (await client.call('gpu.recording', { id: recordingId })).recording.achievedHz
  }
}

/** Runs `work` on a Bitbench that has listed its GPUs and opened its data file. */
function withClient<T>(gpus: number, work: (client: LocalClient) => Promise<T>): Promise<T> {
  setGpus(gpus)
  return withBitbench(async (bitbench) => {
    const client = createLocalClient(bitbench, new AbortController().signal)
    await client.call('gpu.list', { refresh: true })
    await client.call('gpu.recordings', {})
    return await work(client)
  })
}

/** `gpus` 0: a Bitbench that records nothing. */
function measureShare(gpus: number): Promise<Share> {
  return withClient(Math.max(1, gpus), async (client) => {
    const whole = startClock()
    const stop = gpus === 0 ? async () => null : await startRecording(client)
    await sleep(settleMs)
    const settled = whole()
    const steady = startClock()
    await sleep(seconds * 1000)
    const took = steady()
    const shareOfCore = took.cpuSeconds / took.seconds
    const ending = startClock()
    const achievedHz = await stop()
    const once = settled.cpuSeconds + ending().cpuSeconds - (settleMs / 1000) * shareOfCore
    return { gpus, achievedHz, shareOfCore, onceMs: 1000 * once }
  })
}

const arms = ['without', 'nvidia-smi alone', 'recording'] as const
type Arm = (typeof arms)[number]

interface Ratio {
  mean: number
  low: number
  high: number
}

interface RunTimes {
  gpus: number
  threads: number
  rounds: number
  /** The run's time beside a recording by that without, and by that beside nvidia-smi alone. */
  recordingByWithout: { wall: Ratio; cpu: Ratio }
  recordingByAlone: { wall: Ratio; cpu: Ratio }
}

async function measureRun(smi: string, gpus: number, threads: number): Promise<RunTimes> {
  const run = startWorkRun(threads)
  try {
    return await withClient(gpus, async (client) => {
      // The first block is compiled while it runs.
      await run.work(500)
      const { cpuSeconds } = await run.work(500)
      const units = Math.round((500 * blockSeconds * threads) / cpuSeconds)
      const rounds: Record<Arm, WorkTimes>[] = []
      for (let round = 0; round < Number(values.rounds); round++) {
        const times = {} as Record<Arm, WorkTimes>
        for (let at = 0; at < arms.length; at++) {
          const arm = arms[(round + at) % arms.length]
          times[arm] = await workBeside(arm, { smi, gpus, client, run, units })
        }
        rounds.push(times)
      }
      const ratio = (beside: Arm, time: keyof WorkTimes): Ratio => {
        const { mean, low, high } = intervalOf(
          rounds.map((times) => times.recording[time] / times[beside][time]),
          0.95
        )!
        return { mean, low, high }
      }
      const both = (beside: Arm) => ({ wall: ratio(beside, 'wallSeconds'), cpu: ratio(beside, 'cpuSeconds') })
      return {
        ...{ gpus, threads, rounds: rounds.length },
        recordingByWithout: both('without'),
        recordingByAlone: both('nvidia-smi alone')
      }
    })
  } finally {
    run.end()
  }
}

interface Block {
  smi: string
  gpus: number
  client: LocalClient
  run: WorkRun
  units: number
}

async function workBeside(arm: Arm, { smi, gpus, client, run, units }: Block): Promise<WorkTimes> {
  const starters: Record<Arm, () => Promise<() => unknown>> = {
    without: async () => () => undefined,
    'nvidia-smi alone': async () => startUnread(smi, gpus, intervalMs),
    recording: () => startRecording(client)
  }
  const stop = await starters[arm]()
  await sleep(settleMs)
  const times = await run.work(units)
  await stop()
  return times
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
const added = ({ mean, low, high }: Ratio): string =>
  `${percent(mean - 1)} (${percent(low - 1)} to ${percent(high - 1)})`

const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-smi-'))
const shares: Share[] = []
const runs: RunTimes[] = []
try {
  const smi = useNativeSmi(folder)
  const says = (text: string): void => void (values.json || console.log(text))
  says(`load of the machine ${loadavg()[0].toFixed(1)}, ${availableParallelism()} threads`)
  if (values.part !== 'run') {
    says('GPUs  came Hz   of one core  once, ms')
    for (const gpus of [0, ...gpuCounts]) {
      const row = await measureShare(gpus)
      shares.push(row)
      const cells = [gpus, row.achievedHz?.toFixed(1) ?? '-', percent(row.shareOfCore), row.onceMs.toFixed(0)]
      says(cells.map((cell) => String(cell).padEnd(9)).join(' '))
    }
  }
  if (values.part !== 'share') {
    for (const threads of values.threads.split(',').map(Number)) {
      for (const gpus of gpuCounts) {
        const row = await measureRun(smi, gpus, threads)
        runs.push(row)
        says(
          `run of ${threads} threads, ${gpus} GPUs at ${1000 / intervalMs} Hz, ${row.rounds} rounds: a recording adds`
        )
        for (const [name, ratios] of [
          ['nvidia-smi and Bitbench', row.recordingByWithout],
          ['Bitbench alone', row.recordingByAlone]
        ] as const)
          says(`  ${name}: ${added(ratios.wall)} of its time, ${added(ratios.cpu)} of its processor time`)
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
if (values.json)
  console.log(JSON.stringify({ shares, runs, load: loadavg()[0], threads: availableParallelism() }, null, 2))
process.exit(0)
