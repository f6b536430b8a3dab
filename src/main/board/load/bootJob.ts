import { checkDescription } from '../../../core/board/description/checkDescription'
import { readDescribed, readDescription } from '../../../core/board/description/readDescription'
import { type ShippedBoardName, shippedBoards } from '../../../core/board/description/shippedBoards'
import type { boardBootCommands } from '../../../shared/contract/board/boardBoot'
import type { BoardDescription } from '../../../shared/contract/board/boardDescription'
import type { FileSource } from '../../../shared/contract/board/boardFiles'
import type { HandlersOf } from '../../../shared/contract/framework/define'
import { AppError } from '../../../shared/errors'
import { originsBy } from '../../../shared/fieldOrigins'
import type { JobService } from '../../jobs/jobService'
import { bootMonitor, type ReadMonitor } from './boardBoot'
import { describeVirtual } from '../boardCatalogue'
import type { BoardRegistry } from '../boardRegistry'
import type { DescriptionStore } from './descriptionStore'
import { readSource } from './loadFile'
import type { LoadRecords } from './loadRecords'

/** `board.boot` as a Job, noted in the board's console and among the loads; `board.describe`. */
export function createBootHandlers(deps: {
  registry: BoardRegistry
  readMonitor: ReadMonitor
  jobs: JobService
  nowMs: () => number
  records: LoadRecords
  descriptions: DescriptionStore
}): HandlersOf<{ commands: typeof boardBootCommands; events: Record<never, never> }> {
  const { registry, readMonitor, jobs, nowMs, records, descriptions } = deps
  return {
    'board.boot': async ({ id, loader, description }) => {
      const described = await describe(id, description)
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
              description: described,
              readMonitor,
              nowMs,
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
    },
    'board.describe': async ({ file, name }) => {
      if (file === null) return { description: shippedBoard(name), origins: originsBy(() => 'shipped') }
      const { bytes } = await readSource(file)
      return readDescribed(bytes)
    },
    'board.description': async ({ id }) => ({ description: await descriptions.get(id) }),
    'board.saveDescription': async ({ id, description }) => {
      if (description === null) await descriptions.forget(id)
      else await descriptions.save(id, checkDescription(description))
      return { description }
    }
  }

  async function describe(id: string, file: FileSource | null): Promise<BoardDescription | null> {
    if (file !== null) return await fromFile(file)
    const kept = await descriptions.get(id)
    if (kept !== null) return kept
    // Virtual ones bring their own description.
    return describeVirtual(id)
  }
}

async function fromFile(file: FileSource): Promise<BoardDescription> {
  return readDescription((await readSource(file)).bytes)
}

/** @throws input.notFound with the names there are */
function shippedBoard(name: string | null): BoardDescription {
  if (name !== null && Object.hasOwn(shippedBoards, name)) return shippedBoards[name as ShippedBoardName]
  throw new AppError(
    'input.notFound',
    name === null
      ? 'Neither a file nor the name of a board is given.'
      : `No board named "${name}" is shipped.`,
    `Boards with a shipped description: ${Object.keys(shippedBoards).join(', ')}.`
  )
}
