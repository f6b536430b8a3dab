import type { BoardInfo } from '../../core/board/boardInfo'
import { maxBenchRepetitions, type BenchRequest, type BenchResult } from '../../core/board/protocol'
import { intervalOf } from '../../core/energy/interval'
import { AppError } from '../../shared/errors'

/** The command of a leased board that is timed. */
export interface TimedSession {
  bench(request: BenchRequest, options?: { signal?: AbortSignal | undefined }): Promise<BenchResult>
}

/** A kernel that was timed from outside. */
export interface HostTime {
  /** Of one repetition, with the 95 % interval of its mean over the rounds. */
  cycles: { mean: number; low: number; high: number }
  /** Repetitions of a round, beyond the one that is subtracted. */
  repetitions: number
  rounds: number
  checksum: number
}

/** Time that a round should take, ms, so that a clock of milliseconds and a line that is late by some weigh little. */
const roundMs = 600
const rounds = 5
/** A kernel too short for this is refused: what is subtracted would decide. */
const minRoundMs = 20
const confidence = 0.95

/**
 * Whether a board is timed by the host's clock: it is a real one, counts nothing, and its clock is known, without which a time is no
 * number of cycles.
 */
export function isTimedByHost({
  info,
  origin
}: {
  info: Pick<BoardInfo, 'counters' | 'clockHz'>
  origin: string
}): boolean {
  const { counters, clockHz } = info
  return !counters.cycles && !counters.instructions && origin === 'measured' && clockHz !== null
}

/**
 * Times a kernel on a board without counters by the host's clock: runs of many repetitions and of one in turns. Their difference has
 * neither the line's delays nor what the board does once.
 *
 * @param nowMs a clock that does not go back
 * @throws board.refused where a round is too short or the figures spread over zero; what `bench` throws
 */
export async function timeByHost(
  session: TimedSession,
  request: Omit<BenchRequest, 'repetitions'>,
  { clockHz, nowMs, signal }: { clockHz: number; nowMs: () => number; signal?: AbortSignal | undefined }
): Promise<HostTime> {
  let checksum = 0
  const take = async (repetitions: number): Promise<number> => {
    const startedMs = nowMs()
    checksum = (await session.bench({ ...request, repetitions }, { signal })).checksum
    return nowMs() - startedMs
  }
  const repetitions = await enoughRepetitions(take)
  const perRepetition: number[] = []
  for (let round = 0; round < rounds; round++) {
    const [one, many] = [await take(1), await take(repetitions + 1)]
    perRepetition.push((((many - one) / repetitions) * clockHz) / 1_000)
  }
  const found = intervalOf(perRepetition, confidence)
  const roundTime = found === null ? 0 : (found.mean * repetitions * 1_000) / clockHz
  if (found === null || found.low <= 0 || roundTime < minRoundMs) throw tooShort()
  const { mean, low, high } = found
  return { cycles: { mean, low, high }, repetitions, rounds, checksum }
}

/** Returns the repetitions of a round: four times as many each try, until they take a quarter of its time beyond a single one. */
async function enoughRepetitions(take: (repetitions: number) => Promise<number>): Promise<number> {
  const one = await take(1)
  for (let repetitions = 4; ; repetitions = Math.min(maxBenchRepetitions - 1, repetitions * 4)) {
    const beyond = (await take(repetitions + 1)) - one
    if (beyond >= roundMs / 4)
      return Math.max(1, Math.min(maxBenchRepetitions - 1, Math.round((repetitions * roundMs) / beyond)))
    if (repetitions === maxBenchRepetitions - 1) return repetitions
  }
}

function tooShort(): AppError {
  return new AppError(
    'board.refused',
    'This kernel is too short for the host’s clock: the delays of the line are as long as its repetitions.',
    'Measure a larger shape, or describe a counter of the board (docs/boards.md).'
  )
}

/** How a figure by the host's clock is named in Samples, e.g. "host clock, 5 x 1200 repetitions, ± 0.40 %". */
export function hostClockText({ cycles, repetitions, rounds: count }: HostTime): string {
  const share = ((cycles.high - cycles.low) / 2 / cycles.mean) * 100
  return `host clock, ${count} x ${repetitions} repetitions, ± ${share.toFixed(share < 1 ? 2 : 1)} %`
}
