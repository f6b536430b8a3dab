import { type FlashChipName, flashChips } from '../../core/board/description/flashBoards'
import { readDescription } from '../../core/board/description/readDescription'
import { icebreakerRamBytes, shippedBoards } from '../../core/board/description/shippedBoards'
import { readNetworkAddress } from '../../core/board/network/address'
import { readLabBoard } from '../../core/lab/labAddress'
import type { CorePresetName } from '../../core/sim/boards/presets'
import { flashChipLines } from '../../core/sim/boards/flashChip'
import { litexBoard, litexBoardCsv } from '../../core/sim/boards/litexBoard'
import { corePresets } from '../../core/sim/boards/presets'
import { rtlCore } from '../../core/sim/boards/rtlCore'
import { measuredCores } from '../../core/twin/measuredCores'
import type { TwinMachine } from '../../core/twin/twinMachine'
import type { BoardDescription } from '../../shared/contract/board/boardDescription'
import type { Board, PortSettings } from '../../shared/contract/board'
import { portSettingsSchema } from '../../shared/contract/board'
import { formatBytes, formatCount } from '../../shared/units'
import type { BoardAdapters } from './boardAdapters'
import { qemuCores, type QemuCore } from './links/qemuCores'
import type { SavedBoard } from './boardStore'
import { rtlVariants, type RtlVariant } from './rtl/coreSources'
import { findPort, type PortIdentity } from './ports/portIdentity'
import type { PortEntry } from './ports/serialPorts'

/** What is known of a board without connecting it. */
export interface CatalogueEntry {
  id: string
  kind: Board['kind']
  preset: CorePresetName | null
  /** A measured core or a twin; null for presets and for boards that are not virtual. */
  machine: TwinMachine | null
  /** The extension that sets a stand-in apart from its plain sibling; it decides which monitor it runs. */
  core: QemuCore
  name: string
  description: string
  port: string | null
  vendorId: string | null
  productId: string | null
  serialNumber: string | null
  interfaceNumber: string | null
  guess: string | null
  saved: boolean
  settings: PortSettings
  /** Why it cannot be connected now; null when it can. */
  unavailable: string | null
}

/** How a serial line is opened unless its board was saved with other settings. */
export const defaultSettings: PortSettings = portSettingsSchema.parse({})

/**
 * Virtual boards, QEMU, the ports the system lists, and saved boards that are not there now. A port that belongs to a
 * known board (saved, or in use) is that board wherever it is plugged in, and no second entry; a port on the old path of
 * a board that has moved gets an id of its own.
 */
export async function listCatalogue(
  adapters: Pick<BoardAdapters, 'listPorts' | 'findQemu' | 'rtlObstacle'>,
  saved: readonly SavedBoard[],
  inUse: readonly CatalogueEntry[] = [],
  twins: readonly CatalogueTwin[] = []
): Promise<CatalogueEntry[]> {
  const [ports, qemu, ...rtl] = await Promise.all([
    adapters.listPorts(),
    adapters.findQemu(),
    ...rtlVariants.map(async (variant) => verilatedEntry(variant, await adapters.rtlObstacle(variant)))
  ])
  const fixed = [
    ...(Object.keys(corePresets) as CorePresetName[]).map((preset) => virtualEntry(preset, 'plain')),
    // The class of core that is sold with bit manipulation.
    virtualEntry('high', 'zbb'),
    litexEntry(),
    ...flashChipNames.map(flashChipEntry),
    ...Object.values(measuredCores).map(measuredEntry),
    rtlCoreEntry(false),
    rtlCoreEntry(true),
    ...twins.map(twinEntry),
    ...(Object.keys(qemuCores) as QemuCore[]).map((core) => qemuEntry(core, qemu)),
    ...rtl
  ]
  const fixedIds = new Set(fixed.map(({ id }) => id))
  const known = new Map<string, PortIdentity>()
  for (const board of [...saved, ...inUse]) if (!fixedIds.has(board.id)) known.set(board.id, board)

  const taken = new Set<string>()
  const serial = [...known].map(([id, identity]) => {
    const path = findPort(id, identity, ports)
    if (path !== null) taken.add(path)
    const port = ports.find((candidate) => candidate.path === path)
    if (port !== undefined) return { ...portEntry(port), id }
    // A board in use that is not plugged in keeps what was known of it.
    const before = inUse.find((entry) => entry.id === id)
    if (before !== undefined) return { ...before }
    // Only the identity is taken: a saved board's missing name must not replace the entry's own.
    const { serialNumber, interfaceNumber } = identity
    return {
      ...manualEntry(id),
      serialNumber,
      interfaceNumber,
      ...(serialNumber === null ? {} : { port: null })
    }
  })
  const free = ports.filter(({ path }) => !taken.has(path)).map(portEntry)
  for (const entry of free) if (known.has(entry.id)) entry.id = `${entry.id}@${entry.serialNumber ?? 'new'}`

  const entries = [...fixed, ...serial, ...free]
  for (const { id, name, settings } of saved) {
    const entry = entries.find((candidate) => candidate.id === id)
    if (entry === undefined) continue
    Object.assign(entry, { saved: true, settings, ...(name === null ? {} : { name }) })
  }
  return entries
}

const networkNotes = {
  tcp: 'Console on the network, plain bytes',
  telnet: 'Console on the network over telnet',
  rfc2217: 'Serial line on the network (RFC 2217)'
}

/**
 * An entry for what no list has: a pty, a symbolic link, a port of a remote driver, an address on the network.
 *
 * @throws input.invalid, input.unsupported for a damaged address
 */
export function manualEntry(path: string): CatalogueEntry {
  const address = readNetworkAddress(path)
  const isPlace = readLabBoard(path) !== null
  return {
    ...portEntry({
      path,
      manufacturer: null,
      product: null,
      vendorId: null,
      productId: null,
      serialNumber: null,
      interfaceNumber: null,
      guess: null
    }),
    description: isPlace
      ? 'Place of a labgrid; acquired while it is connected'
      : address === null
        ? 'Port entered by hand'
        : networkNotes[address.scheme]
  }
}

function virtualEntry(preset: CorePresetName, core: 'plain' | 'zbb'): CatalogueEntry {
  const config = corePresets[preset]
  return {
    ...bare(`virtual:${preset}${core === 'plain' ? '' : `-${core}`}`, 'virtual'),
    preset,
    core,
    name: core === 'plain' ? `Virtual board, ${preset}` : `Virtual ${preset} with Zbb`,
    description: `${config.coreName}, ${formatCount(config.clockHz, 'Hz')}, ${formatBytes(config.ramBytes)} RAM,${core === 'plain' ? '' : ' bit manipulation,'} simulated with a cycle model`
  }
}

/** The virtual board that comes up in a BIOS instead of the monitor, as a LiteX board does. */
export const litexBoardId = 'virtual:litex'

function litexEntry(): CatalogueEntry {
  const { coreName, clockHz, ramBytes } = litexBoard
  return {
    ...bare(litexBoardId, 'virtual'),
    name: 'Virtual LiteX SoC',
    description: `${coreName}, ${formatCount(clockHz, 'Hz')}, ${formatBytes(ramBytes)} RAM; comes up in its BIOS, so bring up the monitor first`
  }
}

const flashChipNames = Object.keys(flashChips) as FlashChipName[]

/** The chip of a virtual microcontroller's id; null for other boards. */
export function flashChipOf(id: string): FlashChipName | null {
  return flashChipNames.find((chip) => id === `virtual:${chip}`) ?? null
}

/** What a virtual board is described as without a description that is kept; null where its monitor needs none. */
export function describeVirtual(id: string): BoardDescription | null {
  if (id === litexBoardId) return readDescription(new TextEncoder().encode(litexBoardCsv()))
  if (id === rtlBoardId('icebreaker')) return shippedBoards.icebreaker
  const chip = flashChipOf(id)
  return chip === null ? null : { ...shippedBoards[chip], resetLines: flashChipLines }
}

function flashChipEntry(chip: FlashChipName): CatalogueEntry {
  const { name, flashBytes, ramBytes } = flashChips[chip]
  return {
    ...bare(`virtual:${chip}`, 'virtual'),
    name: `Virtual ${name}`,
    description: `Simulated ${name}, ${formatBytes(flashBytes)} flash, ${formatBytes(ramBytes)} RAM; monitor and network lie in flash; one cycle an instruction`
  }
}

function measuredEntry(machine: TwinMachine): CatalogueEntry {
  const { name, coreName } = machine.config
  return {
    ...bare(`virtual:${name}`, 'virtual'),
    machine,
    // Short enough for a card, and the part that differs comes first; the description names the core.
    name: `Virtual ${name}`,
    description: `${coreName}; cycle model measured beside its RTL`
  }
}

/** The core of resources/rtl without or with its unit for packed dot products, simulated to the cycle. */
function rtlCoreEntry(xbb: boolean): CatalogueEntry {
  const config = rtlCore(xbb)
  return {
    ...bare(`virtual:${config.name}`, 'virtual'),
    machine: { config, form: 'rv32im' },
    name: `Virtual ${config.name}`,
    description: `${config.coreName}, ${formatCount(config.clockHz, 'Hz')}, ${formatBytes(config.ramBytes)} RAM; cycle model of its RTL`
  }
}

const rtlBoardId = (variant: RtlVariant): string => `rtl:${variant}`

/** Which core a board of the kind `rtl` is, by its id. */
export const rtlVariantOf = (id: string): RtlVariant =>
  rtlVariants.find((variant) => rtlBoardId(variant) === id) ?? 'plain'

/** The core of resources/rtl itself, run by Verilator. */
function verilatedEntry(variant: RtlVariant, obstacle: string | null): CatalogueEntry {
  const isIcebreaker = variant === 'icebreaker'
  const { coreName, ramBytes } = rtlCore(variant !== 'plain')
  const ram = formatBytes(isIcebreaker ? icebreakerRamBytes : ramBytes)
  return {
    ...bare(rtlBoardId(variant), 'rtl'),
    name: isIcebreaker ? 'Verilog iCEBreaker' : `Verilog core, ${variant}`,
    description: `${coreName}, ${ram} RAM${isIcebreaker ? ', in its boot loader' : ''}: its Verilog under Verilator, to the cycle`,
    unavailable: obstacle
  }
}

/** A twin that is kept, as the boards list it. */
export interface CatalogueTwin {
  name: string
  machine: TwinMachine
  /** How it does, for the line below its name. */
  summary: string
  /** Why it cannot be used until it is fitted again; null when it can. */
  outdated: string | null
}

/** Id of a twin by its name. */
export const twinId = (name: string): string => `twin:${name}`

function twinEntry({ name, machine, summary, outdated }: CatalogueTwin): CatalogueEntry {
  return {
    ...bare(twinId(name), 'virtual'),
    machine,
    name: `Twin of ${name}`,
    description: `simulated with a cycle model fitted to the real board; ${summary}`,
    unavailable: outdated
  }
}

function qemuEntry(core: QemuCore, program: string | null): CatalogueEntry {
  return {
    ...bare(core === 'plain' ? 'qemu' : `qemu:${core}`, 'qemu'),
    core,
    name: qemuCores[core].name,
    description: `${qemuCores[core].note}: counts instructions, knows no cycles`,
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
    interfaceNumber: port.interfaceNumber,
    guess: port.guess
  }
}

function bare(id: string, kind: Board['kind']): CatalogueEntry {
  return {
    id,
    kind,
    preset: null,
    machine: null,
    core: 'plain',
    name: id,
    description: '',
    port: null,
    vendorId: null,
    productId: null,
    serialNumber: null,
    interfaceNumber: null,
    guess: null,
    saved: false,
    settings: defaultSettings,
    unavailable: null
  }
}
