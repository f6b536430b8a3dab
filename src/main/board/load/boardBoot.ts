import { formatHex } from '../../../shared/units'
import { crc32 } from 'node:zlib'
import type { BoardInfo } from '../../../core/board/boardInfo'
import { chipOfLoader, type FlashLoader, isFlashLoader } from '../../../core/board/description/flashBoards'
import {
  executesInPlace,
  type MonitorImage,
  monitorImages
} from '../../../core/board/description/monitorImages'
import { readDescribedMonitor } from '../../../core/board/describedMonitor'
import { splitIsa } from '../../../core/board/isaParts'
import { shippedBoards } from '../../../core/board/description/shippedBoards'
import { findEsp } from '../../../core/board/loaders/esp'
import type { EspIdentity } from '../../../core/board/loaders/espRom'
import { awaitBanner, type BootLoader, detectBootLoader } from '../../../core/board/loaders/detect'
import { describeUbootBoard, placeSupervisorMonitor } from '../../../core/board/supervisorMonitor'
import { isLikeVirt64, monitorFor } from '../../../core/board/monitorChoice'
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
  /** `auto`: SFL for a LiteX BIOS, YMODEM for U-Boot, Kermit over a SiFive UART, esp where the description says so. */
  loader: BootLoaderName
  /** What was given of the board; null when nothing was: a U-Boot board is then described by its own device tree. */
  description: BoardDescription | null
  /** A flat monitor image of resources/firmware/build, by name, or the list of the words in it that are addresses or read counters. */
  readMonitor: ReadMonitor
  nowMs: () => number
  signal: AbortSignal
  onProgress: (doneBytes: number, totalBytes: number, note: string) => void
}

/** The monitor that runs now, and how it was loaded. */
export interface BootOutcome {
  info: BoardInfo
  image: LoadImage
  loader: 'sfl' | 'ymodem' | 'xmodem' | 'kermit' | 'esp' | FlashLoader
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
 *   board), what the loaders throw, board.notMonitor, board.crcMismatch, board.refused (a unit that is described and not there)
 */
export async function bootMonitor(session: BoardSession, options: BootOptions): Promise<BootOutcome> {
  const { signal, onProgress } = options
  onProgress(0, 0, 'looking for a boot loader')
  const relayed = { signal, onProgress: ({ note }: { note: string }): void => onProgress(0, 0, note) }
  const inFlash = flashLoader(options)
  if (inFlash !== null) {
    const board = options.description ?? shippedBoards[chipOfLoader[inFlash]]
    checkInPlace(board, inFlash)
    return await carry(session, inFlash, await describedImage(board, options.readMonitor), options, board)
  }
  // The ROM of an ESP32 has no prompt, and its modem lines are touched where it was named alone.
  const isEsp =
    options.loader === 'esp' || (options.loader === 'auto' && options.description?.loader === 'esp')
  const found: BootLoader = isEsp ? { kind: 'esp' } : await session.converse(detectBootLoader(), relayed)
  const loader = chooseLoader(options.loader, found)
  const image =
    found.kind === 'esp'
      ? await describedImage(
          espBoard(await session.converse(findEsp(), relayed), options.description),
          options.readMonitor
        )
      : await imageFor(found, options)
  return await carry(session, loader, image, options, options.description)
}

/** Loads the monitor, waits until it runs, and identifies it. */
async function carry(
  session: BoardSession,
  loader: BootOutcome['loader'],
  image: LoadImage,
  options: BootOptions,
  description: BoardDescription | null
): Promise<BootOutcome> {
  const { signal, onProgress } = options
  const beganMs = options.nowMs()
  const { crc32: crc, result } = await loadOver(session, {
    loader,
    image,
    start: true,
    described: description,
    signal,
    onProgress: (done, note) => onProgress(done, image.sizeBytes, note)
  })
  onProgress(image.sizeBytes, image.sizeBytes, 'waiting for the monitor')
  // An earlier hello would be lost, and count as a fault of the line.
  const banner = (await session.converse(awaitBanner(options.nowMs() - beganMs), { signal })) ?? ''
  // Another program runs now: what an earlier description said would stand in for what this one found.
  session.describe({})
  const { buildId, isa } = await session.hello({ signal })
  checkBuild(buildId, image)
  checkUnit(isa, image)
  if (description !== null) session.describe(describedCore(description))
  const { info } = session
  return { info, image, loader, crc32: crc, banner, result: `${result}; ${info.coreName}, ${info.isa}` }
}

/** The loader in ROM that was named, or belongs to the described board; these ROMs print nothing, so none is looked for. */
function flashLoader({ loader, description }: BootOptions): FlashLoader | null {
  const wanted = loader === 'auto' ? description?.loader : loader
  return isFlashLoader(wanted) ? wanted : null
}

/** @throws input.invalid for a description whose monitor is loaded into RAM */
function checkInPlace({ monitor }: BoardDescription, loader: FlashLoader): void {
  if (executesInPlace(monitor)) return
  throw new AppError(
    'input.invalid',
    `The loader ${loader} writes flash, and the monitor "${monitor}" runs in RAM.`,
    'Give a description whose monitor is "flash" or "flashSmall" (bitbench board describe --name gd32vf103 --json).'
  )
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
    `A monitor replies, but its code has CRC ${formatHex(buildId)}; sent was ${formatHex(sent)}.`,
    'Reset the board and bring the monitor up again; if it stays, lower the baud rate or change the cable.',
    { details: { buildId, sent } }
  )
}

/**
 * All kernels of this monitor use the unit, and what the description says of the core replaces what the monitor found: a unit that
 * is missing, or gives other results, would not be seen any more.
 *
 * @throws board.refused
 */
function checkUnit(isa: string, { name }: LoadImage): void {
  if (name !== 'monitor-litex-cfu.bin' || splitIsa(isa).extensions.includes('xbbcfu')) return
  throw new AppError(
    'board.refused',
    `The description names xbbcfu, and the monitor found no unit that does what docs/isa.md says (${isa}).`,
    'Build the SoC with --cpu-variant full+cfu and the unit of this Bitbench (resources/rtl/cfu), or take xbbcfu out of the description’s isa.'
  )
}

/** Where a board is, for messages. */
const places = { litex: 'a LiteX BIOS', uboot: 'U-Boot', esp: 'the ROM of an ESP32' } as const

/** @throws input.invalid for a loader that is not taken there */
function chooseLoader(wanted: BootLoaderName, found: BootLoader): BootOutcome['loader'] {
  const own = ownLoader(found)
  if (wanted === 'auto') return own
  const isTaken = found.kind === 'uboot' ? ['ymodem', 'xmodem', 'kermit'].includes(wanted) : wanted === own
  if (isTaken) return wanted
  throw new AppError(
    'input.invalid',
    `The board is in ${places[found.kind]}, which does not take ${wanted}.`,
    `Leave the loader to Bitbench, or choose ${own}.`
  )
}

function ownLoader(found: BootLoader): BootOutcome['loader'] {
  if (found.kind === 'esp') return 'esp'
  if (found.kind === 'litex') return 'sfl'
  // U-Boot's driver of SiFive's UART loses zero bytes.
  return found.uart?.kind === 'sifive' ? 'kermit' : 'ymodem'
}

/** Returns the given description of the board, or that of the chip that was found, on the line that its ROM uses. */
function espBoard({ chip, isUsb }: EspIdentity, given: BoardDescription | null): BoardDescription {
  const found = shippedBoards[`esp32-${chip.map}${isUsb ? '-usb' : ''}`]
  if (given === null) return found
  checkForm(given, found.monitor, `the ROM of an ${chip.name}`)
  return given
}

async function imageFor(
  found: Exclude<BootLoader, { kind: 'esp' }>,
  options: BootOptions
): Promise<LoadImage> {
  const { description: given, readMonitor } = options
  // The boot loader of resources/rtl speaks as a LiteX BIOS does.
  if (found.kind === 'litex' && given?.monitor === 'icebreaker')
    return flatImage(
      'monitor-icebreaker',
      await readMonitor('monitor-icebreaker'),
      monitorImages.icebreaker.base
    )
  if (found.kind === 'litex') return await describedImage(litexBoard(given), readMonitor)
  if (found.supervisor) {
    if (found.isa !== null && !found.isa.startsWith('rv64'))
      throw narrowCore(found.isa, 'Load another program, or use a U-Boot in machine mode.')
    return await describedImage(supervisorBoard(found, given), readMonitor)
  }
  const description = machineBoard(found, given)
  if (description !== null) return await describedImage(description, readMonitor)
  const name = monitorFor(found.isa ?? 'rv64imac')
  if (name !== 'monitor-rv64' && name !== 'monitor-rvv')
    throw narrowCore(
      found.isa,
      'Give a description of the board whose monitor is "machine" (--description FILE).'
    )
  return flatImage(name, await readMonitor(name), monitorImages.virt64.base)
}

/** Returns the monitor that is filled in for a described board. */
async function describedImage(board: BoardDescription, readMonitor: ReadMonitor): Promise<LoadImage> {
  const { codeDistance = 0, ramBase, base }: MonitorImage = monitorImages[board.monitor]
  const { name, image } = await readDescribedMonitor(board, readMonitor)
  return flatImage(name, image, ramBase === undefined ? board.ram.base : base, codeDistance)
}

function litexBoard(given: BoardDescription | null): BoardDescription {
  if (given === null) {
    throw new AppError(
      'input.invalid',
      'This is a LiteX board, and no description says where its UART is.',
      'Give the csr.csv or csr.json that LiteX wrote beside the bitstream (--soc csr.csv). For an iCEBreaker of resources/rtl: bitbench board describe --name icebreaker --json > FILE, and --description FILE.'
    )
  }
  checkForm(given, 'litex', 'a LiteX BIOS')
  return given
}

type FoundUboot = Extract<BootLoader, { kind: 'uboot' }>

/** Returns the given description of the board, or that of its device tree, with the RAM that U-Boot reports as free. */
function supervisorBoard(found: FoundUboot, given: BoardDescription | null): BoardDescription {
  if (given !== null) {
    checkForm(given, 'supervisor', 'a U-Boot in supervisor mode')
    return inFreeRam(found, given)
  }
  if (found.uart !== null) return describeUbootBoard(found.board, found.uart, found.isa)
  throw new AppError(
    'input.unsupported',
    'This U-Boot runs in supervisor mode, and its device tree names no NS16550A, DW_apb_uart or SiFive UART as the console.',
    'Nothing was sent. Give a description of the board (--description FILE), or use a U-Boot with the command fdt and a console of that kind.'
  )
}

/** Returns the description of a board in machine mode for which a monitor is filled in; null where it is used as built. */
function machineBoard(found: FoundUboot, given: BoardDescription | null): BoardDescription | null {
  if (given?.monitor === 'machine') return inFreeRam(found, given)
  if (given !== null) checkForm(given, 'virt64', 'a U-Boot in machine mode')
  const { uart, isa, board } = found
  if (uart === null || isLikeVirt64({ uart, isa, banks: board.banks })) return null
  return describeUbootBoard(board, uart, isa, 'machine')
}

function inFreeRam({ board }: FoundUboot, given: BoardDescription): BoardDescription {
  if (board.banks.length === 0) return given
  const { start, end } = placeSupervisorMonitor(board)
  return { ...given, ram: { base: start, sizeBytes: end - start } }
}

function checkForm({ monitor }: BoardDescription, wanted: BoardDescription['monitor'], where: string): void {
  if (monitor === wanted) return
  throw new AppError(
    'input.invalid',
    `The board is in ${where}, and the description is for the monitor "${monitor}".`,
    `Give a description whose monitor is "${wanted}".`
  )
}

function narrowCore(isa: string | null, hint: string): AppError {
  return new AppError(
    'input.unsupported',
    `This U-Boot runs on a 32-bit core (${isa ?? 'unknown'}), and the monitor for it is a 64-bit program.`,
    `Nothing was sent. ${hint}`
  )
}

/** @param codeDistance how far above its data the image starts */
function flatImage(name: string, bytes: Uint8Array, address: number, codeDistance = 0): LoadImage {
  return {
    name: `${name}.bin`,
    segments: [{ address, bytes }],
    entry: address + codeDistance,
    sizeBytes: bytes.length
  }
}
