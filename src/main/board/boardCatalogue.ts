import type { PresetName } from '../../core/sim/presets'
import { presets } from '../../core/sim/presets'
import type { Board, PortSettings } from '../../shared/contract/board'
import { portSettingsSchema } from '../../shared/contract/board'
import { formatBytes, formatCount } from '../../shared/units'
import type { BoardAdapters } from './boardAdapters'
import type { SavedBoard } from './boardStore'
import type { PortEntry } from './serialPorts'

/** What is known of a board without connecting it. */
export interface CatalogueEntry {
  id: string
  kind: Board['kind']
  preset: PresetName | null
  name: string
  description: string
  port: string | null
  vendorId: string | null
  productId: string | null
  serialNumber: string | null
  guess: string | null
  saved: boolean
  settings: PortSettings
  /** Why it cannot be connected now; null when it can. */
  unavailable: string | null
}

export const defaultSettings: PortSettings = portSettingsSchema.parse({})

/** Virtual boards, QEMU, the ports the system lists, and saved boards that are not there now. */
export async function listCatalogue(
  adapters: BoardAdapters,
  saved: readonly SavedBoard[]
): Promise<CatalogueEntry[]> {
  const [ports, qemu] = await Promise.all([adapters.listPorts(), adapters.findQemu()])
  const entries = [
    ...(Object.keys(presets) as PresetName[]).map(virtualEntry),
    qemuEntry(qemu),
    ...ports.map(portEntry)
  ]
  for (const board of saved) {
    let entry = entries.find((candidate) => candidate.id === board.id)
    if (entry === undefined) {
      entry = savedPortEntry(board, ports)
      entries.push(entry)
    }
    entry.saved = true
    entry.settings = board.settings
    if (board.name !== null) entry.name = board.name
  }
  return entries
}

/** The port a saved board is on now: its own path, or wherever its serial number has moved to. */
export function portOf(id: string, serialNumber: string | null, ports: readonly PortEntry[]): string | null {
  const own = ports.find((port) => port.path === id)
  if (own !== undefined && (serialNumber === null || own.serialNumber === serialNumber)) return own.path
  const moved = serialNumber === null ? undefined : ports.find((port) => port.serialNumber === serialNumber)
  return moved?.path ?? own?.path ?? null
}

/** An entry for a path that nobody lists: a pty, a symbolic link, a port of a remote driver. */
export function manualEntry(path: string): CatalogueEntry {
  return {
    ...portEntry({
      path,
      manufacturer: null,
      product: null,
      vendorId: null,
      productId: null,
      serialNumber: null,
      guess: null
    }),
    description: 'Port entered by hand'
  }
}

function virtualEntry(preset: PresetName): CatalogueEntry {
  const config = presets[preset]
  return {
    ...bare(`virtual:${preset}`, 'virtual'),
    preset,
    name: `Virtual board, ${preset}`,
    description: `${config.coreName}, ${formatCount(config.clockHz, 'Hz')}, ${formatBytes(config.ramBytes)} RAM, simulated with a cycle model`
  }
}

function qemuEntry(program: string | null): CatalogueEntry {
  return {
    ...bare('qemu', 'qemu'),
    name: 'QEMU virt',
    description: 'The same firmware on QEMU: counts instructions, knows no cycles',
    unavailable: program === null ? 'QEMU is not installed. Debian: apt install qemu-system-misc' : null
  }
}

function portEntry(port: PortEntry): CatalogueEntry {
  const maker = [port.manufacturer, port.product].filter((text) => text !== null).join(' ')
  return {
    ...bare(port.path, 'serial'),
    name: port.path,
    description: maker === '' ? (port.guess ?? 'Serial port') : maker,
    port: port.path,
    vendorId: port.vendorId,
    productId: port.productId,
    serialNumber: port.serialNumber,
    guess: port.guess
  }
}

function savedPortEntry(board: SavedBoard, ports: readonly PortEntry[]): CatalogueEntry {
  const port = portOf(board.id, board.serialNumber, ports)
  const found = ports.find((candidate) => candidate.path === port)
  return {
    ...(found === undefined ? manualEntry(board.id) : portEntry(found)),
    id: board.id,
    name: board.name ?? board.id,
    serialNumber: found?.serialNumber ?? board.serialNumber
  }
}

function bare(id: string, kind: Board['kind']): CatalogueEntry {
  return {
    id,
    kind,
    preset: null,
    name: id,
    description: '',
    port: null,
    vendorId: null,
    productId: null,
    serialNumber: null,
    guess: null,
    saved: false,
    settings: defaultSettings,
    unavailable: null
  }
}
