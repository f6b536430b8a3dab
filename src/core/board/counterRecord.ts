import { AppError } from '../../shared/errors'
import type { BoardDescription, CounterSource } from '../../shared/contract/board/boardDescription'
import type { UsualCounters } from './description/monitorImages'
import { findImageRecord } from './imageRecord'

/** The record of resources/firmware/counterRecord.h. */
const magic = 'BBCOUNT1'
const offset = {
  kind: 8,
  said: 12,
  instructions: 16,
  bits: 20,
  down: 24,
  numerator: 28,
  denominator: 32,
  setups: 36,
  setup: 40,
  low: 48,
  high: 56,
  latch: 64,
  writes: 72,
  noMachineCsrs: 76,
  write: 80
} as const
const writeBytes = 16
const maxWrites = 8
const recordBytes = offset.write + maxWrites * writeBytes
const kinds = { none: 0, mcycle: 1, cycle: 1, csr: 1, timer: 2, sbi: 3 } as const

/** What an instruction of the list accesses. */
const site = { cycles: 1, cyclesHigh: 2, instructions: 3, instructionsHigh: 4, setup: [5, 6] } as const
const cycleNumbers = { mcycle: [0xb00, 0xb80], cycle: [0xc00, 0xc80] } as const
const instructionNumbers = { minstret: [0xb02, 0xb82], instret: [0xc02, 0xc82] } as const

/** What a description says of counters, and of the CSRs that the core lacks. */
export type DescribedCounters = Pick<
  BoardDescription,
  'counter' | 'instructions' | 'machineCsrs' | 'startWrites' | 'clockHz'
>

/** Contents of NAME.addresses and NAME.counters beside a monitor image. */
export interface MonitorLists {
  addresses?: string
  counters?: string
}

function countsAsBuilt(
  { counter, instructions, machineCsrs, startWrites }: DescribedCounters,
  built: UsualCounters
): boolean {
  if (!machineCsrs) return false
  return counter.kind === built.cycles && instructions === built.instructions && startWrites.length === 0
}

/**
 * Writes into a monitor image (in place) what counts on the board. Numbers of CSRs are in instructions, so that nothing lies between
 * the reads of the counters.
 *
 * @param sites list of NAME.counters: offset in hex and what is accessed, one a line; not needed where the board counts as `built`
 * @param built the counters that the image is built for
 * @throws internal for an image without the record or a list that does not fit it
 */
export function fillInCounters(
  image: Uint8Array,
  sites: string,
  board: DescribedCounters,
  built: UsualCounters
): void {
  if (sites === '' && countsAsBuilt(board, built)) return
  const { counter, instructions, machineCsrs, startWrites } = board
  const view = new DataView(image.buffer, image.byteOffset, image.length)
  const at = findImageRecord(image, magic, recordBytes)
  const put = (where: number, value: number): void => view.setUint32(at + where, value, true)
  const putLong = (where: number, value: number): void => view.setBigUint64(at + where, BigInt(value), true)
  put(offset.kind, kinds[counter.kind])
  put(offset.said, saidOf(counter, board.clockHz))
  put(offset.instructions, instructions === 'none' ? 0 : 1)
  put(
    offset.bits,
    counter.kind === 'csr' || (counter.kind === 'timer' && counter.highAddress === null) ? 32 : 64
  )
  if (counter.kind === 'timer') {
    const [numerator, denominator] = cyclesPerTick(counter.frequencyHz, board.clockHz)
    put(offset.down, counter.counts === 'down' ? 1 : 0)
    put(offset.numerator, numerator)
    put(offset.denominator, denominator)
    putLong(offset.low, counter.address)
    putLong(offset.high, counter.highAddress ?? 0)
    putLong(offset.latch, counter.latchAddress ?? 0)
  }
  const setup = counter.kind === 'csr' ? counter.setup : []
  put(offset.setups, setup.length)
  for (const [index, { value }] of setup.entries()) put(offset.setup + 4 * index, value)
  put(offset.writes, startWrites.length)
  put(offset.noMachineCsrs, machineCsrs ? 0 : 1)
  for (const [index, { address, value }] of startWrites.entries()) {
    putLong(offset.write + writeBytes * index, address)
    put(offset.write + writeBytes * index + 8, value)
  }
  patchNumbers(view, sites, numbersOf(counter, instructions))
}

/** CSR number per kind of access; what is never executed, or is right as built, is left alone. */
function numbersOf(
  counter: CounterSource,
  instructions: BoardDescription['instructions']
): Map<number, number> {
  const numbers = new Map<number, number>()
  if (counter.kind === 'mcycle' || counter.kind === 'cycle' || counter.kind === 'sbi') {
    // What the SBI gives is mostly the counter that rdcycle reads; the monitor reads another by itself.
    const [low, high] = cycleNumbers[counter.kind === 'mcycle' ? 'mcycle' : 'cycle']
    numbers.set(site.cycles, low).set(site.cyclesHigh, high)
  }
  if (counter.kind === 'csr') {
    numbers.set(site.cycles, counter.number)
    for (const [index, { csr }] of counter.setup.entries()) numbers.set(site.setup[index], csr)
  }
  if (instructions !== 'none') {
    const [low, high] = instructionNumbers[instructions]
    numbers.set(site.instructions, low).set(site.instructionsHigh, high)
  }
  return numbers
}

/** `csrr rd, CSR` and `csrw CSR, rs`: what is left of the instruction without number and register. */
const csrRead = { mask: 0x000f_f07f, value: 0x2073 }
const csrWrite = { mask: 0x0000_7fff, value: 0x1073 }

function patchNumbers(view: DataView, sites: string, numbers: ReadonlyMap<number, number>): void {
  const lines = sites.split('\n').filter((line) => line !== '')
  if (lines.length === 0) throw damagedList()
  for (const line of lines) {
    const [, address, what] = /^([0-9a-f]+) ([1-6])$/.exec(line) ?? []
    if (address === undefined) throw damagedList()
    const [where, access] = [parseInt(address, 16), Number(what)]
    if (where % 2 !== 0 || where + 4 > view.byteLength) throw damagedList()
    const word = view.getUint32(where, true)
    const { mask, value } = access >= site.setup[0] ? csrWrite : csrRead
    if ((word & mask) !== value) throw damagedList()
    const number = numbers.get(access)
    if (number !== undefined) view.setUint32(where, ((word & 0x000f_ffff) | (number << 20)) >>> 0, true)
  }
}

/**
 * Bits 2 to 7 of hello's countersAvailable: 0 the hart's own, 1 another CSR, 2 a timer of 32 bits, 3 one of 64, and the binary
 * logarithm of cycles per tick.
 */
function saidOf(counter: CounterSource, clockHz: number | null): number {
  if (counter.kind === 'csr') return 1 << 2
  if (counter.kind !== 'timer') return 0
  const ratio = (clockHz ?? counter.frequencyHz) / counter.frequencyHz
  return (
    ((counter.highAddress === null ? 2 : 3) << 2) |
    (Math.min(15, Math.max(0, Math.ceil(Math.log2(ratio)))) << 4)
  )
}

function cyclesPerTick(frequencyHz: number, clockHz: number | null): [number, number] {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b))
  const clock = clockHz ?? frequencyHz
  const common = divisor(clock, frequencyHz)
  return [clock / common, frequencyHz / common]
}

const damagedList = (): AppError =>
  new AppError(
    'internal',
    'The list of counter instructions in the monitor image does not fit it.',
    'Build the firmware again: npm run firmware.'
  )
