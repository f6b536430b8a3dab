import { crc32 } from 'node:zlib'
import type { BoardInfo } from '../../../core/board/boardInfo'
import { checkLitexCore } from '../../../core/board/litexCore'
import { fillInLitexMonitor } from '../../../core/board/litexMonitor'
import type { LitexSoc } from '../../../core/board/litexSoc'
import { awaitBanner, type BootLoader, detectBootLoader } from '../../../core/board/loaders/detect'
import { fillInSupervisorMonitor, placeSupervisorMonitor } from '../../../core/board/supervisorMonitor'
import { monitorFor } from '../../../core/board/monitorChoice'
import type { BootLoaderName } from '../../../shared/contract/board/boardBoot'
import { AppError } from '../../../shared/errors'
import { loadOver } from './boardLoads'
import type { BoardSession } from '../boardSession'
import type { LoadImage } from './loadFile'

/** Reads a monitor image by name. */
export type ReadMonitor = (name: string, ending?: 'bin' | 'addresses') => Promise<Uint8Array>

/** How a monitor is brought onto a board. */
export interface BootOptions {
  /** `auto`: SFL for a LiteX BIOS, YMODEM for U-Boot. */
  loader: BootLoaderName
  /** Description of a LiteX SoC; null for other boards, or when none was given. */
  soc: LitexSoc | null
  /** A flat monitor image of resources/firmware/build, by name, or the list of the words in it that are addresses. */
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

/** Where monitor-rv64.bin and monitor-rvv.bin are linked (scripts/firmware.mjs), and the UART they speak over. */
const ubootMonitorBase = 0x8080_0000
const ubootMonitorUart = 0x1000_0000

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
  if (found.kind === 'litex' && options.soc !== null) session.describe(describedCore(options.soc))
  const { info } = session
  return { info, image, loader, crc32: crc, banner, result: `${result}; ${info.coreName}, ${info.isa}` }
}

/** Name and ISA of the core as the SoC's description has them; the monitor cannot read them, for LiteX cores have no identity in their CSRs. */
function describedCore({ core }: LitexSoc): { coreName?: string; isa?: string } {
  const name = core.name ?? (core.type === null ? null : [core.type, core.variant ?? ''].join(' ').trim())
  return { ...(name === null ? {} : { coreName: name }), ...(core.isa === null ? {} : { isa: core.isa }) }
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

async function imageFor(found: BootLoader, { soc, readMonitor }: BootOptions): Promise<LoadImage> {
  if (found.kind === 'litex') {
    if (soc === null) {
      throw new AppError(
        'input.invalid',
        'This is a LiteX board, and no description says where its UART is.',
        'Give the csr.csv or csr.json that LiteX wrote beside the bitstream (--soc csr.csv).'
      )
    }
    checkLitexCore(soc.core)
    const { image, addresses } = await readMovable('monitor-litex', readMonitor)
    return flatImage('monitor-litex', fillInLitexMonitor(image, soc, addresses), soc.ramBase)
  }
  if (found.supervisor) return await supervisorImage(found, readMonitor)
  const name = monitorFor(found.isa ?? 'rv64imac')
  if (name !== 'monitor-rv64' && name !== 'monitor-rvv') {
    throw narrowCore(found.isa)
  }
  if (found.uart !== null && found.uart.address !== ubootMonitorUart + 2) {
    throw new AppError(
      'input.unsupported',
      `The console of this board is a UART at 0x${(found.uart.address - 2).toString(16)}; the monitor for U-Boot speaks over an NS16550A at 0x${ubootMonitorUart.toString(16)}.`,
      'Build the monitor with -DUART_BASE= for this board (docs/firmware.md) and load it with its address.'
    )
  }
  return flatImage(name, await readMonitor(name), ubootMonitorBase)
}

/** The monitor for a U-Boot in supervisor mode, filled in from its device tree. */
async function supervisorImage(
  { uart, isa, board }: Extract<BootLoader, { kind: 'uboot' }>,
  readMonitor: ReadMonitor
): Promise<LoadImage> {
  if (isa !== null && !isa.startsWith('rv64')) throw narrowCore(isa)
  if (uart === null || board === undefined) {
    throw new AppError(
      'input.unsupported',
      'This U-Boot runs in supervisor mode, and its device tree names no NS16550A or DW_apb_uart as the console.',
      'Nothing was sent. The monitor must know its UART; use a U-Boot with the command fdt and a console of that kind.'
    )
  }
  const place = placeSupervisorMonitor(board)
  const { image, addresses } = await readMovable('monitor-rv64s', readMonitor)
  const filled = fillInSupervisorMonitor(image, addresses, place, { uart, ...board })
  return flatImage('monitor-rv64s', filled, place.start)
}

/** A monitor that can be moved to where the board's RAM is, and the list of its words that are addresses. */
async function readMovable(
  name: string,
  readMonitor: ReadMonitor
): Promise<{ image: Uint8Array; addresses: string }> {
  const list = await readMonitor(name, 'addresses')
  return { image: await readMonitor(name), addresses: new TextDecoder().decode(list) }
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
