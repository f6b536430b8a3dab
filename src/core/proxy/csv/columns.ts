import { AppError } from '../../../shared/errors'
import type { ProxyKernelName, TimeUnit } from '../../../shared/vocabulary'
import { kernelSpec, rowSpec, type RowSpec } from '../../kernel/spec'

/**
 * Text columns that Bitbench writes beside a measurement and reads back. They say where a number comes from; they
 * never enter a fit.
 */
export const provenanceHeadings = [
  'Unit',
  'SampleId',
  'Kernel',
  'Board',
  'Core',
  'Isa',
  'BuildId',
  'ClockHz',
  'Method',
  'Origin',
  'Repetitions',
  'Seed',
  'Instructions',
  'Cycles',
  'Checksum',
  'CampaignId',
  'MeasuredAt'
] as const

/** A column that the samples need. */
export interface Slot {
  name: string
  kind: 'dimension' | 'bits' | 'time'
  /** Index of the CSV column; -1 when the file has none and a default stands in. */
  column: number
}

/** Which column of a file fills which slot. */
export interface Binding {
  slots: Slot[]
  labels: { name: string; column: number }[]
  /** Unit that the header of the time column names; undefined when it names none. */
  unit?: TimeUnit
  warnings: string[]
}

/** Names of a time column beside `Time`, without case, blanks and signs, and the unit they name. */
const timeNames: Readonly<Record<string, TimeUnit | null>> = {
  time: null,
  latency: null,
  duration: null,
  runtime: null,
  elapsed: null,
  cycle: 'cycles',
  cycles: 'cycles',
  mcycle: 'cycles',
  instructions: 'instructions',
  instret: 'instructions',
  minstret: 'instructions'
}
const unitEndings: readonly (readonly [RegExp, TimeUnit])[] = [
  [/(cycles)$/, 'cycles'],
  [/(instructions)$/, 'instructions'],
  [/(ns|nanoseconds?)$/, 'ns'],
  [/(us|usec|microseconds?)$/, 'us'],
  [/(ms|msec|milliseconds?)$/, 'ms'],
  [/(s|sec|seconds?)$/, 's']
]

/** What a column name says of a time: its unit, null when it names none, undefined when it is no time at all. */
export function timeUnitOf(name: string): TimeUnit | null | undefined {
  // Both the micro sign and the Greek letter are in use.
  const spelled = name.toLowerCase().replace(/[\u00b5\u03bc]/g, 'u')
  // "100 ns" and letters of other alphabets are not understood: nothing of a unit may be left out.
  if (/[^a-z \t_\-()[\]{}.,:/]/.test(spelled)) return undefined
  const plain = spelled.replace(/[^a-z]/g, '')
  if (Object.hasOwn(timeNames, plain)) return timeNames[plain]
  for (const [ending, unit] of unitEndings) {
    const stem = plain.replace(ending, '')
    if (stem === plain || !Object.hasOwn(timeNames, stem) || timeNames[stem] !== null) continue
    // "Times" is a plural, "Time s" names seconds.
    return unit === 's' && spelled.includes(`${stem}s`) ? null : unit
  }
  return undefined
}

/** Longest list of names that a message shows. */
const maxNamesShown = 12
const shown = (names: readonly string[]): string =>
  names
    .slice(0, maxNamesShown)
    .map((name) => (name.length > 24 ? `${name.slice(0, 24)}…` : name))
    .join(', ') + (names.length > maxNamesShown ? ` and ${names.length - maxNamesShown} more` : '')

/** A header and what it is matched to. */
interface Header {
  readonly names: readonly string[]
  readonly spec: RowSpec
  readonly fileName: string
  readonly line: number
  /** Columns of a file of the kernel, for messages. */
  readonly expected: string
}

/** Column of a name or an alias, else of the name in any case; -1: none. @throws data.invalid where it stands there twice */
function findColumn({ names, fileName, line }: Header, wanted: string, aliases: readonly string[]): number {
  const exact = names.findIndex((name) => name === wanted || aliases.includes(name))
  const at = exact >= 0 ? exact : names.findIndex((name) => name.toLowerCase() === wanted.toLowerCase())
  const again = names.findIndex((name, index) => index > at && (name === wanted || aliases.includes(name)))
  if (at >= 0 && again >= 0) {
    throw new AppError(
      'data.invalid',
      `${fileName}, line ${line}: column ${wanted} stands there twice.`,
      'Keep one of the two columns.',
      { details: { file: fileName, line, column: wanted } }
    )
  }
  return at
}

/** @throws data.invalid for a column that is missing and not optional */
function slotFor(
  header: Header,
  wanted: string,
  kind: Slot['kind'],
  aliases: readonly string[],
  optional: boolean
): Slot {
  const column = findColumn(header, wanted, aliases)
  if (column < 0 && !optional) {
    const { names, spec, fileName, line, expected } = header
    throw new AppError(
      'data.invalid',
      `${fileName}, line ${line}: column ${wanted} is missing for ${spec.csvName} (found ${shown(names)}).`,
      `A ${spec.csvName} file has the columns ${expected}; check --kernel.`,
      { details: { file: fileName, line, column: wanted } }
    )
  }
  return { name: wanted, kind, column }
}

/** Whether a name is one of the kernel's, or of where a measurement comes from. */
function isKnownName({ spec }: Header, name: string): boolean {
  return (
    /^q[aw]$/i.test(name) ||
    (provenanceHeadings as readonly string[]).includes(name) ||
    spec.columns.some((column) =>
      [column.name, ...column.aliases].some((own) => own.toLowerCase() === name.toLowerCase())
    )
  )
}

/** `Time` where there is one; otherwise the one column whose name says that it is a time. @throws data.invalid */
function timeSlot(header: Header, optional: boolean): Slot {
  const { names, spec, fileName, line } = header
  const spellings = ['time', 'TIME']
  if (findColumn(header, 'Time', spellings) >= 0) return slotFor(header, 'Time', 'time', spellings, optional)
  const candidates = names.filter((name) => timeUnitOf(name) !== undefined)
  const missing = (problem: string, hint: string): AppError =>
    new AppError('data.invalid', `${fileName}, line ${line}: column Time is missing${problem}.`, hint, {
      details: { file: fileName, line, column: 'Time' }
    })
  if (candidates.length > 1 && !optional) {
    throw missing(`, and several could stand for it (${shown(candidates)})`, 'Rename the one to fit to Time.')
  }
  const left = names.filter((name) => name !== '' && !isKnownName(header, name))
  if (candidates.length === 0 && left.length > 0 && !optional) {
    const which = left.length === 1 ? left[0].slice(0, 24) : `the one of ${shown(left)} that holds the times`
    throw missing(
      ` for ${spec.csvName} (found ${shown(names)})`,
      `Rename ${which} to Time, or Time_ms where it is in ms; check --kernel.`
    )
  }
  const name = candidates.length === 1 ? candidates[0] : 'Time'
  return slotFor(header, 'Time', 'time', [name], optional)
}

/**
 * Matches a header to a kernel's columns. Throws data.invalid for a missing or repeated column, naming what the
 * kernel needs; unknown columns are left out and reported.
 */
export function bindColumns(
  names: readonly string[],
  kernel: ProxyKernelName,
  fileName: string,
  { line = 1, timeOptional = false }: { line?: number; timeOptional?: boolean } = {}
): Binding {
  const spec = rowSpec(kernel)
  const { hasWeights } = kernelSpec(kernel)
  const expected = `${spec.columns.map((column) => column.name).join(',')},QA,QW,Time`
  const header: Header = { names, spec, fileName, line, expected }
  const slots: Slot[] = [
    ...spec.columns.map((column) =>
      slotFor(header, column.name, 'dimension', column.aliases, column.absent !== undefined)
    ),
    slotFor(header, 'QA', 'bits', ['Qa', 'qa'], !hasWeights),
    slotFor(header, 'QW', 'bits', ['Qw', 'qw'], !hasWeights),
    timeSlot(header, timeOptional)
  ]
  const labels: Binding['labels'] = []
  const unknown: string[] = []
  names.forEach((name, column) => {
    if (slots.some((slot) => slot.column === column)) return
    if ((provenanceHeadings as readonly string[]).includes(name)) labels.push({ name, column })
    else unknown.push(name === '' ? `(unnamed column ${column + 1})` : name)
  })
  const warnings =
    unknown.length === 0
      ? []
      : [`${fileName}: left out ${shown(unknown)}; a ${spec.csvName} proxy knows ${expected}.`]
  const time = slots[slots.length - 1]
  const timeName = time.column < 0 ? 'Time' : names[time.column]
  const unit = timeUnitOf(timeName)
  if (timeName.toLowerCase() !== 'time')
    warnings.push(`${fileName}: ${timeName} is taken as Time${unit == null ? '' : `, in ${unit}`}.`)
  return { slots, labels, warnings, ...(unit == null ? {} : { unit }) }
}
