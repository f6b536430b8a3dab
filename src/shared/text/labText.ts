import type { LabPlaceInfo } from '../contract/lab'
import { formatDuration } from '../units'

/** Who holds a place and since when, in words. */
export function holderOfPlace({ state, holder, heldMs, reserved }: LabPlaceInfo): string {
  if (holder === null || heldMs === null) return reserved ? 'free, reserved' : 'free'
  const since = `for ${formatDuration(heldMs)}`
  if (state === 'here') return `connected here, ${since}`
  if (state === 'left') return `left held by ${holder}, ${since}; not by this Bitbench`
  return `held by ${holder}, ${since}`
}

/** A serial line of a place: where it is served, or what opens it. */
export function lineText({ address, isAvailable }: LabPlaceInfo['lines'][number]): string {
  if (!isAvailable) return 'its device is not there'
  return address ?? 'opens when the place is acquired'
}

/** Tags of a place, in the order of their names. */
export function tagsText({ tags }: LabPlaceInfo): string {
  return Object.entries(tags)
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}
