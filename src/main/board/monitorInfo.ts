import { readFile } from 'node:fs/promises'
import type { BoardInfo } from '../../core/board/boardInfo'
import { boardInfoSchema } from '../../shared/contract/board'
import { AppError } from '../../shared/errors'

/**
 * What this copy's monitor says of itself (above all its kernels), as scripts/firmware.mjs has written it down beside the image: no
 * board is connected and no machine started.
 *
 * @throws internal for a file that is missing or damaged
 */
export async function readMonitorInfo(file: string): Promise<BoardInfo> {
  try {
    return boardInfoSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (cause) {
    throw new AppError(
      'internal',
      `The list of the monitor's kernels (${file}) cannot be read.`,
      'Install Bitbench again, or build the firmware again: npm run firmware.',
      { cause }
    )
  }
}
