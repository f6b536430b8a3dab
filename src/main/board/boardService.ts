import { randomInt } from 'node:crypto'
import type { boardContract, PortSettingsChange } from '../../shared/contract/board'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { JobService } from '../jobs/jobService'
import type { Store } from '../store/store'
import type { BoardAdapters } from './boardAdapters'
import { createConsoleHandlers } from './consoleHandlers'
import { createBootHandlers } from './load/bootJob'
import { createBoardRegistry } from './boardRegistry'
import type { BoardSession } from './boardSession'
import type { IdentifiedBoard } from './boardView'
import { createDescriptionStore, type DescriptionStore } from './load/descriptionStore'
import { readLoadImage } from './load/loadFile'
import { startLoadJob } from './load/loadJob'
import { createLoadRecords } from './load/loadRecords'
import { createToolHandlers } from './tools/toolJobs'
import { createTwinHandlers, twinBoard, type MakeTwin } from './twins/twinHandlers'
import { testLine } from './testLine'
import { createTwinStore } from './twins/twinStore'
import { describeVirtual, twinId } from './boardCatalogue'

export type { IdentifiedBoard } from './boardView'
export type { BoardSession } from './boardSession'
export { boardMigrations } from './boardStore'

/** Boards for the contract and for the services that use them. */
export interface BoardService {
  handlers: HandlersOf<typeof boardContract>
  /** Connects unless connected already; identifies it. `settings` change those of the line before. */
  connect(id: string, settings?: PortSettingsChange): Promise<IdentifiedBoard>
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

/** What the board service is made from. */
export interface BoardServiceOptions {
  adapters: BoardAdapters
  store: Store
  jobs: JobService
  emit: EmitterOf<typeof boardContract>
  nowMs: () => number
  /** Fits a twin off the main thread. */
  makeTwin: MakeTwin
  /** A number hello has not used before; default random. */
  nonce?: () => number
}

/** Boards: found, connected, identified, leased to one owner at a time, listened to, and loaded. */
export function createBoardService(options: BoardServiceOptions): BoardService {
  const { jobs, nowMs, nonce = () => randomInt(2 ** 32) } = options
  const twins = createTwinStore(options.store)
  const descriptions = createDescriptionStore(options.store)
  const registry = createBoardRegistry({
    ...options,
    nonce,
    twins: async () => (await twins.all()).map(twinBoard)
  })
  const records = createLoadRecords(nowMs)
  const forgetTwin = async (id: string): Promise<void> => {
    await registry.disconnect(id)
    await twins.forget(id.slice(twinId('').length))
  }

  const service: BoardService = {
    async connect(id, settings) {
      await registry.connect(id, settings)
      return registry.identified(id)
    },
    async disconnect(id) {
      await registry.disconnect(id)
    },
    identified: (id) => registry.identified(id),
    withLease: (id, owner, work) => {
      const { connection } = registry.held(id)
      return connection.withLease(owner, (session) => work(session, registry.identified(id)))
    },
    waitUntilConnected: (id, timeoutMs, signal) => registry.held(id).connection.connected(timeoutMs, signal),
    close: () => registry.close(),
    handlers: {
      'board.list': async () => ({ boards: await registry.list() }),
      'board.get': async ({ id }) => ({ board: await registry.get(id) }),
      'board.connect': async ({ id, settings, identify }) => ({
        board: await registry.connect(id, settings, identify)
      }),
      'board.disconnect': async ({ id }) => {
        await service.disconnect(id)
        return { ok: true }
      },
      'board.save': async ({ id, name, settings }) => ({
        board: await registry.save(id, { name, settings })
      }),
      'board.forget': async ({ id }) => {
        if (id.startsWith(twinId(''))) await forgetTwin(id)
        await registry.forget(id)
        await descriptions.forget(id)
        return { ok: true }
      },
      ...createLineHandlers(registry),
      ...createLoadHandlers(registry, { jobs, nowMs, records, descriptions }),
      ...createConsoleHandlers(registry, jobs),
      ...createBootHandlers({
        registry,
        readMonitor: (name, ending) => options.adapters.readMonitor(name, ending),
        jobs,
        nowMs,
        records,
        descriptions
      }),
      ...createTwinHandlers({
        twins,
        readFirmware: () => options.adapters.readTwinFirmware(),
        makeTwin: options.makeTwin,
        jobs,
        nowMs,
        changed: (id) => registry.renew(id)
      }),
      ...createToolHandlers({ registry, tools: options.adapters.tools, jobs, nowMs, records })
    }
  }
  return service
}

/** Handlers that talk with the monitor of a connected board. */
function createLineHandlers(
  registry: ReturnType<typeof createBoardRegistry>
): Pick<HandlersOf<typeof boardContract>, 'board.identify' | 'board.testLine' | 'board.reset'> {
  return {
    'board.identify': async ({ id }) => {
      const { entry, connection } = registry.held(id)
      await connection.withLease('identification', (session) => session.hello())
      return { board: registry.view(entry) }
    },
    'board.testLine': async ({ id }, { signal }) => {
      const { connection } = registry.held(id)
      return await connection.withLease('line test', (session) =>
        testLine(session, connection.session!.link.descriptor, () => signal.aborted)
      )
    },
    'board.reset': async ({ id }) => {
      const { entry, connection } = registry.held(id)
      await connection.withLease('reset', (session) => session.reset())
      return { board: registry.view(entry) }
    }
  }
}

/** Handlers that load programs over the line. */
function createLoadHandlers(
  registry: ReturnType<typeof createBoardRegistry>,
  deps: Parameters<typeof startLoadJob>[2] & { descriptions: Pick<DescriptionStore, 'get'> }
): Pick<HandlersOf<typeof boardContract>, 'board.load' | 'board.loads'> {
  return {
    'board.load': async ({ id, file, loader, address, start }) => {
      const held = registry.held(id)
      const image = await readLoadImage(file, address)
      const described = (await deps.descriptions.get(id)) ?? describeVirtual(id)
      return startLoadJob(held, { image, loader, start, described }, deps)
    },
    'board.loads': async () => ({ loads: deps.records.all() })
  }
}
