import { setTimeout as pause } from 'node:timers/promises'
import type { FileSource } from '../../../shared/contract/board/boardFiles'
import { AppError } from '../../../shared/errors'
import type { JobService } from '../../jobs/jobService'
import type { Held } from '../boardRegistry'
import { readSource } from './loadFile'

/** Largest piece of one write: small enough for progress and a cancel on a slow line. */
const pieceBytes = 256
/** Larger files are refused. */
const maxBytes = 64 * 1024 * 1024
const lineFeed = 10

/**
 * Sends a file's bytes over a board's line as they are, while its console goes on showing what comes back: a Job that holds
 * the lease.
 *
 * @throws input.notFound, input.invalid; the Job ends with board.notConnected, board.busy, board.disconnected, board.timeout
 */
export async function startSendFile(
  { connection, console: log, entry }: Held,
  { file, linePauseMs }: { file: FileSource; linePauseMs: number },
  jobs: JobService
): Promise<{ jobId: string }> {
  const { name, bytes } = await readSource(file)
  if (bytes.length > maxBytes) {
    throw new AppError(
      'input.invalid',
      `${name} has ${bytes.length} bytes; a console takes files of up to ${maxBytes}.`,
      'Carry it with a loader instead (board load).'
    )
  }
  const job = jobs.start({
    kind: 'board.sendFile',
    title: `Send ${name} to ${entry.id}`,
    unit: 'bytes',
    total: bytes.length,
    run: (context) =>
      connection.withLease(`sending of ${name}`, async () => {
        log.note(`sending ${name}`)
        let sentBytes = 0
        for (const piece of piecesOf(bytes, linePauseMs > 0)) {
          context.signal.throwIfAborted()
          // Looked up for each piece: there is another session after a reconnection.
          const { session } = connection
          if (session === null)
            throw new AppError('board.disconnected', `${entry.id} went away.`, 'Connect it and send again.')
          log.bytes('sent', piece)
          await session.sendRaw(piece)
          sentBytes += piece.length
          context.progress(sentBytes, bytes.length, name)
          // A cancel ends the pause; the next piece reports it.
          if (linePauseMs > 0 && piece.at(-1) === lineFeed)
            await pause(linePauseMs, undefined, { signal: context.signal }).catch(() => undefined)
        }
        log.note(`${name}: ${sentBytes} bytes sent`)
      })
  })
  job.result.catch((error: unknown) => log.note(`${name}: ${AppError.from(error).message}`))
  return { jobId: job.jobId }
}

/** Pieces of limited size, in order; with `byLines` none goes beyond the end of a line. */
export function* piecesOf(bytes: Uint8Array, byLines: boolean): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length;) {
    let to = Math.min(bytes.length, from + pieceBytes)
    const end = byLines ? bytes.subarray(from, to).indexOf(lineFeed) : -1
    if (end >= 0) to = from + end + 1
    yield bytes.subarray(from, to)
    from = to
  }
}
