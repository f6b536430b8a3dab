import { formatHex } from '../../shared/units'
import { AppError } from '../../shared/errors'
import type { BoardDescription } from '../../shared/contract/board/boardDescription'
import { monitorImages } from './description/monitorImages'
import type { Range, UbootBoard } from './loaders/ubootBoard'

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
  const found = banks.map(({ start, end }) => `${formatHex(start)} to ${formatHex(end)}`).join(', ')
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
  uart: BoardDescription['uart'],
  isa: string | null,
  monitor: 'supervisor' | 'machine' = 'supervisor'
): BoardDescription {
  const { start, end } = placeSupervisorMonitor(board)
  const { counts } = monitorImages[monitor]
  return {
    name: board.model === null || board.model === '' ? null : board.model,
    isa,
    clockHz: board.clockHz,
    uart,
    ram: { base: start, sizeBytes: end - start },
    flash: null,
    counter: { kind: counts.cycles },
    instructions: counts.instructions,
    machineCsrs: true,
    startWrites: [],
    loader: 'uboot',
    resetLines: 'none',
    monitor
  }
}

const align = (address: number): number => Math.ceil(address / alignment) * alignment
