import { formatPercentValue } from '../../shared/units'
import { intervalOf } from '../energy/interval'
import { AppError } from '@shared/errors'
import type { BoardInfo } from './boardInfo'

/** Work that was timed from outside the board. */
export interface HostTime {
  /** Of one repetition, with the 95 % interval of its mean over the rounds. */
  cycles: { mean: number; low: number; high: number }
  /** Repetitions of a round, beyond the one that is subtracted. */
  repetitions: number
  rounds: number
}

/** Time that a round should take, ms, so that a clock of milliseconds and a line that is late by some weigh little. */
const roundMs = 600
const rounds = 5
/** Work too short for this is refused: what is subtracted would decide. */
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
 * Times work on a board without counters by the host's clock: runs of many repetitions and of one in turns. Their difference has
 * neither the line's delays nor what the board does once.
 *
 * @param run does the work that often and settles when the board has reported its end
 * @param options.what named in the refusal, e.g. "This kernel"
 * @param options.maxRepetitions most that one run does
 * @param options.nowMs a clock that does not go back
 * @throws board.refused where a round is too short or the figures spread over zero; what `run` throws
 */
export async function timeRepetitions(
  run: (repetitions: number) => Promise<void>,
  options: { what: string; hint: string; clockHz: number; maxRepetitions: number; nowMs: () => number }
): Promise<HostTime> {
  const { clockHz, maxRepetitions, nowMs } = options
  const take = async (repetitions: number): Promise<number> => {
    const startedMs = nowMs()
    await run(repetitions)
    return nowMs() - startedMs
  }
  const repetitions = await enoughRepetitions(take, maxRepetitions - 1)
  const perRepetition: number[] = []
  for (let round = 0; round < rounds; round++) {
    const [one, many] = [await take(1), await take(repetitions + 1)]
    perRepetition.push((((many - one) / repetitions) * clockHz) / 1_000)
  }
  const found = intervalOf(perRepetition, confidence)
  const roundTime = found === null ? 0 : (found.mean * repetitions * 1_000) / clockHz
  if (found === null || found.low <= 0 || roundTime < minRoundMs)
    throw new AppError(
      'board.refused',
      `${options.what} is too short for the host’s clock: the delays of the line are as long as its repetitions.`,
      options.hint
    )
  const { mean, low, high } = found
  return { cycles: { mean, low, high }, repetitions, rounds }
}

/**
 * Returns the repetitions of a round: four times as many each try, until they take a quarter of its time beyond a single one;
 * where a line that was late once could have taken that time, until they do so twice.
 */
async function enoughRepetitions(
  take: (repetitions: number) => Promise<number>,
  most: number
): Promise<number> {
  const one = await take(1)
  for (let repetitions = Math.min(most, 4); ; repetitions = Math.min(most, repetitions * 4)) {
    const first = (await take(repetitions + 1)) - one
    const isDoubtful = first >= roundMs / 4 && first < roundMs
    const beyond = isDoubtful ? Math.min(first, (await take(repetitions + 1)) - one) : first
    if (beyond >= roundMs / 4)
      return Math.max(1, Math.min(most, Math.round((repetitions * roundMs) / beyond)))
    if (repetitions === most) return repetitions
  }
}

/** How a figure by the host's clock is named, e.g. "host clock, 5 x 1200 repetitions, ± 0.40 %". */
export function hostClockText({ cycles, repetitions, rounds: count }: HostTime): string {
  const share = ((cycles.high - cycles.low) / 2 / cycles.mean) * 100
  return `host clock, ${count} x ${repetitions} repetitions, ± ${formatPercentValue(share, share < 1 ? 2 : 1)}`
}
