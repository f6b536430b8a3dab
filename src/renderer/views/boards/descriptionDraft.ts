import { formatHex } from '@shared/units'
import type {
  BoardDescription,
  CounterSource,
  DescribedField,
  FieldOrigin
} from '@shared/contract/board/boardDescription'
import { parseAddress } from './parseAddress'

/** A description as a form holds it: numbers are texts until they are taken over. */
export interface DescriptionDraft {
  name: string
  isa: string
  clockHz: string
  uartKind: BoardDescription['uart']['kind']
  uartBase: string
  uartStride: string
  uartWidth: 1 | 4
  ramBase: string
  ramBytes: string
  counter: CounterSource['kind']
  csr: string
  timer: string
  timerHigh: string
  timerLatch: string
  timerHz: string
  counts: 'up' | 'down'
  instructions: BoardDescription['instructions']
  loader: BoardDescription['loader']
  resetLines: BoardDescription['resetLines']
  monitor: BoardDescription['monitor']
}

const hex = (value: number | null): string => (value === null ? '' : formatHex(value))
const decimal = (value: number | null): string => (value === null ? '' : String(value))

/** What a form shows of a description. */
export function draftOf(board: BoardDescription): DescriptionDraft {
  const { counter, uart, ram } = board
  const timer = counter.kind === 'timer' ? counter : null
  return {
    name: board.name ?? '',
    isa: board.isa ?? '',
    clockHz: decimal(board.clockHz),
    uartKind: uart.kind,
    uartBase: hex(uart.base),
    uartStride: decimal(uart.stride),
    uartWidth: uart.widthBytes,
    ramBase: hex(ram.base),
    ramBytes: decimal(ram.sizeBytes),
    counter: counter.kind,
    csr: counter.kind === 'csr' ? hex(counter.number) : '',
    timer: hex(timer?.address ?? null),
    timerHigh: hex(timer?.highAddress ?? null),
    timerLatch: hex(timer?.latchAddress ?? null),
    timerHz: decimal(timer?.frequencyHz ?? null),
    counts: timer?.counts ?? 'up',
    instructions: board.instructions,
    loader: board.loader,
    resetLines: board.resetLines,
    monitor: board.monitor
  }
}

/** An empty form: a U-Boot board in supervisor mode, the most usual of those without a file. */
export const emptyDraft = (): DescriptionDraft => ({
  name: '',
  isa: '',
  clockHz: '',
  uartKind: 'ns16550',
  uartBase: '',
  uartStride: '1',
  uartWidth: 1,
  ramBase: '',
  ramBytes: '',
  counter: 'cycle',
  csr: '',
  timer: '',
  timerHigh: '',
  timerLatch: '',
  timerHz: '',
  counts: 'up',
  instructions: 'instret',
  loader: 'uboot',
  resetLines: 'none',
  monitor: 'supervisor'
})

/** The description of a draft, or the first field that cannot be read and why. `before`: fields that the form does not show. */
export function describeDraft(
  draft: DescriptionDraft,
  before: BoardDescription | null
): { description: BoardDescription; fault: null } | { description: null; fault: string } {
  const faults: string[] = []
  const optional = (label: string, text: string): number | null => {
    const value = parseAddress(text)
    if (value === undefined) faults.push(`${label}: "${text}" is no number; write 0x… or decimal digits.`)
    return value ?? null
  }
  const number = (label: string, text: string): number => {
    const value = optional(label, text)
    if (text.trim() === '') faults.push(`${label}: a number is needed.`)
    return value ?? 0
  }
  const description: BoardDescription = {
    name: draft.name.trim() || null,
    isa: draft.isa.trim().toLowerCase() || null,
    clockHz: optional('Clock', draft.clockHz),
    uart: {
      kind: draft.uartKind,
      base: number('UART address', draft.uartBase),
      stride: number('Register distance', draft.uartStride),
      widthBytes: draft.uartWidth
    },
    ram: { base: number('RAM address', draft.ramBase), sizeBytes: number('RAM size', draft.ramBytes) },
    flash: before?.flash ?? null,
    counter: counterOf(draft, before, { number, optional }),
    instructions: draft.instructions,
    machineCsrs: before?.machineCsrs ?? true,
    startWrites: before?.startWrites ?? [],
    loader: draft.loader,
    resetLines: draft.resetLines,
    monitor: draft.monitor
  }
  const [fault] = faults
  return fault === undefined ? { description, fault: null } : { description: null, fault }
}

type Read<T> = (label: string, text: string) => T

function counterOf(
  draft: DescriptionDraft,
  before: BoardDescription | null,
  { number, optional }: { number: Read<number>; optional: Read<number | null> }
): CounterSource {
  if (draft.counter === 'csr') {
    const setup = before?.counter.kind === 'csr' ? before.counter.setup : []
    return { kind: 'csr', number: number('CSR', draft.csr), setup }
  }
  if (draft.counter !== 'timer') return { kind: draft.counter }
  return {
    kind: 'timer',
    address: number('Timer address', draft.timer),
    highAddress: optional('High word', draft.timerHigh),
    latchAddress: optional('Sample word', draft.timerLatch),
    counts: draft.counts,
    frequencyHz: number('Timer rate', draft.timerHz)
  }
}

/** A field's origin, or that it was typed since it was read. */
export function fieldOriginText(
  field: DescribedField,
  now: BoardDescription | null,
  read: { description: BoardDescription; origins: Readonly<Record<DescribedField, FieldOrigin>> } | null
): string {
  if (read === null) return 'typed'
  if (now !== null && !isSameField(field, now, read.description)) return 'typed'
  return originTexts[read.origins[field]]
}

/** Whether two descriptions agree in a field, whatever the order of the keys inside it. */
export function isSameField(field: DescribedField, one: BoardDescription, other: BoardDescription): boolean {
  return inOrder(one[field]) === inOrder(other[field])
}

/** A value as JSON with the keys of its objects sorted. */
const inOrder = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner
  )

const originTexts: Record<FieldOrigin, string> = {
  file: 'from the file',
  rule: 'usual for this kind of board',
  default: 'default, not in the file',
  shipped: 'shipped',
  kept: 'kept with the board',
  unknown: 'not known'
}
