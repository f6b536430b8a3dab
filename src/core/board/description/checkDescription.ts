import { formatHex } from '../../../shared/units'
import { AppError } from '@shared/errors'
import { type BoardDescription, boardDescriptionSchema } from '@shared/contract/board/boardDescription'
import { type MonitorImage, monitorImages } from './monitorImages'

/** Image, stack and zeroed data of a monitor, and some space for operands. */
const minRamBytes = 192 * 1024
/** The same of a monitor that executes in place. */
const minRamInPlaceBytes = 12 * 1024
/** RAM begins where the linker script can place an image. */
const ramAlignment = 0x1000

/**
 * A description from values that came from outside.
 *
 * @throws input.invalid with the field that is wrong, or what contradicts what
 */
export function checkDescription(input: unknown): BoardDescription {
  const parsed = boardDescriptionSchema.safeParse(input)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const field = issue === undefined || issue.path.length === 0 ? 'the whole' : issue.path.join('.')
    throw invalid(
      `This board description cannot be used: ${field}: ${issue?.message ?? 'unknown'}.`,
      'docs/boards.md lists the fields; `bitbench board describe --name qemu --json` prints an example.'
    )
  }
  const { data } = parsed
  checkMemory(data)
  checkMonitor(data)
  checkCounter(data)
  checkMachineCsrs(data)
  return data
}

function checkMemory({ ram, uart }: BoardDescription): void {
  const { base, sizeBytes } = ram
  if (base + sizeBytes > 2 ** 32 && base < 2 ** 32 - ramAlignment) return checkUart(uart.base, base, 2 ** 32)
  if (base >= 2 ** 32 - ramAlignment)
    throw invalid(
      `RAM begins at ${formatHex(base)}, beyond the 32-bit addresses of the protocol.`,
      'Describe a part of RAM below 4 GiB.'
    )
  checkUart(uart.base, base, base + sizeBytes)
}

function checkUart(uart: number, start: number, end: number): void {
  if (uart < start || uart >= end) return
  throw invalid(
    `The UART at ${formatHex(uart)} lies inside RAM (${formatHex(start)} to ${formatHex(end)}).`,
    'Correct uart.base or ram in the description.'
  )
}

function checkMonitor({ monitor, uart, isa, ram, flash }: BoardDescription): void {
  const form: MonitorImage = monitorImages[monitor]
  checkInPlace(form, monitor, ram, flash)
  if (!(form.uarts as readonly string[]).includes(uart.kind))
    throw invalid(
      `The monitor "${monitor}" drives a UART of kind ${form.uarts.join(' or ')}, not ${uart.kind}.`,
      'Choose another monitor, or correct uart.kind.'
    )
  if (form.isFilledIn && !form.isMovable && ram.base !== (form.ramBase ?? form.base))
    throw invalid(
      form.ramBase === undefined
        ? `The monitor "${monitor}" lies at ${formatHex(form.base)}; RAM is said to begin at ${formatHex(ram.base)}.`
        : `The monitor "${monitor}" works in RAM at ${formatHex(form.ramBase)}; RAM is said to begin at ${formatHex(ram.base)}.`,
      `Set ram.base to ${formatHex(form.ramBase ?? form.base)}.`
    )
  if (isa !== null && form.isFilledIn && form.xlen !== null && !isa.startsWith(`rv${form.xlen}`))
    throw invalid(
      `The monitor "${monitor}" is a ${form.xlen}-bit program, and the core is ${isa}.`,
      'Choose another monitor, or correct isa.'
    )
}

/** What a monitor that executes in place needs of flash and RAM. */
function checkInPlace(
  { ramBase, base }: MonitorImage,
  monitor: string,
  ram: BoardDescription['ram'],
  flash: BoardDescription['flash']
): void {
  if (ramBase === undefined) return
  if (flash?.base !== base)
    throw invalid(
      `The monitor "${monitor}" executes from flash at ${formatHex(base)}; ${flash === null ? 'no flash is described' : `flash is said to begin at ${formatHex(flash.base)}`}.`,
      `Describe the flash: "flash": {"base": ${base}, "sizeBytes": …}.`
    )
  if (flash.base + flash.sizeBytes > ramBase)
    throw invalid(
      `Flash of ${flash.sizeBytes} bytes from ${formatHex(base)} would reach into RAM at ${formatHex(ramBase)}.`,
      'Set flash.sizeBytes to the bytes of flash that the chip has.'
    )
  if (ram.sizeBytes < minRamInPlaceBytes)
    throw invalid(
      `RAM of this board has ${ram.sizeBytes} bytes; the monitor needs ${minRamInPlaceBytes}.`,
      'Choose a chip with more RAM.'
    )
}

/** Cycles are counted from ticks only where both rates are known, and only monitors with a record of counters take another than mcycle. */
function checkCounter({ counter, clockHz, monitor, startWrites }: BoardDescription): void {
  if (counter.kind === 'timer' && clockHz === null)
    throw invalid(
      'A timer counts ticks, and without clockHz nothing says how many cycles one lasts.',
      'Add the clock of the core (clockHz) to the description.'
    )
  if (counter.kind === 'timer' && counter.frequencyHz > (clockHz ?? 0) * 64)
    throw invalid(
      'The timer is said to run at more than 64 times the clock.',
      'Correct frequencyHz or clockHz.'
    )
  if (counter.kind === 'sbi' && monitor !== 'supervisor')
    throw invalid(
      `The monitor "${monitor}" runs in machine mode, where no SBI gives a counter.`,
      'Choose another counter, or the monitor "supervisor".'
    )
  const isFixed = !monitorImages[monitor].isFilledIn
  if (isFixed && (counter.kind !== 'mcycle' || startWrites.length > 0))
    throw invalid(
      `The monitor "${monitor}" is used as it is built: it reads mcycle and writes nothing first.`,
      'Choose the monitor "machine", which is made for the board, or leave counter and startWrites out.'
    )
}

/** A core without CSRs of machine mode halts on any of them: only the monitors for RV32 that are filled in leave them alone. */
function checkMachineCsrs({ machineCsrs, monitor, isa, counter, instructions }: BoardDescription): void {
  if (machineCsrs) return
  const isNarrow = monitor === 'litex' ? isa?.startsWith('rv64') !== true : isa?.startsWith('rv32') === true
  if (!(isNarrow && (monitor === 'litex' || monitor === 'machine')))
    throw invalid(
      `The monitor "${monitor}"${isa === null ? '' : ` for ${isa}`} needs the CSRs of machine mode, which this core is said to lack.`,
      'Choose the monitor "litex", or "machine" with an isa that begins with rv32.'
    )
  if (counter.kind === 'mcycle' || counter.kind === 'csr' || instructions === 'minstret')
    throw invalid(
      'Without CSRs of machine mode neither mcycle, minstret nor a CSR of the core can be read.',
      'Choose "cycle", "timer" or "none" as counter and "instret" or "none" for instructions.'
    )
}

/**
 * Refuses RAM that a movable monitor does not fit.
 *
 * @throws input.invalid
 */
export function checkMonitorRam({ base, sizeBytes }: BoardDescription['ram']): void {
  if (base % ramAlignment !== 0)
    throw invalid(
      `Main RAM of this board begins at ${formatHex(base)}, which is no multiple of ${ramAlignment}.`,
      'Check the RAM of the description (LiteX: the line memory_region,main_ram).'
    )
  if (sizeBytes < minRamBytes)
    throw invalid(
      `Main RAM of this board has ${sizeBytes} bytes; the monitor needs ${minRamBytes}.`,
      'Build the SoC with more main RAM.'
    )
}

/** End of RAM as a 32-bit number: where it would be 2^32, the last page is left alone. */
export function ramEnd({ base, sizeBytes }: BoardDescription['ram']): number {
  return Math.min(base + sizeBytes, 2 ** 32 - ramAlignment)
}

const invalid = (message: string, hint: string): AppError => new AppError('input.invalid', message, hint)
