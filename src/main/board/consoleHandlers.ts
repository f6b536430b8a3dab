import type { boardContract } from '../../shared/contract/board'
import type { HandlersOf } from '../../shared/contract/framework/define'
import { AppError } from '../../shared/errors'
import type { JobService } from '../jobs/jobService'
import type { BoardRegistry } from './boardRegistry'
import { startSendFile } from './load/sendFileJob'

/** The commands of a board's console: what was received, and what a person sends. */
export function createConsoleHandlers(
  registry: Pick<BoardRegistry, 'held' | 'heldOrNone'>,
  jobs: JobService
): Pick<
  HandlersOf<typeof boardContract>,
  'board.console' | 'board.sendText' | 'board.sendFile' | 'board.clearConsole'
> {
  return {
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
    'board.sendFile': ({ id, file, linePauseMs }) =>
      startSendFile(registry.held(id), { file, linePauseMs }, jobs),
    'board.clearConsole': async ({ id }) => {
      registry.heldOrNone(id)?.console.clear()
      return { ok: true }
    }
  }
}
