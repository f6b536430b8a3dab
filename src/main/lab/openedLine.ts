import type { LabBoard } from '../../core/lab/labAddress'
import { linesOfPlace, type LabLine } from '../../core/lab/places'
import { behindProxy, chooseLine, lineClosed, placeNamed } from './labRefusals'
import type { LabSession } from './labSession'
import { untilSession } from './labWait'

/** A serial line whose place is held. */
export interface HeldLabLine {
  /** `rfc2217://HOST:PORT` or `tcp://HOST:PORT`. */
  readonly address: string
  /** Called once when the place is no longer held without having been released here. */
  onLost(listener: (why: string) => void): void
  /** Gives the place back once no line of it is in use here. Idempotent. */
  release(): Promise<void>
}

/** Longest time until the exporter has opened the line of an acquired place, ms. */
export const lineMs = 15_000

/** The address of a line of a held place, once its exporter has opened it. @throws AppError input.*, lab.* */
export async function openedLine(session: LabSession, board: LabBoard): Promise<string> {
  const lines = (): LabLine[] => linesOfPlace(placeNamed(session, board.place), session.resources)
  const chosen = (): LabLine => chooseLine(lines(), board)
  chosen()
  const isOpen = (): boolean => chosen().address !== null && chosen().isAvailable
  await untilSession(session, isOpen, lineMs, () => lineClosed(board.place, lineMs))
  const { address, proxy } = chosen()
  if (proxy !== null) throw behindProxy(board.place, address!, proxy)
  return address!
}
