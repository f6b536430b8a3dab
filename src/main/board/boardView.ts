import type { BoardInfo } from '../../core/board/boardInfo'
import { isVerilated } from '../../core/board/verilated'
import type { Board } from '../../shared/contract/board'
import type { CatalogueEntry } from './boardCatalogue'
import type { BoardConnection } from './boardConnection'

/** What the monitor calls QEMU's core (resources/firmware/identify.c). */
const qemuCore = 'qemu-virt'

/** An identified board, as those who measure on it or deploy to it need it. */
export interface IdentifiedBoard {
  id: string
  kind: Board['kind']
  name: string
  info: BoardInfo
  /** What its counter counts. */
  unit: Board['unit']
  origin: Board['origin']
}

/** A board as the contract shows it: what is known of it, and its connection where it has one. */
export function viewBoard(entry: CatalogueEntry, connection: BoardConnection | undefined): Board {
  const info = connection?.session?.identified ?? null
  const state = connection?.state ?? 'available'
  return {
    id: entry.id,
    kind: entry.kind,
    name: entry.name,
    description: entry.description,
    state: state === 'available' && entry.unavailable !== null ? 'unavailable' : state,
    reason: connection?.reason ?? entry.unavailable,
    port: connection?.session?.link.descriptor.port ?? entry.port,
    vendorId: entry.vendorId,
    productId: entry.productId,
    serialNumber: entry.serialNumber,
    guess: entry.guess,
    saved: entry.saved,
    settings: entry.settings,
    info,
    unit: unitOf(entry.kind, info),
    origin: originOf(entry.kind, info),
    leasedBy: connection?.leasedBy ?? null,
    statistics: connection?.statistics() ?? null
  }
}

/** The part of a board that measurements carry with them. */
export function identifyBoard({ id, kind, name }: CatalogueEntry, info: BoardInfo): IdentifiedBoard {
  return { id, kind, name, info, unit: unitOf(kind, info), origin: originOf(kind, info) }
}

/** QEMU's cycle counter counts instructions; a real or virtual board counts cycles where it has the counter. */
function unitOf(kind: Board['kind'], info: BoardInfo | null): Board['unit'] {
  if (kind === 'qemu' || info?.coreName === qemuCore) return 'instructions'
  // Without either it is timed by the host, in cycles of its clock.
  return info === null || info.counters.cycles || !info.counters.instructions ? 'cycles' : 'instructions'
}

/** A board behind a port is measured, unless it reports that it is simulated (QEMU on its pty, a verilated core). */
function originOf(kind: Board['kind'], info: BoardInfo | null): Board['origin'] {
  const isSimulated = info !== null && (info.coreName === qemuCore || isVerilated(info))
  return kind === 'serial' && !isSimulated ? 'measured' : 'simulated'
}
