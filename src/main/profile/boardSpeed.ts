import { guessMs, type SpeedGuess } from '../../core/profile/duration'
import type { ProfiledBoard } from './measure'
import { firstGuess, identityOf } from './campaign/planView'
import type { SampleStore } from './samples/sampleStore'

/** Samples that must have been timed before their times say more than the first guess. */
const minTimed = 20
const maxTimed = 200

/** How fast a board measures: the first guess, scaled by how long its latest Samples really took. */
export async function speedOf(
  store: Pick<SampleStore, 'tookMs'>,
  board: ProfiledBoard
): Promise<{ speed: SpeedGuess; calibrated: boolean }> {
  const guess = firstGuess(board)
  const past = await store.tookMs(identityOf(board), maxTimed)
  if (past.length < minTimed) return { speed: guess, calibrated: false }
  const guessed = past.reduce((sum, { item, repetitions }) => sum + guessMs(item, repetitions, guess), 0)
  const factor = past.reduce((sum, { tookMs }) => sum + tookMs, 0) / guessed
  return {
    speed: { stepsPerMs: guess.stepsPerMs / factor, overheadMs: guess.overheadMs * factor },
    calibrated: true
  }
}
