import { AppError } from '@shared/errors'
import type { KernelName, KernelVariant } from '@shared/vocabulary'

/** What a board reports in its reply to `hello` (docs/protocol.md). JSON-safe: it is stored with every Sample. */

/** One kernel build of a board: widths, layout, variant and the scratch it needs. */
export interface BoardKernel {
  kernel: KernelName
  /** 8, 4, 2 or 1. */
  activationBits: number
  /** 8, 4, 2 or 1; 0 where the kernel has no weights. */
  weightBits: number
  /** Weight layout id (resources/kernels/layouts.md); 255 = plain int8 codes. */
  weightLayout: number
  variant: KernelVariant
  /** Rows that one inner product takes: the tile of conv2d; pixels of the tile of depthwise. */
  rowsMax: number
  /** Scratch of the inner product of m outputs over k inputs: fixed + perInput * k + perOutput * m, in bytes. */
  scratch: { fixedBytes: number; bytesPerInput: number; bytesPerOutput: number }
}

/** Address range, `high` exclusive. */
export interface AddressRange {
  low: number
  high: number
}

/**
 * A counter of cycles that is not the hart's own: a CSR of the core's, a counter of the SBI's PMU, or a timer on the bus, whose step
 * is up to so many cycles.
 */
export interface CycleSource {
  kind: 'csr' | 'sbi' | 'timer'
  stepCycles: number
  /** 32 or 64: a counter of 32 bits does not show how often it passed 2^32. */
  bits: number
}

/** What a board's monitor says about itself in its hello. */
export interface BoardInfo {
  protocolVersion: number
  /** Requests that may be outstanding at once. */
  window: number
  counters: { cycles: boolean; instructions: boolean }
  /** What counts cycles where it is not the hart's own counter. */
  cycleSource?: CycleSource | undefined
  /** null when the board does not know its clock. */
  clockHz: number | null
  /** RAM the host may use: above the monitor and its stack. */
  ram: AddressRange
  /** Of a monitor that executes in place: flash behind it, where an Image lies. */
  flash?: AddressRange | undefined
  /** CRC-32 of the monitor's text and data as linked. */
  buildId: number
  vendorId: number
  architectureId: number
  implementationId: number
  /** 32 or 64. */
  xlen: number
  /** e.g. "rv32imac_zicsr". */
  isa: string
  /** e.g. "virtual-small", "qemu-virt". */
  coreName: string
  buildText: string
  kernels: BoardKernel[]
}

/**
 * Refuses a measurement on a core that counts nothing, before any time is spent on it.
 *
 * @throws board.refused
 */
export function requireCounter(
  name: string,
  { counters, coreName }: Pick<BoardInfo, 'counters' | 'coreName'>
): void {
  if (counters.cycles || counters.instructions) return
  throw new AppError(
    'board.refused',
    `${name} (${coreName}) has no counter that its monitor can read: neither of cycles nor of instructions.`,
    'Nothing was measured. Describe the clock of the board (clockHz), and it is timed by the host’s clock, or a timer as its counter (docs/boards.md); build the core with performance counters (VexRiscv: variant full), or search on a twin of it.'
  )
}

/** What a monitor reports of a repetition whose count does not fit 32 bits. */
const beyondCount = 0xffff_ffff

/**
 * Refuses counts of kernels that lasted longer than their 32 bits hold.
 *
 * @throws board.refused
 */
export function requireCounts(counts: { cycles: readonly number[]; instructions: readonly number[] }): void {
  if (![...counts.cycles, ...counts.instructions].includes(beyondCount)) return
  throw new AppError(
    'board.refused',
    'A repetition took 2^32 cycles or instructions or more, which its count of 32 bits cannot hold.',
    'Measure a smaller shape.'
  )
}

/** No core runs faster, for boards whose clock is not known. */
const fastestHz = 2_000_000_000

/**
 * Refuses the count of a 32-bit counter over a span in which it may have overflowed without a trace.
 *
 * @param spanMs by the host's clock
 * @throws board.refused
 */
export function requireSpan(
  { cycleSource, clockHz }: Pick<BoardInfo, 'cycleSource' | 'clockHz'>,
  spanMs: number
): void {
  const roundMs = (2 ** 32 * 1_000) / (clockHz ?? fastestHz)
  if (cycleSource?.bits !== 32 || spanMs < roundMs) return
  throw new AppError(
    'board.refused',
    `An inference took ${(spanMs / 1000).toFixed(1)} s, and the board's counter of cycles has 32 bits: it may have overflowed after ${(roundMs / 1000).toFixed(1)} s.`,
    clockHz === null
      ? 'Give the clock of the core in the description (clockHz), describe a counter of 64 bits, or deploy a smaller network.'
      : 'Describe a counter of 64 bits (a timer with its high word), or deploy a smaller network.'
  )
}

/** Usable RAM in bytes. */
export function usableRamBytes(board: Pick<BoardInfo, 'ram'>): number {
  return Math.max(0, board.ram.high - board.ram.low)
}

/** The kernel table's entry for one operator and bit pair, or undefined where the firmware has none. */
export function findBoardKernel(
  board: Pick<BoardInfo, 'kernels'>,
  kernel: KernelName,
  activationBits: number,
  weightBits: number
): BoardKernel | undefined {
  return board.kernels.find(
    (entry) =>
      entry.kernel === kernel && entry.activationBits === activationBits && entry.weightBits === weightBits
  )
}
