import type { LabPlaceInfo } from './contract/lab'
import type { LeaseInfo } from './contract/worker'
import { holderText } from './text/workerText'

/** A board of the farm: one that a host of the queue server holds, or a place of the labgrid coordinator. */
export interface FarmBoard {
  /** HOST:PORT, host and device path, or labgrid://PLACE. */
  readonly name: string
  /** Who gives it out. */
  readonly through: 'queue server' | 'labgrid'
  /** In words; null: it is free. */
  readonly holder: string | null
  readonly heldMs: number | null
  /** Until its lease runs out; null where it is free or has no lease, as places of a labgrid. */
  readonly leftMs: number | null
  /** Held under this user's name by no program that runs, as far as can be seen from here. */
  readonly isLeft: boolean
}

/** Held boards first, by name; a place whose line is leased too is one board. */
export function farmBoards(leases: readonly LeaseInfo[], places: readonly LabPlaceInfo[]): FarmBoard[] {
  const leaseOf = ({ lines }: LabPlaceInfo): LeaseInfo | undefined =>
    leases.find(({ name }) => lines.some(({ address }) => address?.replace(/^[a-z0-9]+:\/\//, '') === name))
  const ofLab = places.map((place): FarmBoard => {
    const { name, holder, heldMs, state } = place
    // A line that is leased without its place is in use all the same.
    const lease = leaseOf(place)
    const by = holder ?? (lease === undefined ? null : holderText(lease))
    return {
      ...{ name: `labgrid://${name}`, through: 'labgrid', holder: by },
      ...{ heldMs: heldMs ?? lease?.heldMs ?? null, leftMs: lease?.leftMs ?? null },
      isLeft: state === 'left'
    }
  })
  const inLab = new Set(places.map((place) => leaseOf(place)?.name))
  const leased = leases.filter(({ name }) => !inLab.has(name))
  const ofQueue = leased.map((lease): FarmBoard => {
    const { name, heldMs, leftMs } = lease
    return { ...{ name, through: 'queue server', holder: holderText(lease), heldMs, leftMs }, isLeft: false }
  })
  return [...ofLab, ...ofQueue].sort(
    (a, b) => Number(a.holder === null) - Number(b.holder === null) || a.name.localeCompare(b.name)
  )
}
