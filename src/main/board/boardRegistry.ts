import type { BoardInfo } from '../../core/board/boardInfo'
import type { Board, boardContract, PortSettings, PortSettingsChange } from '../../shared/contract/board'
import type { EmitterOf } from '../../shared/contract/define'
import { AppError } from '../../shared/errors'
import type { Store } from '../store/store'
import type { BoardAdapters } from './boardAdapters'
import { type CatalogueEntry, defaultSettings, listCatalogue, manualEntry, portOf } from './boardCatalogue'
import { type BoardConnection, createBoardConnection } from './boardConnection'
import { createBoardStore, type SavedBoard } from './boardStore'
import { type ConsoleLog, createConsoleLog } from './consoleLog'
import type { Link } from './link'

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

export interface Held {
  entry: CatalogueEntry
  connection: BoardConnection
  console: ConsoleLog
}

/** Every board this process knows of: what is listed, what is saved, what is connected. */
export interface BoardRegistry {
  /** Lists anew. */
  list(): Promise<Board[]>
  get(id: string): Promise<Board>
  /** Connects unless that is done; with `identify` also says hello. */
  connect(id: string, change?: PortSettingsChange, identify?: boolean): Promise<Board>
  disconnect(id: string): Promise<void>
  save(id: string, change: BoardChange): Promise<Board>
  forget(id: string): Promise<void>
  /** A board that was connected before. @throws board.notConnected */
  held(id: string): Held
  /** The same without complaint. */
  heldOrNone(id: string): Held | undefined
  /** @throws board.notConnected, board.notMonitor */
  identified(id: string): IdentifiedBoard
  view(entry: CatalogueEntry): Board
  close(): Promise<void>
}

export interface BoardChange {
  name?: string | undefined
  settings?: PortSettingsChange | undefined
}

export interface BoardRegistryOptions {
  adapters: BoardAdapters
  store: Store
  emit: EmitterOf<typeof boardContract>
  nowMs: () => number
  nonce: () => number
}

/** Line statistics on screen are refreshed this often while bytes flow. */
const statisticsMs = 1_000

export function createBoardRegistry(options: BoardRegistryOptions): BoardRegistry {
  const { adapters, emit, nowMs, nonce } = options
  const saved = createBoardStore(options.store)
  const held = new Map<string, Held>()
  let listed = new Map<string, CatalogueEntry>()

  const view = (entry: CatalogueEntry): Board => {
    const connection = held.get(entry.id)?.connection
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
      origin: entry.kind === 'serial' ? 'measured' : 'simulated',
      leasedBy: connection?.leasedBy ?? null,
      statistics: connection?.statistics() ?? null
    }
  }

  const refresh = async (): Promise<void> => {
    const entries = await listCatalogue(adapters, await saved.all())
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
    if (entry.kind === 'virtual') return await adapters.openVirtual(entry.preset!)
    if (entry.kind === 'qemu') return await adapters.openQemu()
    const ports = entry.serialNumber === null ? [] : await adapters.listPorts()
    return await adapters.openSerial(
      portOf(entry.id, entry.serialNumber, ports) ?? entry.port ?? entry.id,
      settings
    )
  }

  const connect = async (id: string, change: PortSettingsChange = {}, identify = true): Promise<Board> => {
    const entry = await find(id)
    const { connection } = hold(entry)
    if (connection.state === 'connecting') {
      throw new AppError('board.busy', `${id} is being connected already.`, 'Wait a moment.')
    }
    const isReady = connection.state === 'connected' && (!identify || connection.session?.identified != null)
    if (isReady) return view(entry)
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
    const { info } = connection.session
    const { kind, name } = entry
    return {
      id,
      kind,
      name,
      info,
      unit: unitOf(kind, info),
      origin: kind === 'serial' ? 'measured' : 'simulated'
    }
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
      serialNumber: entry.serialNumber
    }
    await saved.save(record, nowMs())
    emit('board.changed', view(entry))
    return view(entry)
  }

  let shownBytes = 0
  const statisticsTimer = setInterval(() => {
    let bytes = 0
    for (const { connection } of held.values()) {
      const counts = connection.statistics()
      if (counts !== null) bytes += counts.sentBytes + counts.receivedBytes
    }
    if (bytes === shownBytes) return
    shownBytes = bytes
    for (const { entry, connection } of held.values())
      if (connection.session !== null) emit('board.changed', view(entry))
  }, statisticsMs)
  statisticsTimer.unref()

  return {
    async list() {
      await refresh()
      return [...listed.values()].map(view)
    },
    get: async (id) => view(await find(id)),
    connect,
    async disconnect(id) {
      await held.get(id)?.connection.disconnect()
    },
    save,
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
      clearInterval(statisticsTimer)
      for (const { connection, console: log } of held.values()) {
        await connection.disconnect()
        log.close()
      }
    }
  }
}

/** QEMU's cycle counter counts instructions; a real or virtual board counts cycles where it has the counter. */
function unitOf(kind: Board['kind'], info: BoardInfo | null): Board['unit'] {
  if (kind === 'qemu') return 'instructions'
  return info === null || info.counters.cycles ? 'cycles' : 'instructions'
}

function changed(settings: PortSettings, change: PortSettingsChange): PortSettings {
  const given = Object.entries(change).filter(([, value]) => value !== undefined)
  return { ...settings, ...Object.fromEntries(given) }
}
