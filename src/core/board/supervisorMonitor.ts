import { AppError } from '../../shared/errors'
import { asciiBytes } from '../binary/bytes'
import type { BoardDescription } from '../../shared/contract/board/boardDescription'
import { ramEnd } from './description/checkDescription'
import { monitorImages } from './description/monitorImages'
import { countsAsBuilt, type DescribedCounters, fillInCounters, type MonitorLists } from './counterRecord'
import { findImageRecord } from './imageRecord'
import type { Range, UbootBoard } from './loaders/ubootBoard'
import type { FifoControl } from './loaders/ubootConsole'
import { moveImage } from './movedImage'

/** The record of resources/firmware/supervisorBoard.h. */
const magic = 'BBSUPER1'
const recordBytes = 8 + 8 + 4 * 4 + 40
const nameBytes = 40
/** Bytes from the start of RAM that hold the SBI firmware and the place U-Boot was loaded to. */
const firmwareBytes = 8 << 20
const alignment = 0x1_0000
/** Text, zeroed data and stack of the monitor, and some space for operands. */
const minRamBytes = 256 * 1024
/** Addresses on the wire have 32 bits. */
const addressEnd = 2 ** 32 - 0x1000

/**
 * Where the monitor goes: 8 MiB above the start of RAM, behind what is reserved there, up to the next reserved part.
 *
 * @throws input.unsupported where U-Boot reports no RAM below 4 GiB with room for it
 */
export function placeSupervisorMonitor({ banks, reserved }: Pick<UbootBoard, 'banks' | 'reserved'>): Range {
  for (const bank of banks) {
    let start = align(bank.start + firmwareBytes)
    for (const part of [...reserved].sort((a, b) => a.start - b.start))
      if (part.start <= start && start < part.end) start = align(part.end)
    const above = reserved.map((part) => part.start).filter((address) => address > start)
    const end = Math.floor(Math.min(bank.end, addressEnd, ...above) / 0x1000) * 0x1000
    if (end - start >= minRamBytes) return { start, end }
  }
  const found = banks.map(({ start, end }) => `0x${start.toString(16)} to 0x${end.toString(16)}`).join(', ')
  throw new AppError(
    'input.unsupported',
    `No RAM is reported that the monitor could use (${found === '' ? 'no bank at all' : found}).`,
    `Nothing was sent. The monitor needs ${minRamBytes >> 10} KiB below 4 GiB, above the first ${firmwareBytes >> 20} MiB of a bank.`
  )
}

/**
 * The description of a board from what its U-Boot shows of the device tree, with the RAM that is free for the monitor.
 *
 * @throws input.unsupported where U-Boot reports no RAM below 4 GiB with room for it
 */
export function describeUbootBoard(
  board: Pick<UbootBoard, 'banks' | 'reserved' | 'clockHz' | 'model'>,
  uart: FifoControl,
  isa: string | null
): BoardDescription {
  const { start, end } = placeSupervisorMonitor(board)
  return {
    name: board.model === null || board.model === '' ? null : board.model,
    isa,
    clockHz: board.clockHz,
    uart: { kind: 'ns16550', base: uart.base, stride: uart.stride, widthBytes: uart.width === 'l' ? 4 : 1 },
    ram: { base: start, sizeBytes: end - start },
    flash: null,
    counter: { kind: 'cycle' },
    instructions: 'instret',
    startWrites: [],
    loader: 'uboot',
    resetLines: 'none',
    monitor: 'supervisor'
  }
}

/**
 * The monitor for supervisor mode for one board: a copy of the image with UART, RAM, clock and name filled in, moved to the start
 * of the RAM that is described.
 *
 * @param lists those of monitor-rv64s.addresses and monitor-rv64s.counters
 * @throws internal for an image without the record or a list that does not fit
 */
export function fillInSupervisorMonitor(
  image: Uint8Array,
  { addresses = '', counters = '' }: MonitorLists,
  board: Pick<BoardDescription, 'uart' | 'ram' | 'name'> & DescribedCounters
): Uint8Array {
  const { uart, ram, clockHz, name } = board
  const filled = moveImage(image, addresses, ram.base - monitorImages.supervisor.base)
  const at = findImageRecord(filled, magic, recordBytes)
  const view = new DataView(filled.buffer)
  view.setBigUint64(at + 8, BigInt(uart.base), true)
  view.setUint32(at + 16, uart.stride, true)
  view.setUint32(at + 20, uart.widthBytes, true)
  view.setUint32(at + 24, ramEnd(ram), true)
  view.setUint32(at + 28, clockHz ?? 0, true)
  const text = asciiBytes((name ?? '').replace(/[^\x20-\x7e]/g, '?').slice(0, nameBytes - 1))
  filled.set(text, at + 32)
  if (counters !== '' || !countsAsBuilt(board, ['cycle', 'instret'])) fillInCounters(filled, counters, board)
  return filled
}

const align = (address: number): number => Math.ceil(address / alignment) * alignment
