import { writeFile } from 'node:fs/promises'
import { checkFlashSegments } from '../../core/board/loaders/flashRom'
import { executesInPlace } from '../../core/board/description/monitorImages'
import { type ReadMonitorFile, readDescribedMonitor } from '../../core/board/describedMonitor'
import { encodeImage } from '../../core/deploy/image'
import { planDeployment } from '../../core/deploy/plan'
import { readFlashMonitorInfo } from '../../core/sim/boards/flashMonitorInfo'
import type { QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import type { BoardDescription } from '../../shared/contract/board/boardDescription'
import { AppError } from '../../shared/errors'

/** What is written into a board's flash: the monitor, and a network's Image behind it. */
export interface FlashContents {
  bytes: Uint8Array
  /** Where the file belongs. */
  address: number
  monitorBytes: number
  imageAddress: number
  imageBytes: number
  arenaBytes: number
}

/**
 * Monitor and network as one piece of flash, planned for the monitor's own kernels.
 *
 * @throws input.invalid for a board whose monitor does not execute in place; board.addressRange where the monitor alone is too long;
 *   what planning throws (deploy.outOfMemory with bytes)
 */
export async function flashContents(
  network: QuantizedNetwork,
  board: BoardDescription,
  read: ReadMonitorFile
): Promise<FlashContents> {
  const { flash, monitor: form } = board
  if (flash === null || !executesInPlace(form))
    throw new AppError(
      'input.invalid',
      `The monitor "${form}" does not execute from flash.`,
      'Give the description of a board that does: bitbench board describe --name gd32vf103 --json.'
    )
  const { image: monitor } = await readDescribedMonitor(board, read)
  checkFlashSegments(flash, [{ address: flash.base, bytes: monitor }])
  const plan = planDeployment(network, readFlashMonitorInfo(monitor, board))
  const image = encodeImage(network, plan)
  // Erased flash is all ones.
  const bytes = new Uint8Array(plan.imageAddress - flash.base + image.length).fill(0xff)
  bytes.set(monitor)
  bytes.set(image, plan.imageAddress - flash.base)
  return {
    bytes,
    address: flash.base,
    monitorBytes: monitor.length,
    imageAddress: plan.imageAddress,
    imageBytes: image.length,
    arenaBytes: plan.arenaBytes
  }
}

/** Writes the contents to a new file. @throws input.invalid where it cannot be written, or exists */
export async function writeFlashFile(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes, { flag: 'wx' })
  } catch (cause) {
    throw new AppError(
      'input.invalid',
      `${file} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      'Choose a file that does not exist, in a folder that does.',
      { cause }
    )
  }
}
