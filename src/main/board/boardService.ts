import { randomInt } from 'node:crypto'
import type { BoardInfo } from '../../core/board/boardInfo'
import type { Board, boardContract, PortSettings, PortSettingsChange } from '../../shared/contract/board'
import type { EmitterOf, HandlersOf, OutputOf } from '../../shared/contract/define'
import { AppError } from '../../shared/errors'
import type { JobService } from '../jobs/jobService'
import type { Store } from '../store/store'
import type { BoardAdapters } from './boardAdapters'
import { type CatalogueEntry, defaultSettings, listCatalogue, manualEntry, portOf } from './boardCatalogue'
import { type BoardConnection, createBoardConnection } from './boardConnection'
import { loadOver } from './boardLoads'
import type { BoardSession } from './boardSession'
import { createBoardStore, type SavedBoard } from './boardStore'
import { type ConsoleLog, createConsoleLog } from './consoleLog'
import type { Link } from './link'
import { readLoadImage } from './loadFile'

export type { BoardSession } from './boardSession'
export { boardMigrations } from './boardStore'

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

export interface BoardService {
  handlers: HandlersOf<typeof boardContract>
  /** Connects unless connected already; identifies it. */
  connect(id: string): Promise<IdentifiedBoard>
  disconnect(id: string): Promise<void>
  /** @throws board.notConnected, board.notMonitor */
  identified(id: string): IdentifiedBoard
  /** Exclusive use of a connected board. @throws board.busy naming who has it, board.notConnected */
  withLease<T>(
    id: string,
    owner: string,
    work: (session: BoardSession, board: IdentifiedBoard) => Promise<T>
  ): Promise<T>
  /** Waits for a board that was unplugged. @throws board.disconnected after `timeoutMs` */
  waitUntilConnected(id: string, timeoutMs: number, signal?: AbortSignal): Promise<void>
  close(): Promise<void>
}

export interface BoardServiceOptions {
  adapters: BoardAdapters
  store: Store
  jobs: JobService
  emit: EmitterOf<typeof boardContract>
  nowMs: () => number
  /** A number hello has not used before; default random. */
  nonce?: () => number
}

interface Held {
  entry: CatalogueEntry
  connection: BoardConnection
  console: ConsoleLog
}

type LoadRecord = OutputOf<(typeof boardContract)['commands']['board.loads']>['loads'][number]
const keptLoads = 50
/** Line statistics on screen are refreshed this often while bytes flow. */
const statisticsMs = 1_000

/** Boards: found, connected, identified, leased to one owner at a time, listened to, and loaded. */
export function createBoardService(options: BoardServiceOptions): BoardService {
  const { adapters, jobs, emit, nowMs, nonce = () => randomInt(2 ** 32) } = options
  const saved = createBoardStore(options.store)
  const held = new Map<string, Held>()
  const loads: LoadRecord[] = []
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
      if (holding !== undefined) holding.entry = entry
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

  const save = async (
    id: string,
    change: { name?: string | undefined; settings?: PortSettingsChange | undefined }
  ): Promise<Board> => {
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

  const service: BoardService = {
    async connect(id) {
      await connect(id)
      return identified(id)
    },
    async disconnect(id) {
      await held.get(id)?.connection.disconnect()
    },
    identified,
    withLease: (id, owner, work) => {
      const { connection } = connectionOf(id)
      return connection.withLease(owner, (session) => work(session, identified(id)))
    },
    waitUntilConnected: (id, timeoutMs, signal) => connectionOf(id).connection.connected(timeoutMs, signal),
    async close() {
      clearInterval(statisticsTimer)
      for (const { connection, console: log } of held.values()) {
        await connection.disconnect()
        log.close()
      }
    },
    handlers: {
      'board.list': async () => {
        await refresh()
        return { boards: [...listed.values()].map(view) }
      },
      'board.get': async ({ id }) => ({ board: view(await find(id)) }),
      'board.connect': async ({ id, settings, identify }) => ({
        board: await connect(id, settings, identify)
      }),
      'board.disconnect': async ({ id }) => {
        await service.disconnect(id)
        return { ok: true }
      },
      'board.identify': async ({ id }) => {
        const { entry, connection } = connectionOf(id)
        await connection.withLease('identification', (session) => session.hello())
        return { board: view(entry) }
      },
      'board.reset': async ({ id }) => {
        const { entry, connection } = connectionOf(id)
        await connection.withLease('reset', (session) => session.reset())
        return { board: view(entry) }
      },
      'board.save': async ({ id, name, settings }) => ({ board: await save(id, { name, settings }) }),
      'board.forget': async ({ id }) => {
        await saved.forget(id)
        const entry = listed.get(id)
        if (entry !== undefined) {
          Object.assign(entry, { saved: false, settings: defaultSettings })
          await refresh()
          const left = listed.get(id)
          if (left !== undefined) emit('board.changed', view(left))
        }
        return { ok: true }
      },
      'board.console': async ({ id, after }) => {
        const log = held.get(id)?.console
        return { chunks: log?.after(after) ?? [], droppedChunks: log?.droppedChunks ?? 0 }
      },
      'board.sendText': async ({ id, text }) => {
        const { connection, console: log } = connectionOf(id)
        const { session, leasedBy } = connection
        if (session === null)
          throw new AppError('board.notConnected', `${id} is not connected.`, 'Connect it first.')
        if (leasedBy !== null) {
          throw new AppError(
            'board.busy',
            `The ${leasedBy} uses the line of ${id}.`,
            `Wait for it to end, or cancel it; then type again.`
          )
        }
        const bytes = new TextEncoder().encode(text)
        log.bytes('sent', bytes)
        await session.sendRaw(bytes)
        return { ok: true }
      },
      'board.clearConsole': async ({ id }) => {
        held.get(id)?.console.clear()
        return { ok: true }
      },
      'board.load': async ({ id, file, loader, address, start }) => {
        const { connection, console: log } = connectionOf(id)
        const usable = connection.session?.identified?.ram.low ?? null
        const fallback = loader === 'monitor' ? usable : loader === 'sfl' ? 0x4000_0000 : null
        const image = await readLoadImage(file, address ?? fallback)
        const startedMs = nowMs()
        const job = jobs.start({
          kind: 'board.load',
          title: `Load ${image.name} into ${id} (${loader})`,
          unit: 'bytes',
          total: image.sizeBytes,
          run: (context) =>
            connection.withLease(`load of ${image.name}`, async (session) => {
              log.note(`loading ${image.name} with ${loader}`)
              const outcome = await loadOver(session, {
                loader,
                image,
                start,
                signal: context.signal,
                onProgress: (done, note) => context.progress(done, image.sizeBytes, note)
              })
              // A boot loader may just have brought up a monitor: then this is a Bitbench board now.
              if (loader !== 'monitor' && start) await session.hello().catch(() => undefined)
              return outcome
            })
        })
        job.result.then(
          ({ crc32, result }) => {
            const durationMs = Math.max(1, nowMs() - startedMs)
            loads.unshift({
              jobId: job.jobId,
              boardId: id,
              fileName: image.name,
              loader,
              sizeBytes: image.sizeBytes,
              durationMs,
              bytesPerSecond: (image.sizeBytes / durationMs) * 1000,
              crc32,
              result
            })
            loads.length = Math.min(loads.length, keptLoads)
            log.note(`${image.name}: ${result}`)
          },
          (error: unknown) => log.note(`${image.name}: ${AppError.from(error).message}`)
        )
        return { jobId: job.jobId }
      },
      'board.loads': async () => ({ loads: [...loads] })
    }
  }
  return service
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
