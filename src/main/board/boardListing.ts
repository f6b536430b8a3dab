import { AppError } from '../../shared/errors'
import { type CatalogueEntry, manualEntry } from './boardCatalogue'
import type { BoardConnection } from './boardConnection'

/** The list of boards as it was found last. */
export interface BoardListing {
  /** Looks for boards again. */
  refresh(): Promise<void>
  all(): CatalogueEntry[]
  get(id: string): CatalogueEntry | undefined
  /** The entry of an id; a path that the system does not list is taken as it is. @throws board.notFound */
  find(id: string): Promise<CatalogueEntry>
}

/** Returns a list that is empty until it is refreshed. */
export function createBoardListing(options: {
  /** What there is, given the boards in use. */
  catalogue: (inUse: CatalogueEntry[]) => Promise<CatalogueEntry[]>
  /** Boards that were connected; their entries are kept up to date. */
  held: ReadonlyMap<string, { entry: CatalogueEntry; connection: Pick<BoardConnection, 'state'> }>
  removed: (id: string) => void
}): BoardListing {
  const { catalogue, held, removed } = options
  let listed = new Map<string, CatalogueEntry>()

  const refresh = async (): Promise<void> => {
    // Boards in use count as known: where their port has moved to, no second board is listed.
    const inUse = [...held.values()]
      .filter(({ connection }) => connection.state !== 'available')
      .map(({ entry }) => entry)
    const next = new Map((await catalogue(inUse)).map((entry) => [entry.id, entry]))
    for (const [id, entry] of listed) {
      if (next.has(id)) continue
      // A board in use stays listed whatever the system says; a port that went away does not.
      if (held.get(id)?.connection.state !== 'available' && held.has(id)) next.set(id, entry)
      else removed(id)
    }
    for (const [id, entry] of next) {
      const holding = held.get(id)
      if (holding === undefined) continue
      // A line in use keeps the settings it was opened with.
      if (holding.connection.state !== 'available') entry.settings = holding.entry.settings
      holding.entry = entry
    }
    listed = next
  }

  return {
    refresh,
    all: () => [...listed.values()],
    get: (id) => listed.get(id),
    async find(id) {
      if (!listed.has(id)) await refresh()
      let entry = listed.get(id)
      if (entry === undefined && /[\\/]|^COM\d/i.test(id)) {
        entry = manualEntry(id)
        listed.set(id, entry)
      }
      if (entry !== undefined) return entry
      throw new AppError(
        'board.notFound',
        `There is no board "${id}".`,
        'List the boards, or give the path of its serial port.'
      )
    }
  }
}
