import { crc32 } from 'node:zlib'
import type { BoardInfo } from '../../../core/board/boardInfo'
import { monitorImages } from '../../../core/board/description/monitorImages'
import { shippedBoards } from '../../../core/board/description/shippedBoards'
import type { MonitorLists } from '../../../core/board/counterRecord'
import { fillInLitexMonitor } from '../../../core/board/litexMonitor'
import { awaitBanner, type BootLoader, detectBootLoader } from '../../../core/board/loaders/detect'
import {
  describeUbootBoard,
  fillInSupervisorMonitor,
  placeSupervisorMonitor
} from '../../../core/board/supervisorMonitor'
import { monitorFor } from '../../../core/board/monitorChoice'
import type { BootLoaderName } from '../../../shared/contract/board/boardBoot'
import type { BoardDescription } from '../../../shared/contract/board/boardDescription'
import { AppError } from '../../../shared/errors'
import type { BoardAdapters } from '../boardAdapters'
import { loadOver } from './boardLoads'
import type { BoardSession } from '../boardSession'
import type { LoadImage } from './loadFile'

/** Reads a monitor image, or one of its lists, by name. */
export type ReadMonitor = BoardAdapters['readMonitor']

/** How a monitor is brought onto a board. */
export interface BootOptions {
  /** `auto`: SFL for a LiteX BIOS, YMODEM for U-Boot. */
  loader: BootLoaderName
  /** What was given of the board; null when nothing was: a U-Boot board is then described by its own device tree. */
  description: BoardDescription | null
  /** A flat monitor image of resources/firmware/build, by name, or the list of the words in it that are addresses or read counters. */
  readMonitor: ReadMonitor
  signal: AbortSignal
  onProgress: (doneBytes: number, totalBytes: number, note: string) => void
}

/** The monitor that runs now, and how it was loaded. */
export interface BootOutcome {
  info: BoardInfo
  image: LoadImage
  loader: 'sfl' | 'ymodem' | 'xmodem'
  crc32: number | null
  result: string
  /** What the monitor said when it started; empty when that was not seen. */
  banner: string
}

/**
 * Makes a board in its boot loader a Bitbench board: finds out which loader it is, carries the monitor that fits, starts it and
 * says hello.
 *
 * @throws loader.noPrompt, input.invalid (a LiteX board without a description), input.unsupported (no monitor for this
 *   board), what the loaders throw, board.notMonitor, board.crcMismatch
 */
export async function bootMonitor(session: BoardSession, options: BootOptions): Promise<BootOutcome> {
  const { signal, onProgress } = options
  onProgress(0, 0, 'looking for a boot loader')
  const found = await session.converse(detectBootLoader(), { signal })
  const loader = chooseLoader(options.loader, found)
  const image = await imageFor(found, options)
  const { crc32: crc, result } = await loadOver(session, {
    loader,
    image,
    start: true,
    signal,
    onProgress: (done, note) => onProgress(done, image.sizeBytes, note)
  })
  onProgress(image.sizeBytes, image.sizeBytes, 'waiting for the monitor')
  // An earlier hello would be lost, and count as a fault of the line.
  const banner = (await session.converse(awaitBanner(), { signal })) ?? ''
  const { buildId } = await session.hello({ signal })
  checkBuild(buildId, image)
  if (options.description !== null) session.describe(describedCore(options.description))
  const { info } = session
  return { info, image, loader, crc32: crc, banner, result: `${result}; ${info.coreName}, ${info.isa}` }
}

/** Name and ISA of the core as the description has them; the monitor cannot read them where the CSRs have no identity. */
function describedCore({ name, isa }: BoardDescription): { coreName?: string; isa?: string } {
  return { ...(name === null ? {} : { coreName: name }), ...(isa === null ? {} : { isa }) }
}

/**
 * The monitor computes the CRC-32 of itself where it lies. SFL confirms frames, not the whole, and a bad line can forge
 * such a confirmation.
 */
function checkBuild(buildId: number, image: LoadImage): void {
  const sent = crc32(image.segments[0].bytes)
  if (buildId === sent) return
  throw new AppError(
    'board.crcMismatch',
    `A monitor replies, but its code has CRC 0x${buildId.toString(16)}; sent was 0x${sent.toString(16)}.`,
    'Reset the board and bring the monitor up again; if it stays, lower the baud rate or change the cable.',
    { details: { buildId, sent } }
  )
}

function chooseLoader(wanted: BootLoaderName, found: BootLoader): BootOutcome['loader'] {
  const own = found.kind === 'litex' ? 'sfl' : 'ymodem'
  if (wanted === 'auto') return own
  if ((wanted === 'sfl') === (found.kind === 'litex')) return wanted
  throw new AppError(
    'input.invalid',
    `The board is in ${found.kind === 'litex' ? 'a LiteX BIOS' : 'U-Boot'}, which does not take ${wanted}.`,
    `Leave the loader to Bitbench, or choose ${own}.`
  )
}

async function imageFor(found: BootLoader, options: BootOptions): Promise<LoadImage> {
  const { description } = options
  if (found.kind === 'litex') return await litexImage(description, options.readMonitor)
  if (found.supervisor) return await supervisorImage(found, options)
  const name = monitorFor(found.isa ?? 'rv64imac')
  if (name !== 'monitor-rv64' && name !== 'monitor-rvv') throw narrowCore(found.isa)
  const { uart } = shippedBoards['qemu-uboot']
  const base = description?.uart.base ?? found.uart?.base ?? uart.base
  if (base !== uart.base) {
    throw new AppError(
      'input.unsupported',
      `The console of this board is a UART at 0x${base.toString(16)}; the monitor for U-Boot speaks over an NS16550A at 0x${uart.base.toString(16)}.`,
      'Build the monitor with -DUART_BASE= for this board (docs/firmware.md) and load it with its address.'
    )
  }
  return flatImage(name, await options.readMonitor(name), monitorImages.virt64.base)
}

async function litexImage(
  description: BoardDescription | null,
  readMonitor: ReadMonitor
): Promise<LoadImage> {
  if (description === null) {
    throw new AppError(
      'input.invalid',
      'This is a LiteX board, and no description says where its UART is.',
      'Give the csr.csv or csr.json that LiteX wrote beside the bitstream (--soc csr.csv).'
    )
  }
  checkForm(description, 'litex', 'a LiteX BIOS')
  const { image, lists } = await readMovable(monitorImages.litex.image, readMonitor)
  const filled = fillInLitexMonitor(image, description, lists)
  return flatImage(monitorImages.litex.image, filled, description.ram.base)
}

/** The monitor for a U-Boot in supervisor mode, filled in from its device tree or from the description that was given. */
async function supervisorImage(
  found: Extract<BootLoader, { kind: 'uboot' }>,
  { description: given, readMonitor }: BootOptions
): Promise<LoadImage> {
  if (found.isa !== null && !found.isa.startsWith('rv64')) throw narrowCore(found.isa)
  const description = describedBoard(found, given)
  const { image, lists } = await readMovable(monitorImages.supervisor.image, readMonitor)
  const filled = fillInSupervisorMonitor(image, lists, description)
  return flatImage(monitorImages.supervisor.image, filled, description.ram.base)
}

/** What was given of the board, in the RAM that U-Boot itself says is free. */
function describedBoard(
  { uart, isa, board }: Extract<BootLoader, { kind: 'uboot' }>,
  given: BoardDescription | null
): BoardDescription {
  if (given !== null) {
    checkForm(given, 'supervisor', 'a U-Boot in supervisor mode')
    if (board === undefined || board.banks.length === 0) return given
    const { start, end } = placeSupervisorMonitor(board)
    return { ...given, ram: { base: start, sizeBytes: end - start } }
  }
  if (uart !== null && board !== undefined) return describeUbootBoard(board, uart, isa)
  throw new AppError(
    'input.unsupported',
    'This U-Boot runs in supervisor mode, and its device tree names no NS16550A or DW_apb_uart as the console.',
    'Nothing was sent. Give a description of the board (--description FILE), or use a U-Boot with the command fdt and a console of that kind.'
  )
}

function checkForm({ monitor }: BoardDescription, wanted: BoardDescription['monitor'], where: string): void {
  if (monitor === wanted) return
  throw new AppError(
    'input.invalid',
    `The board is in ${where}, and the description is for the monitor "${monitor}".`,
    `Give a description whose monitor is "${wanted}".`
  )
}

/** A monitor that can be moved to where the board's RAM is, and the lists of its words that are addresses or read counters. */
async function readMovable(
  name: string,
  readMonitor: ReadMonitor
): Promise<{ image: Uint8Array; lists: MonitorLists }> {
  const read = async (ending: 'addresses' | 'counters'): Promise<string> =>
    new TextDecoder().decode(await readMonitor(name, ending))
  const lists = { addresses: await read('addresses'), counters: await read('counters') }
  return { image: await readMonitor(name), lists }
}

function narrowCore(isa: string | null): AppError {
  return new AppError(
    'input.unsupported',
    `This U-Boot runs on a 32-bit core (${isa ?? 'unknown'}); the monitor for U-Boot is a 64-bit program.`,
    'Build the monitor for this board (docs/firmware.md) and load it with its address.'
  )
}

function flatImage(name: string, bytes: Uint8Array, address: number): LoadImage {
  return { name: `${name}.bin`, segments: [{ address, bytes }], entry: address, sizeBytes: bytes.length }
}
