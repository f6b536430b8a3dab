import type { Board, boardContract, PortSettings, PortSettingsChange } from '../../shared/contract/board'
import type { EmitterOf } from '../../shared/contract/framework/define'
import { AppError } from '../../shared/errors'
import type { Store } from '../store/store'
import type { BoardAdapters } from './boardAdapters'
import {
  type CatalogueEntry,
  defaultSettings,
  listCatalogue,
  litexBoardId,
  manualEntry,
  type CatalogueTwin
} from './boardCatalogue'
import { type BoardConnection, createBoardConnection } from './boardConnection'
import { createBoardStore, type SavedBoard } from './boardStore'
import { identifyBoard, type IdentifiedBoard, viewBoard } from './boardView'
import { type ConsoleLog, createConsoleLog } from './consoleLog'
import type { Link } from './links/link'
import { findPort } from './ports/portIdentity'
import { watchPorts } from './ports/portWatch'
import { tickStatistics } from './statisticsTicker'

/** A board in use: what the catalogue says of it, its connection and its console. */
export interface Held {
  entry: CatalogueEntry
  connection: BoardConnection
  console: ConsoleLog
}

/** Every board this process knows of: what is listed, what is saved, what is connected. */
export interface BoardRegistry {
  /** Looks for boards again and returns all. */
  list(): Promise<Board[]>
  get(id: string): Promise<Board>
  /**
   * Connects unless that is done; with `identify` also says hello. A serial line that is open with other settings than `change`
   * wants is opened again. @throws board.busy while it is leased
   */
  connect(id: string, change?: PortSettingsChange, identify?: boolean): Promise<Board>
  disconnect(id: string): Promise<void>
  save(id: string, change: BoardChange): Promise<Board>
  forget(id: string): Promise<void>
  /** A virtual board has become another: the running one is ended, and the list shows the new one. */
  renew(id: string): Promise<void>
  /** A board that was connected before. @throws board.notConnected */
  held(id: string): Held
  /** The same without complaint. */
  heldOrNone(id: string): Held | undefined
  /** @throws board.notConnected, board.notMonitor */
  identified(id: string): IdentifiedBoard
  view(entry: CatalogueEntry): Board
  close(): Promise<void>
}

/** What of a saved board is changed. */
export interface BoardChange {
  name?: string | undefined
  settings?: PortSettingsChange | undefined
}

/** What the registry of boards is made from. */
export interface BoardRegistryOptions {
  adapters: BoardAdapters
  /** Twins that are kept. */
  twins: () => Promise<readonly CatalogueTwin[]>
  store: Store
  emit: EmitterOf<typeof boardContract>
  nowMs: () => number
  nonce: () => number
}

/** Returns the boards there are: virtual, found, saved and connected ones. */
export function createBoardRegistry(options: BoardRegistryOptions): BoardRegistry {
  const { adapters, emit, nowMs, nonce } = options
  const saved = createBoardStore(options.store)
  const held = new Map<string, Held>()
  let listed = new Map<string, CatalogueEntry>()

  const view = (entry: CatalogueEntry): Board => viewBoard(entry, held.get(entry.id)?.connection)

  const refresh = async (): Promise<void> => {
    // Boards in use count as known: where their port has moved to, no second board is listed.
    const inUse = [...held.values()]
      .filter(({ connection }) => connection.state !== 'available')
      .map(({ entry }) => entry)
    const entries = await listCatalogue(adapters, await saved.all(), inUse, await options.twins())
    const next = new Map(entries.map((entry) => [entry.id, entry]))
    for (const [id, entry] of listed) {
      if (next.has(id)) continue
      // A board in use stays listed whatever the system says; a port that went away does not.
      if (held.get(id)?.connection.state !== 'available' && held.has(id)) next.set(id, entry)
      else emit('board.removed', { id })
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

  /** The entry of an id; a path that the system does not list is taken as it is. */
  const find = async (id: string): Promise<CatalogueEntry> => {
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

  const hold = (entry: CatalogueEntry): Held => {
    const existing = held.get(entry.id)
    if (existing !== undefined) return existing
    const { id } = entry
    const log = createConsoleLog({ nowMs, onBatch: (chunks) => emit('board.consoleText', { id, chunks }) })
    const connection = createBoardConnection({
      id,
      open: (settings) => openLine(held.get(id)!.entry, settings),
      console: log,
      nonce,
      changed: () => emit('board.changed', view(held.get(id)!.entry))
    })
    const holding = { entry, connection, console: log }
    held.set(id, holding)
    return holding
  }

  const openLine = async (entry: CatalogueEntry, settings: Board['settings']): Promise<Link> => {
    if (entry.id === litexBoardId) return await adapters.openLitex()
    if (entry.machine !== null) return await adapters.openMachine(entry.machine)
    if (entry.kind === 'virtual') return await adapters.openVirtual(entry.preset!, entry.core === 'zbb')
    if (entry.kind === 'qemu') return await adapters.openQemu(entry.core)
    return await adapters.openSerial(await locate(entry), settings)
  }

  /** The path of a serial board at this moment. @throws board.notFound while it is not plugged in */
  const locate = async (entry: CatalogueEntry): Promise<string> => {
    const path = entry.port ?? entry.id
    if (entry.serialNumber === null) return path
    const ports = await adapters.listPorts()
    const found = findPort(path, entry, ports)
    if (found !== null) return found
    const other = ports.find((port) => port.path === path)
    throw new AppError(
      'board.notFound',
      `${entry.name} (USB serial number ${entry.serialNumber}) is not plugged in` +
        (other === undefined ? '.' : `; on ${path} there is another board now.`),
      'Plug it in; it is found on whatever port it gets.'
    )
  }

  const connect = async (id: string, change: PortSettingsChange = {}, identify = true): Promise<Board> => {
    const entry = await find(id)
    const { connection } = hold(entry)
    if (connection.state === 'connecting') {
      throw new AppError('board.busy', `${id} is being connected already.`, 'Wait a moment.')
    }
    const isConnected = connection.state === 'connected'
    const isOther = isConnected && entry.kind === 'serial' && differs(connection.settings, change)
    const isReady = isConnected && !isOther && (!identify || connection.session?.identified != null)
    if (isReady) return view(entry)
    if (isOther && connection.leasedBy !== null) {
      throw new AppError(
        'board.busy',
        `${id} is in use by the ${connection.leasedBy}; its line cannot be opened with other settings now.`,
        `Wait for the ${connection.leasedBy} to end, or cancel it in the job list.`
      )
    }
    if (connection.state !== 'available') await connection.disconnect()
    entry.settings = changed(entry.settings, change)
    await connection.connect(entry.settings, identify)
    return view(entry)
  }

  const connectionOf = (id: string): Held => {
    const holding = held.get(id)
    if (holding !== undefined) return holding
    throw new AppError('board.notConnected', `${id} is not connected.`, 'Connect it first.')
  }

  const identified = (id: string): IdentifiedBoard => {
    const { entry, connection } = connectionOf(id)
    if (connection.session === null) {
      throw new AppError(
        'board.notConnected',
        `${id} is not connected.`,
        connection.reason ?? 'Connect it first.'
      )
    }
    return identifyBoard(entry, connection.session.info)
  }

  const save = async (id: string, change: BoardChange): Promise<Board> => {
    const entry = await find(id)
    entry.saved = true
    entry.settings = changed(entry.settings, change.settings ?? {})
    if (change.name !== undefined && change.name.trim() !== '') entry.name = change.name.trim()
    const record: SavedBoard = {
      id,
      name: entry.name === id ? null : entry.name,
      settings: entry.settings,
      serialNumber: entry.serialNumber,
      interfaceNumber: entry.interfaceNumber
    }
    await saved.save(record, nowMs())
    emit('board.changed', view(entry))
    return view(entry)
  }

  const ticker = tickStatistics(
    () => [...held.values()].filter(({ connection }) => connection.session !== null),
    ({ connection }) => connection.statistics(),
    ({ entry }) => emit('board.changed', view(entry))
  )
  // Port watching starts with the first list(); one-shot commands do not need it.
  let watch: { stop(): void } | undefined
  const announce = async (): Promise<void> => {
    const before = new Map(listed)
    await refresh()
    for (const [id, entry] of listed)
      if (before.get(id)?.port !== entry.port) emit('board.changed', view(entry))
  }

  return {
    async list() {
      await refresh()
      watch ??= watchPorts(() => adapters.listPorts(), announce)
      return [...listed.values()].map(view)
    },
    get: async (id) => view(await find(id)),
    connect,
    async disconnect(id) {
      await held.get(id)?.connection.disconnect()
    },
    save,
    async renew(id) {
      await held.get(id)?.connection.disconnect()
      await refresh()
      const entry = listed.get(id)
      if (entry !== undefined) emit('board.changed', view(entry))
    },
    async forget(id) {
      await saved.forget(id)
      const entry = listed.get(id)
      if (entry === undefined) return
      Object.assign(entry, { saved: false, settings: defaultSettings })
      await refresh()
      const left = listed.get(id)
      if (left !== undefined) emit('board.changed', view(left))
    },
    held: connectionOf,
    heldOrNone: (id) => held.get(id),
    identified,
    view,
    async close() {
      ticker.stop()
      watch?.stop()
      for (const { connection, console: log } of held.values()) {
        await connection.disconnect()
        log.close()
      }
    }
  }
}

/** Whether a change would make settings other than they are. */
function differs(settings: PortSettings, change: PortSettingsChange): boolean {
  const next = changed(settings, change)
  return (Object.keys(next) as (keyof PortSettings)[]).some((name) => next[name] !== settings[name])
}

function changed(settings: PortSettings, change: PortSettingsChange): PortSettings {
  const given = Object.entries(change).filter(([, value]) => value !== undefined)
  return { ...settings, ...Object.fromEntries(given) }
}
