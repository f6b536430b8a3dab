import { formatBitPair } from '../../../shared/bitPair'
import { createGuessCorrection, guessMs, type SpeedGuess } from '../../../core/profile/duration'
import { type BenchItem, itemKey } from '../../../core/kernel/shape'
import type { KernelEnergy, Sample } from '../../../shared/contract/profile'
import { AppError } from '../../../shared/errors'
import { formatDuration } from '../../../shared/units'
import type { JobContext } from '../../jobs/jobService'
import { type BenchSession, measureItem, type MeasureOptions, type ProfiledBoard } from '../measure'
import { measureEnergy, withBaseline, type OpenEnergyMeter } from '../measureEnergy'
import type { ProfileStore } from '../profileStore'
import { throughBreaks } from '../throughBreaks'

/** What a campaign needs of the board service; compose passes it. */
export interface ProfileBoards {
  /** Connects unless connected. */
  connect(id: string): Promise<ProfiledBoard>
  /** @throws board.notConnected, board.notMonitor */
  identified(id: string): ProfiledBoard
  withLease<T>(
    id: string,
    owner: string,
    work: (session: BenchSession, board: ProfiledBoard) => Promise<T>
  ): Promise<T>
  waitUntilConnected(id: string, timeoutMs: number, signal?: AbortSignal): Promise<void>
}

/** A campaign with what is left to measure. */
export interface CampaignRun {
  campaignId: string
  boardId: string
  boardName: string
  /** The board it was planned for; another one on the same port is refused. */
  buildId: number | null
  coreName: string
  items: readonly BenchItem[]
  repetitions: number
  seed: number
  speed: SpeedGuess
  /** With the energy of every item by a power meter; null: counts alone. */
  energy: KernelEnergy | null
}

/** What a campaign measures with. */
export interface RunnerOptions extends Pick<MeasureOptions, 'newId' | 'nowMs' | 'checksum'> {
  boards: ProfileBoards
  store: ProfileStore
  openMeter: OpenEnergyMeter
  /** `tookMs`: wall-clock time of this measurement. */
  onSample: (sample: Sample, tookMs: number) => void
}

/** How long an unplugged board is waited for before the campaign gives up (and can be resumed). */
const reconnectMs = 120_000
/** The board's own word that it cannot do an item: no fault of the line, and no reason to stop. */
const refusals: ReadonlySet<string> = new Set([
  'board.outOfMemory',
  'board.unsupportedKernel',
  'board.refused',
  // A kernel whose energy the meter does not see at this length of trials.
  'energy.tooShort'
])

/**
 * Measures what a campaign has left. Every Sample is in the data file before the next one begins, so nothing
 * finished is lost or measured twice, whatever ends the run; an unplugged board is waited for.
 */
export async function runCampaign(
  run: CampaignRun,
  options: RunnerOptions,
  context: JobContext
): Promise<void> {
  const { energy } = run
  if (energy === null) return await measureLeft(run, options, null, context)
  const meter = await options.openMeter(energy.meter, run)
  const baselined = withBaseline(meter, energy.idleMs)
  const how = { ...energy, newId: options.newId, signal: context.signal }
  const energyOf: MeasureBeside = (session, item, counted) =>
    measureEnergy(session, item, counted, baselined, how)
  try {
    await measureLeft(run, options, energyOf, context)
  } finally {
    await meter.close()
  }
}

/** Measures the energy of an item beside the Sample of its counts. */
type MeasureBeside = (session: BenchSession, item: BenchItem, counted: Sample) => Promise<Sample>

async function measureLeft(
  run: CampaignRun,
  options: RunnerOptions,
  energyOf: MeasureBeside | null,
  context: JobContext
): Promise<void> {
  const { boards, store } = options
  const finished = await store.finishedKeys(run.campaignId)
  const left = run.items.filter((item) => !finished.has(itemKey(item)))
  const total = run.items.length
  const correction = createGuessCorrection()
  let next = 0
  const measure = (): Promise<void> =>
    boards.withLease(run.boardId, 'profile campaign', async (session, board) => {
      refuseOther(run, board)
      while (next < left.length) {
        throwIfAborted(context.signal)
        const item = left[next]
        context.progress(total - left.length + next, total, noteFor(item, run, correction.factor()))
        const startedMs = performance.now()
        const tookMs = (): number => performance.now() - startedMs
        try {
          const sample = await measureItem(session, board, item, {
            ...options,
            repetitions: run.repetitions,
            seed: run.seed,
            campaignId: run.campaignId,
            signal: context.signal
          })
          const took = tookMs()
          const energy = energyOf === null ? null : await unlessRefused(energyOf(session, item, sample))
          if (energy === null || energy instanceof AppError) await store.addSample(sample, took)
          else {
            // How long trials last says nothing about the kernel: estimates go by its counts.
            await store.addTogether([
              { sample, tookMs: took },
              { sample: energy, tookMs: null }
            ])
            options.onSample(energy, tookMs())
          }
          options.onSample(sample, took)
          // Its counts are right all the same.
          if (energy instanceof AppError) await store.addRefusal(run.campaignId, item, energy.message)
          correction.add(guessMs(item, run.repetitions, run.speed), took)
        } catch (error) {
          const refusal = refusalOf(error)
          await store.addRefusal(run.campaignId, item, refusal.message)
        }
        next++
      }
    })
  const untilBack = async (): Promise<void> => {
    context.progress(total - left.length + next, total, 'waiting for the board to come back')
    await boards.waitUntilConnected(run.boardId, reconnectMs, context.signal)
  }
  if (left.length > 0)
    await throughBreaks({ run: measure, done: () => next, untilBack, signal: context.signal })
  context.progress(total, total, '')
}

/** Returns why an item cannot be measured; throws every other error on. */
function refusalOf(error: unknown): AppError {
  const refusal = AppError.from(error)
  if (!refusals.has(refusal.code)) throw error
  return refusal
}

async function unlessRefused(energy: Promise<Sample>): Promise<Sample | AppError> {
  return await energy.catch(refusalOf)
}

function refuseOther(run: CampaignRun, board: ProfiledBoard): void {
  if (run.buildId === board.info.buildId && run.coreName === board.info.coreName) return
  throw new AppError(
    'board.wrongBoard',
    `This campaign was begun on ${run.coreName} with firmware ${run.buildId?.toString(16) ?? 'unknown'}; ${board.name} is ${board.info.coreName} with ${board.info.buildId.toString(16)}.`,
    'Connect the board it was begun on, or start a new campaign on this one.'
  )
}

function noteFor(item: BenchItem, run: CampaignRun, factor: number): string {
  const ms = guessMs(item, run.repetitions, run.speed) * factor
  return `${item.kernel} ${item.dims.join('x')} ${formatBitPair(item.weightBits, item.activationBits)}, about ${formatDuration(ms)}`
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new AppError(
      'job.cancelled',
      'The campaign was cancelled.',
      'Its Samples are kept; resume it at any time.'
    )
  }
}
