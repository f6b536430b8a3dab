import { timeRepetitions, type HostTime } from '../../core/board/hostClock'
import { maxBenchRepetitions, type BenchRequest, type BenchResult } from '../../core/board/protocol'

/** The command of a leased board that is timed. */
export interface TimedSession {
  bench(request: BenchRequest, options?: { signal?: AbortSignal | undefined }): Promise<BenchResult>
}

/**
 * Times a kernel on a board without counters by the host's clock.
 *
 * @param nowMs a clock that does not go back
 * @throws board.refused where it is too short; what `bench` throws
 */
export async function timeByHost(
  session: TimedSession,
  request: Omit<BenchRequest, 'repetitions'>,
  { clockHz, nowMs, signal }: { clockHz: number; nowMs: () => number; signal?: AbortSignal | undefined }
): Promise<HostTime & { checksum: number }> {
  let checksum = 0
  const run = async (repetitions: number): Promise<void> => {
    checksum = (await session.bench({ ...request, repetitions }, { signal })).checksum
  }
  const time = await timeRepetitions(run, {
    what: 'This kernel',
    hint: 'Measure a larger shape, or describe a counter of the board (docs/boards.md).',
    clockHz,
    maxRepetitions: maxBenchRepetitions,
    nowMs
  })
  return { ...time, checksum }
}
