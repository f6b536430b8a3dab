import type { BoardInfo } from '../../core/board/boardInfo'
import type { LayerCounters, PreparedImage, RunRequest, Spent } from '../../core/board/protocol'
import { alignUp } from '../../core/deploy/planner'
import type { QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import { AppError } from '../../shared/errors'

/** The part of a leased board session that deploying needs. */
export interface DeploySession {
  readonly info: BoardInfo
  upload(
    address: number,
    bytes: Uint8Array,
    options?: { signal?: AbortSignal; onProgress?: (doneBytes: number, totalBytes: number) => void }
  ): Promise<unknown>
  read(address: number, length: number): Promise<Uint8Array>
  /** @param arenaAddress of an Image in flash */
  prepare(imageAddress: number, arenaAddress?: number | null): Promise<PreparedImage>
  run(request: RunRequest, options?: { signal?: AbortSignal }): Promise<Spent>
  counters(first: number, count: number): Promise<LayerCounters[]>
  call(
    entry: number,
    a0: number,
    a1: number,
    options?: { signal?: AbortSignal }
  ): Promise<Spent & { returned: number }>
}

/** What a network needs to know of its inputs and outputs to be run over many images. */
export interface InputOutput {
  inputBytes: number
  outputCount: number
}

/** Bytes of an input and number of outputs. */
export function ioOf(network: QuantizedNetwork): { inputBytes: number; outputCount: number } {
  const [height, width, channels] = network.inputShape
  return { inputBytes: height * width * channels, outputCount: network.outputCount }
}

/** Images run by one `run` command: enough to hide the round trip, few enough for live progress. */
const maxImagesPerRun = 16

/** Bytes of one image's result: int32 logits and the argmax behind them. */
export const outputBytes = (outputCount: number): number => 4 * (outputCount + 1)

/** Where inputs and outputs of a batch lie above `freeFrom`, and how many images fit. */
export interface BatchPlace {
  inputAddress: number
  outputAddress: number
  images: number
}

/**
 * Places inputs and outputs of as many images as fit behind `freeFrom`.
 *
 * @throws deploy.outOfMemory with the bytes that are missing when not even one image fits
 */
export function placeBatch(info: Pick<BoardInfo, 'ram'>, freeFrom: number, io: InputOutput): BatchPlace {
  const inputAddress = alignUp(freeFrom, 16)
  const perImage = io.inputBytes + outputBytes(io.outputCount)
  // The two regions are each aligned to 16 bytes.
  const space = info.ram.high - inputAddress - 32
  const images = Math.min(maxImagesPerRun, Math.floor(space / perImage))
  if (images < 1) {
    throw new AppError(
      'deploy.outOfMemory',
      `One image and its outputs need ${perImage} bytes beside the network; ${Math.max(0, space)} are left: ${perImage - Math.max(0, space)} bytes short.`,
      'Lower the bits of the largest layers, or choose a board with more RAM.',
      { details: { shortfallBytes: perImage - Math.max(0, space) } }
    )
  }
  return { inputAddress, outputAddress: alignUp(inputAddress + images * io.inputBytes, 16), images }
}

/** Runs `count` inputs that lie at the place; `first` is the number of the first image. */
export type BatchExecution = (count: number, first: number) => Promise<Spent>

/** Outputs and counters of a batch of images. */
export interface BatchResult {
  /** First image of the batch. */
  first: number
  count: number
  /** count x (outputCount + 1): logits and argmax. */
  outputs: Int32Array
  spent: Spent
}

/** Runs what lies on the board over all inputs, a batch at a time. */
export async function* runBatches(
  session: DeploySession,
  place: BatchPlace,
  io: InputOutput,
  codes: Int8Array,
  total: number,
  execute: BatchExecution,
  signal: AbortSignal
): AsyncGenerator<BatchResult> {
  for (let first = 0; first < total; first += place.images) {
    signal.throwIfAborted()
    const count = Math.min(place.images, total - first)
    const from = first * io.inputBytes
    const batch = codes.subarray(from, from + count * io.inputBytes)
    await session.upload(place.inputAddress, new Uint8Array(batch.buffer, batch.byteOffset, batch.length), {
      signal
    })
    const spent = await execute(count, first)
    const bytes = await session.read(place.outputAddress, count * outputBytes(io.outputCount))
    yield { first, count, outputs: littleEndianWords(bytes), spent }
  }
}

function littleEndianWords(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Int32Array.from({ length: bytes.length >> 2 }, (_, index) => view.getInt32(4 * index, true))
}
