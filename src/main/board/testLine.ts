import { type EchoTime, echoLineMs, judgeLine, type LineVerdict } from '../../core/board/lineVerdict'
import { median } from '../../core/math/median'
import type { BoardSession } from './boardSession'
import { AppError } from '../../shared/errors'
import type { Link } from './links/link'

const rounds = 9
const sizes = [1, 1_024] as const

/**
 * Times echoes of the monitor over a leased line.
 *
 * @throws job.cancelled, board.timeout, board.disconnected, board.notMonitor
 */
export async function testLine(
  session: Pick<BoardSession, 'echo'>,
  { baudRate, latencyMs = null }: Link['descriptor'],
  isStopped: () => boolean
): Promise<{ echoes: EchoTime[]; latencyMs: number | null; verdict: LineVerdict }> {
  const echoes: EchoTime[] = []
  for (const sizeBytes of sizes) {
    const bytes = Uint8Array.from({ length: sizeBytes }, (_, index) => (index * 31) & 0xff)
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      if (isStopped())
        throw new AppError('job.cancelled', 'The line test was stopped.', 'Start it again when you like.')
      const beganMs = performance.now()
      await session.echo(bytes)
      times.push(performance.now() - beganMs)
    }
    echoes.push({ sizeBytes, medianMs: median(times), lineMs: echoLineMs(sizeBytes, baudRate) })
  }
  return { echoes, latencyMs, verdict: judgeLine(echoes, latencyMs) }
}
