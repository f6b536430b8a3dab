import { countOf, formatPercentValue } from '../../../shared/units'
import {
  profileAdaptively,
  type AdaptiveDecision,
  type AdaptiveSpec,
  type AdaptiveResult,
  type AdaptiveState,
  type FittedStep,
  type Measured
} from '../../../core/proxy/adaptive/adaptive'
import type { AdaptivePool } from '../../../core/profile/adaptivePool'
import { guessMs } from '../../../core/profile/duration'
import { type BenchItem, itemKey } from '../../../core/kernel/shape'
import { toProxySamples } from '../../../core/profile/proxyRows'
import type { Sample } from '../../../shared/contract/profile'
import type { AdaptiveRequest } from '../../../shared/contract/profile/profileAdaptive'
import type { JobContext } from '../../jobs/jobService'
import { type CampaignRun, runCampaign, type RunnerOptions } from '../campaign/campaignLoop'
import type { BoardIdentity } from '../samples/sampleStore'

/** Judges what was measured and chooses the next batch; in compose a worker task (profile.decide). */
export type Decide = (
  plan: AdaptiveSpec,
  state: AdaptiveState,
  signal: AbortSignal
) => Promise<AdaptiveDecision>

/** What an adaptive run measures and decides with. */
export interface AdaptiveRunnerOptions extends Omit<RunnerOptions, 'onSample'> {
  decide: Decide
  onSample: (sample: Sample) => void
  onStep: (part: 'adaptive' | 'uniform', step: FittedStep) => Promise<void>
}

/** A time that is known, and how long measuring it took; time NaN: the board refused it. */
interface KnownTime {
  id: string | null
  time: number
  tookMs: number
}

/**
 * Runs the parts of an adaptive run one after the other: the held-out shapes, the adaptive part, and rows by chance
 * for the same board seconds. What a Sample of this board and firmware exists of is never measured again and counts
 * with the time it took then; so an interrupted run that is begun again replays what it measured and goes on.
 */
export async function runAdaptive(
  run: Omit<CampaignRun, 'items' | 'energy'> & BoardIdentity,
  request: AdaptiveRequest,
  pool: AdaptivePool,
  unit: Sample['unit'],
  options: AdaptiveRunnerOptions,
  context: JobContext
): Promise<AdaptiveResult['stopped']> {
  const meter = createMeasuring(run, options, context)
  const { repetitions, speed } = run
  const judgeMs = pool.judge.reduce((sum, item) => sum + guessMs(item, repetitions, speed), 0)
  meter.totalMs = judgeMs + 1000 * request.budgetSeconds * (request.compareUniform ? 2 : 1)
  await meter.readKnown()
  meter.note = 'measuring the held-out shapes'
  const judged = await meter.measure(pool.judge)
  const judgeItems = pool.judge
    .map((item, at) => ({ ...item, time: judged.time[at] }))
    .filter(({ time }) => time > 0)
  const plan: AdaptiveSpec = {
    pool: pool.rows,
    seconds: pool.seconds,
    seed: request.seed,
    unit,
    firstRows: request.firstRows,
    batchRows: request.batchRows,
    choose: 'uncertain',
    judge: judgeItems.length === 0 ? null : toProxySamples(request.kernel, unit, judgeItems)
  }
  const part = (
    name: 'adaptive' | 'uniform',
    limits: AdaptiveLimits
  ): Promise<{ stopped: AdaptiveResult['stopped']; seconds: number }> =>
    runPart(name, plan, limits, pool, meter, options, context.signal)

  const adaptive = await part('adaptive', request)
  if (request.compareUniform) {
    meter.totalMs = meter.spentMs + 1000 * adaptive.seconds
    await part('uniform', { targetMape: 0, budgetSeconds: adaptive.seconds })
  }
  meter.spentMs = meter.totalMs
  meter.report()
  return adaptive.stopped
}

interface AdaptiveLimits {
  targetMape: number
  budgetSeconds: number
}

/** What is measured in an adaptive run, and the board time that it took, ms. */
interface Measuring {
  spentMs: number
  totalMs: number
  /** What is being done, for the progress. */
  note: string
  report(): void
  /** Reads what exists of this board and firmware already. */
  readKnown(): Promise<void>
  /** Times of items, from the store or the board; NaN for one that the board refuses. */
  measure(items: readonly BenchItem[]): Promise<Measured>
}

function createMeasuring(
  run: Omit<CampaignRun, 'items' | 'energy'> & BoardIdentity,
  options: AdaptiveRunnerOptions,
  context: JobContext
): Measuring {
  const { store, onSample } = options
  const { campaignId, repetitions } = run
  const known = new Map<string, KnownTime>()
  let own = new Set<string>()

  /** Counts what was measured before to this run, with the time it took then. */
  const adopt = async (items: readonly BenchItem[]): Promise<void> => {
    for (const item of items) {
      const { id } = known.get(itemKey(item))!
      if (id === null || own.has(itemKey(item))) continue
      own.add(itemKey(item))
      await store.adopt(campaignId, [id])
    }
    for (const item of items) meter.spentMs += known.get(itemKey(item))!.tookMs
  }

  const meter: Measuring = {
    spentMs: 0,
    totalMs: 0,
    note: '',
    report() {
      const { spentMs, totalMs, note } = meter
      context.progress(Math.round(Math.min(spentMs, totalMs)), Math.round(totalMs), note)
    },
    async readKnown() {
      own = await store.finishedKeys(campaignId)
      for (const [key, { id, time, tookMs }] of await store.measuredTimes(run, repetitions))
        known.set(key, { id, time, tookMs: tookMs ?? 0 })
    },
    async measure(items) {
      const missing = items.filter((item) => !known.has(itemKey(item)))
      await adopt(items.filter((item) => known.has(itemKey(item))))
      meter.report()
      await runCampaign(
        { ...run, items: missing, energy: null },
        {
          ...options,
          onSample(sample, tookMs) {
            known.set(itemKey(sample), { id: sample.id, time: sample.time, tookMs })
            own.add(itemKey(sample))
            meter.spentMs += tookMs
            meter.report()
            onSample(sample)
          }
        },
        { ...context, progress: () => undefined }
      )
      // Neither measured nor known: refused by the board, for good.
      const times = items.map((item) => known.get(itemKey(item)) ?? { id: null, time: NaN, tookMs: 0 })
      items.forEach((item, at) => known.set(itemKey(item), times[at]))
      return {
        time: Float64Array.from(times, ({ time }) => time),
        boardSeconds: times.reduce((sum, { tookMs }) => sum + tookMs, 0) / 1000
      }
    }
  }
  return meter
}

/** The adaptive part, or rows by chance within the same board seconds. */
async function runPart(
  name: 'adaptive' | 'uniform',
  plan: AdaptiveSpec,
  limits: AdaptiveLimits,
  pool: AdaptivePool,
  meter: Measuring,
  { decide, onStep }: AdaptiveRunnerOptions,
  signal: AbortSignal
): Promise<{ stopped: AdaptiveResult['stopped']; seconds: number }> {
  let seconds = 0
  const choose = name === 'adaptive' ? 'uncertain' : 'uniform'
  const { stopped } = await profileAdaptively(
    { ...plan, choose },
    limits,
    (rows) => meter.measure(Array.from(rows, (row) => pool.items[row])),
    {
      async onStep(step) {
        seconds = step.boardSeconds
        meter.note = `${name === 'adaptive' ? 'adaptive' : 'by chance'}: ${countOf(step.rows, 'row')}, ${errorText(step)}`
        meter.report()
        await onStep(name, step)
      },
      decideNow: (present, state) => decide(present, state, signal)
    }
  )
  return { stopped, seconds }
}

function errorText({ unseenShapeMape, judgeMape }: FittedStep): string {
  if (unseenShapeMape === null) return 'too few to judge'
  const heldOut = judgeMape === null ? '' : `, ${formatPercentValue(judgeMape, 1)} on the held-out shapes`
  return `${formatPercentValue(unseenShapeMape, 1)} on unseen shapes${heldOut}`
}
