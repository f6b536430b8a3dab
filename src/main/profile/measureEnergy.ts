import { maxBenchRepetitions } from '../../core/board/protocol'
import { intervalOf } from '../../core/energy/interval'
import { itemKey, type BenchItem } from '../../core/kernel/shape'
import type { KernelEnergy, Sample } from '../../shared/contract/profile'
import { formatBitPair } from '../../shared/bitPair'
import { AppError } from '../../shared/errors'
import { countOf, formatAmount } from '../../shared/units'
import type { BenchSession } from './measure'

/** Energy around work on the board, idle included, over `windowMs`; the work itself took `durationMs`. */
export interface MeteredStretch {
  energyJ: number
  windowMs: number
  durationMs: number
}

/** Energy of work net of idle, J. */
interface NetStretch {
  energyJ: number
  durationMs: number
}

/** A power meter beside the board; compose passes that of the meter noun. */
export interface EnergyMeter {
  readonly name: string
  readonly origin: Sample['origin']
  nowMs(): number
  /** Runs work on the board and returns the energy from its begin until its last reading has come; `of`: what the trace calls it. */
  phase(work: () => Promise<unknown>, of?: { name: string; repetitions: number }): Promise<MeteredStretch>
  rest(durationMs: number, signal: AbortSignal): Promise<MeteredStretch>
  close(): Promise<void>
}

/** Opens the meter of a campaign. @throws meter.silent, meter.unreadable and what opening a port throws */
export type OpenEnergyMeter = (setup: KernelEnergy['meter'], of: MeteredCampaign) => Promise<EnergyMeter>

/** The campaign beside which a meter is read: what it reads is stored as a recording of it. */
export interface MeteredCampaign {
  campaignId: string
  boardName: string
}

/** A meter with the power of the board at rest, which is measured again now and then. */
export interface BaselinedMeter {
  readonly meter: EnergyMeter
  /** Power at rest, W; measured again where the last rest is older than half a minute. */
  idleW(signal: AbortSignal): Promise<number>
}

const restAgainMs = 30_000
const confidence = 0.95
/** The shorter run of a trial has this part of the repetitions of the longer one. */
const shorterPart = 4

/** Measures the baseline of a meter when it is first needed. */
export function withBaseline(meter: EnergyMeter, idleMs: number): BaselinedMeter {
  let known: { powerW: number; atMs: number } | null = null
  return {
    meter,
    async idleW(signal) {
      if (known !== null && meter.nowMs() - known.atMs < restAgainMs) return known.powerW
      const { energyJ, windowMs } = await meter.rest(idleMs, signal)
      known = { powerW: (1000 * energyJ) / windowMs, atMs: meter.nowMs() }
      return known.powerW
    }
  }
}

/**
 * Energy of one call of a kernel, net of idle, beside the Sample of its counts. A trial runs the kernel R times and R / 4 times; what
 * the two differ by is free of what a command costs by itself: its bytes on the line, its operands. Where the clock is known, time that
 * the longer run takes beyond its calls (a longer reply) is taken off at its mean power. The mean over trials becomes the Sample, its
 * 95 % interval the bounds.
 *
 * @param counted the Sample of the same item on the same board, with what the board computed
 * @throws energy.tooShort where the interval reaches zero, board.crcMismatch where a run gave other outputs; what the meter throws
 */
export async function measureEnergy(
  session: BenchSession,
  item: BenchItem,
  counted: Sample,
  { meter, idleW }: BaselinedMeter,
  options: Pick<KernelEnergy, 'trials' | 'trialMs'> & { newId: () => string; signal: AbortSignal }
): Promise<Sample> {
  const { signal, trials, trialMs } = options
  const baselineW = await idleW(signal)
  const run = async (repetitions: number): Promise<void> => {
    const { checksum } = await session.bench({ ...item, repetitions, seed: counted.seed }, { signal })
    if (checksum !== counted.checksum) throw otherOutputs(item)
  }
  /** Longer and shorter runs are phases of their own: a call of the shorter one bears more of what its command costs. */
  const phaseOf = (repetitions: number) => ({
    name: `${item.kernel} ${item.dims.join('x')} ${formatBitPair(item.weightBits, item.activationBits)}, ${countOf(repetitions, 'call')}`,
    repetitions
  })
  const net = async (repetitions: number): Promise<NetStretch> => {
    const { energyJ, windowMs, durationMs } = await meter.phase(() => run(repetitions), phaseOf(repetitions))
    return { energyJ: energyJ - (baselineW * windowMs) / 1000, durationMs }
  }
  const { cycles, clockHz } = counted
  /** Time of a call by the core itself; null where its clock is not known. */
  const callMs = cycles !== null && clockHz !== null ? (1000 * cycles) / clockHz : null
  const longer = repetitionsFor(trialMs, callMs ?? (await timedMs(run, counted.repetitions, meter)))
  const shorter = Math.floor(longer / shorterPart)
  const perCallNj: number[] = []
  for (let trial = 0; trial < trials; trial++) {
    const [more, fewer] = [await net(longer), await net(shorter)]
    const calls = longer - shorter
    perCallNj.push((1e9 * differenceJ(more, fewer, callMs === null ? null : calls * callMs)) / calls)
  }
  const interval = intervalOf(perCallNj, confidence)
  if (interval === null || !(interval.low > 0)) throw unsure(item, perCallNj, trialMs)
  return {
    ...counted,
    id: options.newId(),
    time: interval.mean,
    timeMin: interval.low,
    timeMax: interval.high,
    unit: 'nJ',
    repetitions: longer,
    origin: meter.origin,
    method: `bench beside ${meter.name}: ${countOf(trials, 'trial')} of ${longer} less ${shorter} repetitions, net of ${formatAmount(baselineW, 'W')} at rest`
  }
}

/**
 * Energy of the calls by which two runs differ, J: what the longer one took more, without the time beyond `callsMs` in which it did
 * something else.
 */
function differenceJ(more: NetStretch, fewer: NetStretch, callsMs: number | null): number {
  const differenceMs = more.durationMs - fewer.durationMs
  const otherMs = callsMs === null ? 0 : Math.max(0, differenceMs - callsMs)
  return more.energyJ - fewer.energyJ - (more.energyJ / more.durationMs) * otherMs
}

/** Time of a call by the clock of the meter, ms, with its share of the command. */
async function timedMs(
  run: (repetitions: number) => Promise<void>,
  repetitions: number,
  meter: EnergyMeter
): Promise<number> {
  const fromMs = meter.nowMs()
  await run(repetitions)
  return (meter.nowMs() - fromMs) / repetitions
}

/** How often a kernel runs in a trial. */
function repetitionsFor(trialMs: number, callMs: number): number {
  const wanted = Math.ceil(trialMs / Math.max(callMs, 1e-6))
  return Math.min(maxBenchRepetitions, Math.max(shorterPart, wanted))
}

function otherOutputs(item: BenchItem): AppError {
  return new AppError(
    'board.crcMismatch',
    `The board's ${itemKey(item)} gave other outputs while its energy was measured than before.`,
    'The board is unstable at this supply: its measurements cannot be used.'
  )
}

function unsure(item: BenchItem, perCallNj: readonly number[], trialMs: number): AppError {
  return new AppError(
    'energy.tooShort',
    `The energy of ${itemKey(item)} is not above zero for sure: ${perCallNj.map((each) => formatAmount(each, 'nJ')).join(', ')} a call in trials of ${trialMs} ms.`,
    'Let trials last longer (--trial) or repeat them more often (--trials).'
  )
}
