import { labBoardText } from '../../core/lab/labAddress'
import { linesOfPlace, type LabPlace } from '../../core/lab/places'
import type { LabPlaceInfo } from '../../shared/contract/lab'
import type { LabSession } from './labSession'

/** A place as the contract shows it. `self`: HOST/USER of this Bitbench; `isHeldHere`: whether a board of it is connected here. */
export function placeView(
  place: LabPlace,
  session: Pick<LabSession, 'resources'>,
  { self, isHeldHere, nowMs }: { self: string; isHeldHere: boolean; nowMs: number }
): LabPlaceInfo {
  const { name, comment, tags, acquired, changedMs, reservation } = place
  const lines = linesOfPlace(place, session.resources)
  return {
    ...{ name, comment, tags: { ...tags }, holder: acquired, reserved: reservation !== null },
    heldMs: acquired === null ? null : Math.max(0, nowMs - changedMs),
    state: acquired === null ? 'free' : isHeldHere ? 'here' : acquired === self ? 'left' : 'held',
    lines: lines.map((line) => ({
      name: line.name,
      port: labBoardText({ place: name, resource: lines.length === 1 ? null : line.name }),
      ...{ address: line.address, baudRate: line.baudRate, isAvailable: line.isAvailable }
    }))
  }
}
