import { findPlace } from '../../core/lab/places'
import { AppError } from '../../shared/errors'
import { placeHeld, placeNamed } from './labRefusals'
import type { LabSession } from './labSession'
import { untilSession } from './labWait'
import { lineMs } from './openedLine'

/** Acquires a place that no user holds. @throws AppError board.busy with its holder, input.notFound, lab.* */
export async function acquirePlace(
  session: LabSession,
  name: string,
  { self, nowMs }: { self: string; nowMs: number }
): Promise<void> {
  const before = placeNamed(session, name)
  if (before.acquired !== null) throw placeHeld(before, self, nowMs)
  try {
    await session.acquire(name)
  } catch (reason) {
    const now = findPlace(session.places, name)
    if (AppError.from(reason).code === 'board.busy' && now?.acquired != null)
      throw placeHeld(now, self, nowMs)
    throw reason
  }
}

/** A coordinator writes its places every 15 s: one that was restarted may have forgotten who held them. */
export async function acquireAgain(
  session: LabSession,
  names: () => readonly string[],
  log: (line: string) => void
): Promise<void> {
  for (const name of names())
    if (findPlace(session.places, name)?.acquired === null)
      await session.acquire(name).catch((reason: unknown) => log(AppError.from(reason).message))
  const areReported = (): boolean =>
    names().every((name) => findPlace(session.places, name)?.acquired != null)
  await untilSession(session, areReported, lineMs).catch(() => undefined)
}
