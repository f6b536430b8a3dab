/**
 * What recording power adds to a run beside it, with a stand-in for nvidia-smi (bench/sampling/smiLoop.c), in two parts:
 *
 * - `share`: processor time of Bitbench while a recording goes on (its start and end apart, in milliseconds per recording),
 *   by the time of the recording. nvidia-smi is a process of its own and not in it.
 * - `run`: the time that a CPU-bound run takes for the same work without a recording, beside nvidia-smi alone, and beside a
 *   recording. A round is without, alone, recording, alone, without: what stands on both sides is averaged, so that a drift
 *   of the machine cancels. `cpu` is the run's processor time, which other programs move little; `wall` its own time. Over
 *   rounds: Hodges and Lehmann's median with Wilcoxon's exact interval, which a disturbed round hardly moves. `adds` is
 *   what Bitbench adds to a run that keeps all processors busy: its processor time beside a recording by that beside
 *   nvidia-smi alone, and the share of the machine that Bitbench itself takes meanwhile.
 *
 *   npm run bench:sampling -- [--part share|run] [--seconds 20] [--interval 10] [--gpus 1,8] [--threads 1,2] [--rounds 12] [--json]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLocalClient, type LocalClient } from '../src/main/cli/framework/localClient'
import { signedRankInterval, type RobustMean } from './sampling/signedRank'
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
/** What has no recording needs less. */
const restMs = 1_500
/** Seconds of one block of work, about: a recording goes to the data file every two seconds. */
const blockSeconds = 2

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

type Arm = 'without' | 'nvidia-smi alone' | 'recording'
const round: readonly Arm[] = ['without', 'nvidia-smi alone', 'recording', 'nvidia-smi alone', 'without']

interface RunTimes {
  gpus: number
  threads: number
  rounds: number
  /** The run's time beside a recording by that without, and by that beside nvidia-smi alone. */
  recordingByWithout: { wall: RobustMean; cpu: RobustMean }
  recordingByAlone: { wall: RobustMean; cpu: RobustMean }
  /** Processor time of Bitbench while the run worked, by that time and all processors. */
  shareOfMachine: RobustMean
  /** What Bitbench adds to a run that keeps all processors busy: 0.01 is 1 %. */
  adds: RobustMean
}

async function measureRun(smi: string, gpus: number, threads: number): Promise<RunTimes> {
  const run = startWorkRun(threads)
  try {
    return await withClient(gpus, async (client) => {
      // The first block is compiled while it runs.
      await run.work(500)
      const { cpuSeconds } = await run.work(500)
      const units = Math.round((500 * blockSeconds * threads) / cpuSeconds)
      const rounds: Round[] = []
      while (rounds.length < Number(values.rounds)) {
        rounds.push(await oneRound({ smi, gpus, client, run, units }))
      }
      const over = (read: (times: Round) => number): RobustMean => signedRankInterval(rounds.map(read), 0.95)
      const both = (beside: Arm): RunTimes['recordingByAlone'] => ({
        wall: over((times) => times.recording.wallSeconds / times[beside].wallSeconds),
        cpu: over((times) => times.recording.cpuSeconds / times[beside].cpuSeconds)
      })
      return {
        ...{ gpus, threads, rounds: rounds.length },
        recordingByWithout: both('without'),
        recordingByAlone: both('nvidia-smi alone'),
        shareOfMachine: over((times) => times.shareOfMachine),
        adds: over(
          ({ recording, shareOfMachine, ...times }) =>
            (recording.cpuSeconds / times['nvidia-smi alone'].cpuSeconds) * (1 + shareOfMachine) - 1
        )
      }
    })
  } finally {
    run.end()
  }
}

/** Times of the three arms, each the mean of its blocks, and Bitbench's own share during the recording. */
type Round = Record<Arm, WorkTimes> & { shareOfMachine: number }

async function oneRound(block: Block): Promise<Round> {
  const blocks: (WorkTimes & { arm: Arm; shareOfMachine: number })[] = []
  for (const arm of round) blocks.push({ arm, ...(await workBeside(arm, block)) })
  const mean = (arm: Arm, time: keyof WorkTimes): number => {
    const own = blocks.filter((one) => one.arm === arm)
    return own.reduce((sum, one) => sum + one[time], 0) / own.length
  }
  const timesOf = (arm: Arm): WorkTimes => ({
    wallSeconds: mean(arm, 'wallSeconds'),
    cpuSeconds: mean(arm, 'cpuSeconds')
  })
  return {
    without: timesOf('without'),
    'nvidia-smi alone': timesOf('nvidia-smi alone'),
    recording: timesOf('recording'),
    shareOfMachine: blocks.find(({ arm }) => arm === 'recording')!.shareOfMachine
  }
}

interface Block {
  smi: string
  gpus: number
  client: LocalClient
  run: WorkRun
  units: number
}

async function workBeside(
  arm: Arm,
  { smi, gpus, client, run, units }: Block
): Promise<WorkTimes & { shareOfMachine: number }> {
  const starters: Record<Arm, () => Promise<() => unknown>> = {
    without: async () => () => undefined,
    'nvidia-smi alone': async () => startUnread(smi, gpus, intervalMs),
    recording: () => startRecording(client)
  }
  const stop = await starters[arm]()
  await sleep(arm === 'recording' ? settleMs : restMs)
  // A processor that slept is slow at first.
  await run.work(Math.ceil(units / 10))
  const clock = startClock()
  const times = await run.work(units)
  const own = clock()
  await stop()
  return { ...times, shareOfMachine: own.cpuSeconds / own.seconds / availableParallelism() }
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
const between = ({ median, low, high }: RobustMean, from = 0): string =>
  `${percent(median - from)} (${percent(low - from)} to ${percent(high - from)})`

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
          says(
            `  ${name}: ${between(ratios.cpu, 1)} of its processor time, ${between(ratios.wall, 1)} of its time`
          )
        says(`  Bitbench takes ${between(row.shareOfMachine)} of the machine`)
        says(
          `  Bitbench adds ${between(row.adds)} to a run on all processors: ${row.adds.high < 0.01 ? 'below' : 'not shown to be below'} 1 %`
        )
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
if (values.json)
  console.log(JSON.stringify({ shares, runs, load: loadavg()[0], threads: availableParallelism() }, null, 2))
process.exit(0)
