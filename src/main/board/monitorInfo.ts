import type { BoardInfo } from '../../core/board/boardInfo'
import type { Link } from './links/link'
import { openBoardSession } from './boardSession'

/**
 * What this copy's monitor reports (above all its kernels), read over a separate link that is closed again: no board of the
 * user is connected, listed or changed.
 *
 * @param open opens a machine that runs the monitor
 */
export async function readMonitorInfo(open: () => Promise<Link>): Promise<BoardInfo> {
  const link = await open()
  try {
    return await openBoardSession({ link, onText: () => undefined, nonce: () => 1 }).hello()
  } finally {
    await link.close()
  }
}
