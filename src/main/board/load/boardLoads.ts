import { crc32 } from 'node:zlib'
import type { Conversation } from '../../../core/board/conversation'
import { espLoad } from '../../../core/board/loaders/esp'
import type { ResetLines } from '../../../core/board/loaders/bootLines'
import type { FlashRange } from '../../../core/board/loaders/flashRom'
import { sflLoad } from '../../../core/board/loaders/sfl'
import { stmLoad } from '../../../core/board/loaders/stm'
import { wchLoad } from '../../../core/board/loaders/wch'
import { chipOfLoader, type FlashLoader, flashOf } from '../../../core/board/description/flashBoards'
import { ubootLoad } from '../../../core/board/loaders/uboot'
import type { LoaderName } from '../../../shared/contract/board/boardFiles'
import type { BoardDescription } from '../../../shared/contract/board/boardDescription'
import { countOf, formatBytes, formatHex } from '../../../shared/units'
import type { BoardSession } from '../boardSession'
import { asOneBlock, checkAgainstRam, type LoadImage } from './loadFile'

/** Result of a load. */
export interface LoadOutcome {
  /** CRC-32 that both sides agree on; null where the loader cannot ask. */
  crc32: number | null
  result: string
}

/** What is loaded, with which loader, and whether it is started. */
export interface LoadOptions {
  loader: LoaderName
  image: LoadImage
  start: boolean
  /** Of the board, for loaders that write flash; default the flash of the chip they were made for, and no lines. */
  described?: Pick<BoardDescription, 'flash' | 'resetLines'> | null
  signal: AbortSignal
  onProgress: (doneBytes: number, note: string) => void
}

/**
 * How long a transfer may go without a byte that was not there before. A loader may have to begin again, and a board on a simulator be as
 * slow as it likes while it confirms: at this rate all of it would be there once more.
 */
const stallRate = 300
const stallMs = (sizeBytes: number): number => 60_000 + (sizeBytes / stallRate) * 1_000

/** Carries an image over a leased board's line with the chosen loader. */
export async function loadOver(session: BoardSession, options: LoadOptions): Promise<LoadOutcome> {
  switch (options.loader) {
    case 'monitor':
      return await throughMonitor(session, options)
    case 'sfl':
      return await throughSfl(session, options)
    case 'esp':
      return await throughEsp(session, options)
    case 'stm':
      return await throughStm(session, options)
    case 'wch':
      return await throughWch(session, options)
    case 'ymodem':
    case 'xmodem':
    case 'kermit':
      return await throughUboot(session, options, options.loader)
  }
}

async function throughMonitor(
  session: BoardSession,
  { image, start, signal, onProgress }: LoadOptions
): Promise<LoadOutcome> {
  // All of it before any of it: a file that does not fit must not be loaded by half.
  checkAgainstRam(image, session.info.ram)
  let doneBefore = 0
  let crc: number | null = null
  for (const segment of image.segments) {
    const reply = await session.upload(segment.address, segment.bytes, {
      signal,
      onProgress: (done) => onProgress(doneBefore + done, 'uploading')
    })
    crc = image.segments.length === 1 ? reply.crc : null
    doneBefore += segment.bytes.length
  }
  if (!start) return { crc32: crc, result: `${formatBytes(image.sizeBytes)} verified` }
  const { returned, cycles } = await session.call(image.entry, 0, 0, { signal })
  return { crc32: crc, result: `returned ${returned} after ${cycles} cycles` }
}

/** Carries out the transfer of a loader; `sizeBytes` are sent. */
async function transfer<T>(
  session: BoardSession,
  loader: Conversation<T>,
  sizeBytes: number,
  { signal, onProgress }: LoadOptions
): Promise<T> {
  return await session.converse(loader, {
    signal,
    stallMs: stallMs(sizeBytes),
    onProgress: ({ doneBytes, note }) => onProgress(doneBytes, note)
  })
}

async function throughSfl(session: BoardSession, options: LoadOptions): Promise<LoadOutcome> {
  const { image, start } = options
  const loader = sflLoad({ segments: image.segments, jumpAddress: start ? image.entry : null })
  const loaded = await transfer(session, loader, image.sizeBytes, options)
  const repeats = loaded.repeatedFrames === 0 ? '' : `, ${loaded.repeatedFrames} frames repeated`
  return {
    crc32: null,
    result: `every frame confirmed (${countOf(loaded.frameBytes, 'byte')}, window ${loaded.window}${repeats})${loaded.jumped ? ', started' : ''}`
  }
}

async function throughEsp(session: BoardSession, options: LoadOptions): Promise<LoadOutcome> {
  const { image, start } = options
  const loader = espLoad({ segments: image.segments, entry: start ? image.entry : null })
  const loaded = await transfer(session, loader, image.sizeBytes, options)
  const repeats =
    loaded.repeatedSegments === 0 ? '' : `, ${countOf(loaded.repeatedSegments, 'segment')} repeated`
  return {
    crc32: null,
    result: `every block confirmed by the ROM of the ${loaded.chip}${repeats}${loaded.started ? ', started' : ''}`
  }
}

/** The flash that a loader in ROM writes, and how its chip is reset. */
function flashTarget(
  { described }: LoadOptions,
  loader: FlashLoader
): { flash: FlashRange; resetLines: ResetLines } {
  return {
    flash: described?.flash ?? flashOf(chipOfLoader[loader]),
    resetLines: described?.resetLines ?? 'none'
  }
}

async function throughStm(session: BoardSession, options: LoadOptions): Promise<LoadOutcome> {
  const { image, start } = options
  const entry = start ? image.entry : null
  const loader = stmLoad({ segments: image.segments, entry, ...flashTarget(options, 'stm') })
  const loaded = await transfer(session, loader, image.sizeBytes, options)
  return {
    crc32: null,
    result: `${countOf(loaded.erasedPages, 'page')} erased, every block read back (ROM ${loaded.version}, chip ${formatHex(loaded.chipId)})${loaded.started ? ', started' : ''}`
  }
}

async function throughWch(session: BoardSession, options: LoadOptions): Promise<LoadOutcome> {
  const { image, start } = options
  const loader = wchLoad({ segments: image.segments, start, ...flashTarget(options, 'wch') })
  const loaded = await transfer(session, loader, image.sizeBytes, options)
  return {
    crc32: null,
    result: `every block verified (${loaded.chip}, ROM ${loaded.version})${start ? (loaded.started ? ', reset' : ', a reset was sent and not confirmed') : ''}`
  }
}

async function throughUboot(
  session: BoardSession,
  options: LoadOptions,
  method: 'ymodem' | 'xmodem' | 'kermit'
): Promise<LoadOutcome> {
  const { image, start } = options
  const block = asOneBlock(image)
  const crc = crc32(block.bytes)
  const loader = ubootLoad({
    name: image.name,
    ...block,
    method,
    crc32: crc,
    start: start ? { entry: image.entry, programReturns: false } : null
  })
  await transfer(session, loader, block.bytes.length, options)
  return { crc32: crc, result: start ? 'verified by U-Boot, started' : 'verified by U-Boot' }
}
