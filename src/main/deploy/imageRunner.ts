import type { LayerCounters } from '../../core/board/protocol'
import { freeFrom, imageHeaderBytes, type Plan } from '../../core/deploy/plan'
import { AppError } from '../../shared/errors'
import { formatHex } from '../../shared/units'
import {
  placeBatch,
  type BatchExecution,
  type BatchPlace,
  type DeploySession,
  type InputOutput
} from './boardRun'

/** A network that lies on the board, verified, ready to run over images. */
export interface Runner {
  readonly place: BatchPlace
  readonly execute: BatchExecution
  /** Counters per layer of the Plan, summed over all images; null where the program does not count layers. */
  layerCounters(): Promise<LayerCounters[] | null>
}

/**
 * An Image in flash is not uploaded: it must be there. Its header holds the CRC of the rest, which the board checks when it prepares it.
 *
 * @throws deploy.mismatch for another one, or none
 */
async function requireInFlash(session: DeploySession, image: Uint8Array, address: number): Promise<void> {
  const there = await session.read(address, imageHeaderBytes)
  if (there.every((byte, index) => byte === image[index])) return
  throw new AppError(
    'deploy.mismatch',
    `The flash of the board does not hold this network: its Image has ${image.length} bytes and belongs at ${formatHex(address)}.`,
    'Write it there with `bitbench deploy flash` and `bitbench board load` or OpenOCD (docs/guide/board-gd32vf103.md), then run it again.',
    { details: { address, sizeBytes: image.length } }
  )
}

/**
 * Uploads an Image to the lowest usable address, or finds it in flash, has the board check it, and checks that the board understood it as
 * the host meant it. Nothing runs before all of that has passed.
 *
 * @throws deploy.outOfMemory, board.* errors of upload and prepare, deploy.mismatch
 */
export async function loadImage(
  session: DeploySession,
  image: Uint8Array,
  plan: Plan,
  io: InputOutput,
  options: { signal: AbortSignal; onProgress: (doneBytes: number, totalBytes: number) => void }
): Promise<Runner> {
  const address = plan.imageAddress
  const place = placeBatch(session.info, freeFrom(plan), io)
  if (plan.arenaAddress === null) await session.upload(address, image, options)
  else await requireInFlash(session, image, address)
  const prepared = await session.prepare(address, plan.arenaAddress)
  if (
    prepared.inputBytes !== io.inputBytes ||
    prepared.outputCount !== io.outputCount ||
    prepared.totalBytes !== image.length ||
    prepared.arenaAddress + prepared.arenaBytes > place.inputAddress
  ) {
    throw new AppError(
      'deploy.mismatch',
      `The board reads the Image as ${prepared.inputBytes} bytes in and ${prepared.outputCount} out; the host wrote ${io.inputBytes} and ${io.outputCount}.`,
      'Load the monitor that belongs to this Bitbench.'
    )
  }
  return {
    place,
    execute: (count, first) =>
      session.run(
        {
          inputAddress: place.inputAddress,
          outputAddress: place.outputAddress,
          count,
          perLayer: true,
          clearCounters: first === 0
        },
        { signal: options.signal }
      ),
    layerCounters: () => session.counters(0, prepared.layerCount)
  }
}
