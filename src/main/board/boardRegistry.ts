import type { Board, boardContract, PortSettings, PortSettingsChange } from '../../shared/contract/board'
import type { EmitterOf } from '../../shared/contract/framework/define'
import { AppError } from '../../shared/errors'
import type { Store } from '../store/store'
import type { BoardAdapters } from './boardAdapters'
import { type CatalogueEntry, type CatalogueTwin, defaultSettings, listCatalogue } from './boardCatalogue'
import { type BoardConnection, createBoardConnection } from './boardConnection'
import { openBoardLine } from './boardLine'
import { type BoardListing, createBoardListing } from './boardListing'
import { createBoardStore, type SavedBoard } from './boardStore'
import { identifyBoard, type IdentifiedBoard, viewBoard } from './boardView'
import { type ConsoleLog, createConsoleLog } from './consoleLog'
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
  return new Registry(options)
}

class Registry implements BoardRegistry {
  private readonly saved: ReturnType<typeof createBoardStore>
  private readonly inUse = new Map<string, Held>()
  private readonly listing: BoardListing
  private readonly ticker: { stop(): void }
  private watch: { stop(): void } | undefined

  constructor(private readonly options: BoardRegistryOptions) {
    const { adapters, twins, emit } = options
    this.saved = createBoardStore(options.store)
    this.listing = createBoardListing({
      catalogue: async (inUse) => await listCatalogue(adapters, await this.saved.all(), inUse, await twins()),
      held: this.inUse,
      removed: (id) => emit('board.removed', { id })
    })
    this.ticker = tickStatistics(
      () => [...this.inUse.values()].filter(({ connection }) => connection.session !== null),
      ({ connection }) => connection.statistics(),
      ({ entry }) => this.changed(entry)
    )
  }

  view(entry: CatalogueEntry): Board {
    return viewBoard(entry, this.inUse.get(entry.id)?.connection)
  }

  async list(): Promise<Board[]> {
    await this.listing.refresh()
    // Port watching starts with the first list(); one-shot commands do not need it.
    this.watch ??= watchPorts(
      () => this.options.adapters.listPorts(),
      () => this.announce()
    )
    return this.listing.all().map((entry) => this.view(entry))
  }

  async get(id: string): Promise<Board> {
    return this.view(await this.listing.find(id))
  }

  async connect(id: string, change: PortSettingsChange = {}, identify = true): Promise<Board> {
    const entry = await this.listing.find(id)
    const { connection } = this.hold(entry)
    if (connection.state === 'connecting') {
      throw new AppError('board.busy', `${id} is being connected already.`, 'Wait a moment.')
    }
    const isConnected = connection.state === 'connected'
    const isOther = isConnected && entry.kind === 'serial' && differs(connection.settings, change)
    const isReady = isConnected && !isOther && (!identify || connection.session?.identified != null)
    if (isReady) return this.view(entry)
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
    return this.view(entry)
  }

  async disconnect(id: string): Promise<void> {
    await this.inUse.get(id)?.connection.disconnect()
  }

  async save(id: string, change: BoardChange): Promise<Board> {
    const entry = await this.listing.find(id)
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
    await this.saved.save(record, this.options.nowMs())
    this.changed(entry)
    return this.view(entry)
  }

  async renew(id: string): Promise<void> {
    await this.disconnect(id)
    await this.listing.refresh()
    this.changed(this.listing.get(id))
  }

  async forget(id: string): Promise<void> {
    await this.saved.forget(id)
    const entry = this.listing.get(id)
    if (entry === undefined) return
    Object.assign(entry, { saved: false, settings: defaultSettings })
    await this.listing.refresh()
    this.changed(this.listing.get(id))
  }

  held(id: string): Held {
    const holding = this.inUse.get(id)
    if (holding !== undefined) return holding
    throw new AppError('board.notConnected', `${id} is not connected.`, 'Connect it first.')
  }

  heldOrNone(id: string): Held | undefined {
    return this.inUse.get(id)
  }

  identified(id: string): IdentifiedBoard {
    const { entry, connection } = this.held(id)
    if (connection.session === null) {
      throw new AppError(
        'board.notConnected',
        `${id} is not connected.`,
        connection.reason ?? 'Connect it first.'
      )
    }
    return identifyBoard(entry, connection.session.info)
  }

  async close(): Promise<void> {
    this.ticker.stop()
    this.watch?.stop()
    for (const { connection, console: log } of this.inUse.values()) {
      await connection.disconnect()
      log.close()
    }
  }

  private hold(entry: CatalogueEntry): Held {
    const existing = this.inUse.get(entry.id)
    if (existing !== undefined) return existing
    const { id } = entry
    const { adapters, emit, nowMs, nonce } = this.options
    const log = createConsoleLog({ nowMs, onBatch: (chunks) => emit('board.consoleText', { id, chunks }) })
    const connection = createBoardConnection({
      id,
      open: (settings) => openBoardLine(adapters, this.held(id).entry, settings),
      console: log,
      nonce,
      changed: () => this.changed(this.held(id).entry)
    })
    const holding = { entry, connection, console: log }
    this.inUse.set(id, holding)
    return holding
  }

  /** Looks for boards again and reports those whose port is another one now. */
  private async announce(): Promise<void> {
    const before = new Map(this.listing.all().map(({ id, port }) => [id, port]))
    await this.listing.refresh()
    for (const entry of this.listing.all()) if (before.get(entry.id) !== entry.port) this.changed(entry)
  }

  private changed(entry: CatalogueEntry | undefined): void {
    if (entry !== undefined) this.options.emit('board.changed', this.view(entry))
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
