import { randomInt } from 'node:crypto'
import type { boardContract } from '../../shared/contract/board'
import type { EmitterOf, HandlersOf, OutputOf } from '../../shared/contract/define'
import { AppError } from '../../shared/errors'
import type { JobService } from '../jobs/jobService'
import type { Store } from '../store/store'
import type { BoardAdapters } from './boardAdapters'
import { loadOver } from './boardLoads'
import { createBoardRegistry, type IdentifiedBoard } from './boardRegistry'
import type { BoardSession } from './boardSession'
import { readLoadImage } from './loadFile'

export type { IdentifiedBoard } from './boardRegistry'
export type { BoardSession } from './boardSession'
export { boardMigrations } from './boardStore'

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

type LoadRecord = OutputOf<(typeof boardContract)['commands']['board.loads']>['loads'][number]
const keptLoads = 50

/** Boards: found, connected, identified, leased to one owner at a time, listened to, and loaded. */
export function createBoardService(options: BoardServiceOptions): BoardService {
  const { jobs, nowMs, nonce = () => randomInt(2 ** 32) } = options
  const registry = createBoardRegistry({ ...options, nonce })
  const loads: LoadRecord[] = []

  const service: BoardService = {
    async connect(id) {
      await registry.connect(id)
      return registry.identified(id)
    },
    async disconnect(id) {
      await registry.disconnect(id)
    },
    identified: registry.identified,
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
      'board.identify': async ({ id }) => {
        const { entry, connection } = registry.held(id)
        await connection.withLease('identification', (session) => session.hello())
        return { board: registry.view(entry) }
      },
      'board.reset': async ({ id }) => {
        const { entry, connection } = registry.held(id)
        await connection.withLease('reset', (session) => session.reset())
        return { board: registry.view(entry) }
      },
      'board.save': async ({ id, name, settings }) => ({
        board: await registry.save(id, { name, settings })
      }),
      'board.forget': async ({ id }) => {
        await registry.forget(id)
        return { ok: true }
      },
      'board.console': async ({ id, after }) => {
        const log = registry.heldOrNone(id)?.console
        return { chunks: log?.after(after) ?? [], droppedChunks: log?.droppedChunks ?? 0 }
      },
      'board.sendText': async ({ id, text }) => {
        const { connection, console: log } = registry.held(id)
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
        registry.heldOrNone(id)?.console.clear()
        return { ok: true }
      },
      'board.load': async ({ id, file, loader, address, start }) => {
        const { connection, console: log } = registry.held(id)
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
