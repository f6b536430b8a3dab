import { AppError } from '../../shared/errors'
import type { BoardDescription, MonitorForm } from '../../shared/contract/board/boardDescription'
import { asciiBytes } from '../binary/bytes'
import { decodeUtf8 } from '../binary/utf8'
import { fillInCounters, type MonitorLists } from './counterRecord'
import { checkMonitorRam, ramEnd } from './description/checkDescription'
import { type MonitorImage, monitorImages } from './description/monitorImages'
import { findImageRecord } from './imageRecord'
import { splitIsa } from './isaParts'
import { fillInLitexMonitor } from './litexMonitor'
import { moveImage } from './movedImage'

/** The record of resources/firmware/describedBoard.h. */
const magic = 'BBBOARD1'
const nameAt = 40
const nameBytes = 40
const recordBytes = nameAt + nameBytes
const uartKinds = { ns16550: 0, sifive: 1, esp: 2, espUsb: 3, usart: 4 } as const

/** Forms that the host makes for one board. */
type FilledInForm = {
  [F in MonitorForm]: (typeof monitorImages)[F]['isFilledIn'] extends true ? F : never
}[MonitorForm]

const isFilledIn = (form: MonitorForm): form is FilledInForm => monitorImages[form].isFilledIn

/** What the monitor of a described board is made from: names of files in resources/firmware/build, without extension. */
const imageNames: Record<FilledInForm, (isa: string | null) => string> = {
  litex: (isa) => {
    const { base, extensions } = splitIsa(isa ?? '')
    if (base.startsWith('rv64')) return 'monitor-litex64'
    return extensions.includes('xbbcfu') ? 'monitor-litex-cfu' : 'monitor-litex'
  },
  supervisor: () => 'monitor-rv64s',
  esp32c3: () => 'monitor-esp32c3',
  esp32c6: () => 'monitor-esp32c6',
  flash: () => 'monitor-flash',
  flashSmall: () => 'monitor-flash-small',
  machine: (isa) => (isa?.startsWith('rv32') === true ? 'monitor-rv32m' : 'monitor-rv64m')
}

/**
 * Name of the image that is filled in for a board.
 *
 * @throws input.unsupported for a monitor that is used as it is built
 */
export function describedImageName({ monitor, isa }: Pick<BoardDescription, 'monitor' | 'isa'>): string {
  if (isFilledIn(monitor)) return imageNames[monitor](isa)
  throw new AppError(
    'input.unsupported',
    `The monitor "${monitor}" is used as it is built; nothing of the board is filled in.`,
    'Choose another monitor ("machine", "supervisor", "litex") in the description.'
  )
}

/** Reads a file of a monitor, by name and extension. */
export type ReadMonitorFile = (name: string, ending: 'bin' | 'addresses' | 'counters') => Promise<Uint8Array>

/**
 * Reads the monitor that belongs to a described board, and fills it in.
 *
 * @throws what describedImageName, fillInDescribedMonitor and reading throw
 */
export async function readDescribedMonitor(
  board: BoardDescription,
  read: ReadMonitorFile
): Promise<{ name: string; image: Uint8Array }> {
  const name = describedImageName(board)
  const list = async (ending: 'addresses' | 'counters'): Promise<string> =>
    decodeUtf8(await read(name, ending))
  const { isMovable } = monitorImages[board.monitor]
  const lists = { addresses: isMovable ? await list('addresses') : '', counters: await list('counters') }
  return { name, image: fillInDescribedMonitor(await read(name, 'bin'), lists, board) }
}

/**
 * The monitor for one board: a copy of the image with UART, RAM, clock, name and counters filled in, moved to the start of the RAM
 * that is described.
 *
 * @param lists those of NAME.addresses and NAME.counters
 * @throws internal for an image without the record or a list that does not fit; input.invalid for RAM that the monitor does not fit
 */
export function fillInDescribedMonitor(
  image: Uint8Array,
  lists: MonitorLists,
  board: Omit<BoardDescription, 'isa' | 'flash' | 'loader' | 'resetLines'> &
    Partial<Pick<BoardDescription, 'flash'>>
): Uint8Array {
  const { uart, ram, clockHz, name, monitor, flash = null } = board
  if (uart.kind === 'litex') return fillInLitexMonitor(image, board, lists)
  const { addresses = '', counters = '' } = lists
  const { base, counts, isMovable, ramBase }: MonitorImage = monitorImages[monitor]
  if (ramBase === undefined) checkMonitorRam(ram)
  const filled = isMovable ? moveImage(image, addresses, ram.base - base) : image.slice()
  const at = findImageRecord(filled, magic, recordBytes)
  const view = new DataView(filled.buffer)
  view.setBigUint64(at + 8, BigInt(uart.base), true)
  view.setUint32(at + 16, uart.stride, true)
  view.setUint32(at + 20, uart.widthBytes, true)
  view.setUint32(at + 24, ramEnd(ram), true)
  view.setUint32(at + 28, clockHz ?? 0, true)
  view.setUint32(at + 32, uartKinds[uart.kind], true)
  if (ramBase !== undefined && flash !== null) view.setUint32(at + 36, ramEnd(flash), true)
  filled.set(asciiBytes((name ?? '').replace(/[^\x20-\x7e]/g, '?').slice(0, nameBytes - 1)), at + nameAt)
  fillInCounters(filled, counters, board, counts)
  return filled
}
