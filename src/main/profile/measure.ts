import { median } from '../../core/math/median'
import { type BoardInfo, requireCounter } from '../../core/board/boardInfo'
import { hostClockText, isTimedByHost } from '../../core/board/hostClock'
import { isVerilated } from '../../core/board/verilated'
import type { BenchRequest, BenchResult } from '../../core/board/protocol'
import { type BenchItem, itemKey, shapeWork } from '../../core/kernel/shape'
import type { Sample } from '../../shared/contract/profile'
import { AppError } from '../../shared/errors'
import type { CountUnit } from '../../shared/vocabulary'
import { formatDuration, formatHex32 } from '../../shared/units'
import { timeByHost } from './hostClock'

/** The board as a measurement sees it; compose passes the board service's. */
export interface ProfiledBoard {
  id: string
  kind: string
  name: string
  info: BoardInfo
  unit: CountUnit
  origin: 'measured' | 'simulated'
}

/** The one command a measurement needs of a leased board. */
export interface BenchSession {
  bench(
    request: BenchRequest,
    options?: {
      signal?: AbortSignal | undefined
      onProgress?: ((done: number, total: number) => void) | undefined
    }
  ): Promise<BenchResult>
}

/** Repetitions, seed and surroundings of a measurement. */
export interface MeasureOptions {
  repetitions: number
  seed: number
  campaignId: string | null
  newId: () => string
  nowMs: () => number
  /** Clock for boards without counters, which does not go back; by default the computer's. */
  hostMs?: () => number
  /** The checksum the board must report; runs beside the measurement. */
  checksum: (item: BenchItem, seed: number) => Promise<number>
  signal?: AbortSignal | undefined
}

/**
 * Measures one item and makes it a Sample.
 *
 * @throws board.refused when it has no counter and cannot be timed by the host, board.crcMismatch when the board computed other outputs than the host; what `bench` throws
 */
export async function measureItem(
  session: BenchSession,
  board: ProfiledBoard,
  item: BenchItem,
  options: MeasureOptions
): Promise<Sample> {
  const { repetitions, seed, signal } = options
  const timing = isTimedByHost(board) ? byHost(session, board, item, options) : null
  if (timing === null) requireCounter(board.name, board.info)
  const startedMs = options.nowMs()
  const [result, expected] = await Promise.all([
    timing ??
      session.bench({ ...item, repetitions, seed }, { signal }).then((done) => {
        checkSpan(board, item, (options.nowMs() - startedMs) / (repetitions + 1))
        return { ...done, unit: board.unit, method: methodOf(board) }
      }),
    options.checksum(item, seed)
  ])
  checkChecksum(item, seed, result.checksum, expected)
  const counts = result.unit === 'cycles' ? result.cycles : result.instructions
  if (counts.length === 0) {
    throw new AppError(
      'board.protocol',
      `${board.name} reported no ${board.unit} for ${itemKey(item)}.`,
      'The core has no such counter; a Sample needs one.'
    )
  }
  return sampleOf(board, item, { ...result, counts }, options)
}

/** @throws board.crcMismatch when the outputs are not those that the host computes */
function checkChecksum(item: BenchItem, seed: number, ofBoard: number, ofHost: number): void {
  if (ofBoard === ofHost) return
  throw new AppError(
    'board.crcMismatch',
    `The board's ${itemKey(item)} gave outputs with checksum ${formatHex32(ofBoard)}; the host computes ${formatHex32(ofHost)}.`,
    'The kernel of this firmware is wrong or the board is unstable: its measurements cannot be used. Load the shipped monitor and try again.',
    { details: { item, seed, board: ofBoard, host: ofHost } }
  )
}

/** What was counted of an item, with what it was counted on; `counts` are in the unit of the result. */
function sampleOf(
  board: ProfiledBoard,
  item: BenchItem,
  result: BenchResult & { unit: Sample['unit']; method: string; counts: readonly number[] },
  options: MeasureOptions
): Sample {
  const { counts } = result
  return {
    id: options.newId(),
    campaignId: options.campaignId,
    kernel: item.kernel,
    dims: [...item.dims],
    activationBits: item.activationBits,
    weightBits: item.weightBits,
    time: median(counts),
    timeMin: Math.min(...counts),
    timeMax: Math.max(...counts),
    unit: result.unit,
    // QEMU's cycle counter is its instruction counter: no cycles were seen there.
    cycles: result.unit === 'cycles' ? median(counts) : null,
    instructions: result.instructions.length === 0 ? null : median(result.instructions),
    macs: shapeWork(item).macs,
    repetitions: result.repetitions,
    seed: options.seed,
    checksum: result.checksum,
    verified: true,
    origin: board.origin,
    method: result.method,
    boardId: board.id,
    boardKind: board.kind,
    boardName: board.name,
    isa: board.info.isa,
    coreName: board.info.coreName,
    buildId: board.info.buildId,
    clockHz: board.info.clockHz,
    measuredAtMs: options.nowMs()
  }
}

/** A board without counters: the middle, the lower and the upper end of what the host's clock shows, in cycles. */
async function byHost(
  session: BenchSession,
  { info }: ProfiledBoard,
  item: BenchItem,
  { seed, signal, hostMs = () => performance.now() }: MeasureOptions
): Promise<BenchResult & { unit: 'cycles'; method: string }> {
  const clockHz = info.clockHz ?? 0
  const timed = await timeByHost(session, { ...item, seed }, { clockHz, nowMs: hostMs, signal })
  const { mean, low, high } = timed.cycles
  return {
    repetitions: timed.rounds * timed.repetitions,
    checksum: timed.checksum,
    cycles: [low, mean, high],
    instructions: [],
    unit: 'cycles',
    method: `bench, ${hostClockText(timed)}`
  }
}

/** Counts of a kernel are 32-bit numbers: of one that lasts longer, the rest of a division would be kept. */
function checkSpan({ name, origin, info }: ProfiledBoard, item: BenchItem, repetitionMs: number): void {
  const maxMs = info.clockHz === null ? Infinity : (2 ** 32 * 1000) / info.clockHz
  if (origin !== 'measured' || repetitionMs < maxMs) return
  throw new AppError(
    'board.refused',
    `${itemKey(item)} took about ${formatDuration(repetitionMs)} a repetition on ${name}; its count of 32 bits ends after ${formatDuration(maxMs)}.`,
    'Measure a smaller shape.'
  )
}

function methodOf(board: ProfiledBoard): string {
  if (board.kind === 'qemu') return 'bench, instructions retired under QEMU -icount shift=0'
  if (isVerilated(board.info)) return 'bench, mcycle of the Verilog core under Verilator'
  if (board.kind === 'virtual') return 'bench, mcycle of the simulated core'
  const { cycleSource } = board.info
  if (board.unit !== 'cycles') return 'bench, minstret of the core'
  if (cycleSource === undefined) return 'bench, mcycle of the core'
  if (cycleSource.kind === 'sbi') return 'bench, cycles counted by the PMU of the SBI'
  if (cycleSource.kind === 'csr') return 'bench, cycles counted by a CSR of the core'
  const { stepCycles } = cycleSource
  return `bench, cycles by a timer of the board${stepCycles === 1 ? '' : ` in steps of up to ${stepCycles}`}`
}
