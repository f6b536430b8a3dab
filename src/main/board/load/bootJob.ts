import { type LitexSoc, parseLitexSoc } from '../../../core/board/litexSoc'
import { litexBoardCsv } from '../../../core/sim/boards/litexBoard'
import type { boardBootCommands } from '../../../shared/contract/board/boardBoot'
import type { HandlersOf } from '../../../shared/contract/framework/define'
import { AppError } from '../../../shared/errors'
import type { JobService } from '../../jobs/jobService'
import { bootMonitor, type ReadMonitor } from './boardBoot'
import { litexBoardId } from '../boardCatalogue'
import type { BoardRegistry } from '../boardRegistry'
import { readSource } from './loadFile'
import type { LoadRecords } from './loadRecords'

/** `board.boot` as a Job, noted in the board's console and among the loads. */
export function createBootHandlers(deps: {
  registry: BoardRegistry
  readMonitor: ReadMonitor
  jobs: JobService
  nowMs: () => number
  records: LoadRecords
}): HandlersOf<{ commands: typeof boardBootCommands; events: Record<never, never> }> {
  const { registry, readMonitor, jobs, nowMs, records } = deps
  return {
    'board.boot': async ({ id, loader, soc }) => {
      const described = await describe(id, soc)
      await registry.connect(id, {}, false)
      const { connection, console: log } = registry.held(id)
      const startedMs = nowMs()
      const job = jobs.start({
        kind: 'board.boot',
        title: `Bring up the monitor on ${id}`,
        unit: 'bytes',
        run: (context) =>
          connection.withLease('boot', async (session) => {
            const outcome = await bootMonitor(session, {
              loader,
              soc: described,
              readMonitor,
              signal: context.signal,
              onProgress: (done, total, note) => context.progress(done, total, note)
            })
            const { image, result } = outcome
            log.bytes('received', new TextEncoder().encode(outcome.banner))
            const { name: fileName, sizeBytes } = image
            const { crc32, loader: carrier } = outcome
            records.add(
              { jobId: context.id, boardId: id, fileName, loader: carrier, sizeBytes, crc32, result },
              startedMs
            )
            log.note(`${fileName}: ${result}`)
          })
      })
      job.result.catch((error: unknown) => log.note(`boot: ${AppError.from(error).message}`))
      return { jobId: job.jobId }
    }
  }

  async function describe(
    id: string,
    soc: Parameters<typeof readSource>[0] | null
  ): Promise<LitexSoc | null> {
    if (soc !== null) return parseLitexSoc(new TextDecoder().decode((await readSource(soc)).bytes))
    // The virtual one brings its own description.
    return id === litexBoardId ? parseLitexSoc(litexBoardCsv()) : null
  }
}
