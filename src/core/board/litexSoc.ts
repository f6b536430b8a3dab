import { formatHex } from '../../shared/units'
import { AppError } from '../../shared/errors'
import { type LitexCore, readLitexCore } from './litexCore'

/** What a loader needs to know of a LiteX SoC. */
export interface LitexSoc {
  /** Address of the UART's CSRs. */
  uartBase: number
  ramBase: number
  ramBytes: number
  /** null where the description has none. */
  clockHz: number | null
  core: LitexCore
  /** CSRs of timer0; null where it has none. */
  timer0: LitexTimer | null
}

/** Addresses of the CSRs of a LiteX timer. */
export type LitexTimer = Record<'load' | 'reload' | 'en' | 'update_value' | 'value', number>

/** Offsets of the UART's CSRs that the monitor uses (litex/soc/cores/uart.py). */
const uartRegisters = { rxtx: 0x00, txfull: 0x04, rxempty: 0x08, ev_pending: 0x10, ev_enable: 0x14 } as const

/** The tables of csr.csv and csr.json, by name. */
interface Description {
  bases: Map<string, unknown>
  registers: Map<string, unknown>
  constants: Map<string, unknown>
  memories: Map<string, { base: unknown; size: unknown }>
}

/**
 * Reads the description that LiteX writes beside a bitstream (`--csr-csv csr.csv` or `--csr-json csr.json`).
 *
 * @throws input.invalid when it is neither, or describes a SoC without a CSR UART or main RAM
 */
export function parseLitexSoc(text: string): LitexSoc {
  const found = text.trimStart().startsWith('{') ? fromJson(text) : fromCsv(text)
  const uartBase = numberOf(found.bases.get('uart') ?? found.registers.get('uart_rxtx'))
  if (uartBase === null) {
    const others = [...found.bases.keys()].filter((name) => name.includes('uart'))
    throw invalid(
      `This SoC has no UART named "uart"${others.length > 0 ? ` (only ${others.join(', ')})` : ''}.`,
      'The monitor speaks over the UART that the BIOS uses; build the SoC with a serial UART, not with a crossover or bridge.'
    )
  }
  for (const [name, offset] of Object.entries(uartRegisters)) {
    const address = numberOf(found.registers.get(`uart_${name}`))
    if (address === null || address === uartBase + offset) continue
    throw invalid(
      `The UART's register ${name} lies at ${formatHex(address)}, not at ${formatHex(uartBase + offset)}.`,
      'The monitor knows LiteX UARTs with 32-bit CSR spacing; build the SoC with the usual CSR alignment of 32.'
    )
  }
  const memory = found.memories.get('main_ram')
  const [ramBase, ramBytes] = [numberOf(memory?.base), numberOf(memory?.size)]
  if (ramBase === null || ramBytes === null || ramBytes <= 0) {
    throw invalid(
      'This SoC has no main RAM (no memory region "main_ram").',
      'Give it SDRAM, or block RAM with --integrated-main-ram-size.'
    )
  }
  if (ramBase + ramBytes > 2 ** 32) {
    throw invalid(
      `Main RAM (${ramBytes} bytes at ${formatHex(ramBase)}) reaches beyond the 32-bit address space.`,
      'Check the line memory_region,main_ram of the description.'
    )
  }
  if (uartBase >= ramBase && uartBase < ramBase + ramBytes) {
    throw invalid(
      `The UART at ${formatHex(uartBase)} lies inside main RAM (${ramBytes} bytes at ${formatHex(ramBase)}).`,
      'The description contradicts itself; have LiteX write it again for this bitstream.'
    )
  }
  return {
    uartBase,
    ramBase,
    ramBytes,
    clockHz: numberOf(found.constants.get('config_clock_frequency')),
    core: readLitexCore(found.constants),
    timer0: timerOf(found)
  }
}

function timerOf({ registers }: Description): LitexTimer | null {
  const at = (name: string): number => numberOf(registers.get(`timer0_${name}`)) ?? NaN
  const timer = {
    load: at('load'),
    reload: at('reload'),
    en: at('en'),
    update_value: at('update_value'),
    value: at('value')
  }
  return Object.values(timer).some(Number.isNaN) ? null : timer
}

/** Lines `csr_base,NAME,ADDRESS,,` and the like; comments begin with #. */
function fromCsv(text: string): Description {
  const found = emptyDescription()
  let rows = 0
  for (const line of text.split(/\r?\n/)) {
    const [kind, name = '', value, size] = line.split(',').map((cell) => cell.trim())
    rows++
    if (kind === 'csr_base') found.bases.set(name, value)
    else if (kind === 'csr_register') found.registers.set(name, value)
    else if (kind === 'constant') found.constants.set(name, value)
    else if (kind === 'memory_region') found.memories.set(name, { base: value, size })
    else rows--
  }
  if (rows > 0) return found
  throw invalid(
    'This is no SoC description of LiteX: it has no csr_base, csr_register or memory_region line.',
    'Choose the csr.csv or csr.json that LiteX wrote (--csr-csv csr.csv).'
  )
}

function fromJson(text: string): Description {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw invalid(
      `This csr.json cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
      'Copy the file again, or have LiteX write it again (--csr-json csr.json).'
    )
  }
  const table = (name: string): [string, unknown][] => Object.entries(recordOf(recordOf(parsed)[name]))
  const found = emptyDescription()
  for (const [name, value] of table('csr_bases')) found.bases.set(name, value)
  for (const [name, value] of table('csr_registers')) found.registers.set(name, recordOf(value)['addr'])
  for (const [name, value] of table('constants')) found.constants.set(name, value)
  for (const [name, value] of table('memories')) {
    found.memories.set(name, { base: recordOf(value)['base'], size: recordOf(value)['size'] })
  }
  return found
}

function emptyDescription(): Description {
  return { bases: new Map(), registers: new Map(), constants: new Map(), memories: new Map() }
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/** A whole 32-bit number, written as one or as decimal or 0x text. */
function numberOf(value: unknown): number | null {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return null
  const number = Number(value)
  return Number.isInteger(number) && number >= 0 && number <= 0xffff_ffff ? number : null
}

function invalid(message: string, hint: string): AppError {
  return new AppError('input.invalid', message, hint)
}
