import { labBoardText, type LabBoard } from '../../core/lab/labAddress'
import { findPlace, type LabLine, type LabPlace } from '../../core/lab/places'
import { AppError } from '../../shared/errors'
import type { LabSession } from './labSession'

/** Returns a place by its name or alias. @throws AppError input.notFound with the places there are */
export function placeNamed(session: Pick<LabSession, 'places'>, name: string): LabPlace {
  const place = findPlace(session.places, name)
  if (place !== undefined) return place
  const known = session.places.map((one) => one.name).sort()
  const few = known.slice(0, 12).join(', ') + (known.length > 12 ? ', …' : '')
  throw new AppError(
    'input.notFound',
    `The coordinator knows no place "${name}".`,
    known.length === 0 ? 'It has none: labgrid-client -p NAME create makes one.' : `There are: ${few}.`
  )
}

/**
 * Returns the serial line of a place, the named one of several.
 *
 * @throws AppError input.notFound, input.invalid where the place has none, several, or none of that name
 */
export function chooseLine(lines: readonly LabLine[], { place, resource }: LabBoard): LabLine {
  const named = resource === null ? lines : lines.filter(({ name }) => name === resource)
  const [first, ...others] = named
  if (first !== undefined && others.length === 0) return first
  const names = lines.map(({ name }) => labBoardText({ place, resource: name })).join(', ')
  if (lines.length === 0)
    throw new AppError(
      'input.notFound',
      `The place ${place} has no serial line now.`,
      'Its exporter may be gone; "labgrid-client -p PLACE show" lists what it matches.'
    )
  if (named.length === 0)
    throw new AppError(
      'input.notFound',
      `The place ${place} has no serial line "${resource}".`,
      `There are: ${names}.`
    )
  throw new AppError('input.invalid', `The place ${place} has several serial lines.`, `Choose: ${names}.`)
}

/** A place that a board here uses. */
export const heldHere = (place: string): AppError =>
  new AppError(
    'board.busy',
    `The board of ${place} is connected here.`,
    'Disconnect it: the place is then released.'
  )

/** A place that another one holds, or this user by another program. */
export function placeHeld({ name, acquired, changedMs }: LabPlace, self: string, nowMs: number): AppError {
  const since = `since ${new Date(changedMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  return new AppError(
    'board.busy',
    acquired === self
      ? `The place ${name} is held under your own name (${self}) ${since}, but not by this Bitbench.`
      : `The place ${name} is held by ${acquired} ${since}.`,
    `A place has no lease: what was killed leaves it held. When it is no longer used, release it on the page Boards or with "bitbench lab release ${name} --holder ${acquired}".`,
    { details: { place: name, holder: acquired, heldMs: Math.max(0, nowMs - changedMs) } }
  )
}

/** An acquired place whose exporter does not serve its line. */
export const lineClosed = (place: string, waitedMs: number): AppError =>
  new AppError(
    'lab.refused',
    `The exporter of ${place} did not open its serial line within ${waitedMs / 1000} s.`,
    'Look at the log of labgrid-exporter there: the device may be unplugged or in use.'
  )

/** A change that the coordinator took and does not send. */
export const notReported = (): AppError =>
  new AppError('lab.unreachable', 'The coordinator did not report the change.', 'Try it again.')

/** A line that only ssh reaches. */
export const behindProxy = (place: string, address: string, proxy: string): AppError =>
  new AppError(
    'input.unsupported',
    `${place} can only be reached through an ssh tunnel over ${proxy}.`,
    `Lock the place with labgrid-client, open a tunnel (ssh -L 3000:${address.replace(/^.*:\/\//, '')} ${proxy}), and add rfc2217://127.0.0.1:3000 as a board.`
  )
