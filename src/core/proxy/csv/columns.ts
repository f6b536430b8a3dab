import { AppError } from '../../../shared/errors'
import type { KernelSpec } from '../kernels'

/**
 * Text columns that Bitbench writes beside a measurement and reads back. They say where a number comes from; they
 * never enter a fit.
 */
export const provenanceColumns = [
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

export interface Slot {
  name: string
  kind: 'dimension' | 'bits' | 'time'
  /** Index of the CSV column; -1 when the file has none and a default stands in. */
  column: number
}

export interface Binding {
  slots: Slot[]
  labels: { name: string; column: number }[]
  warnings: string[]
}

/**
 * Matches a header to a kernel's columns. Throws data.invalid for a missing or repeated column, naming what the
 * kernel needs; unknown columns are left out and reported.
 */
export function bindColumns(
  names: readonly string[],
  spec: KernelSpec,
  fileName: string,
  timeOptional = false
): Binding {
  const expected = `${spec.dims.map((column) => column.name).join(',')},QA,QW,Time`
  const find = (wanted: string, aliases: readonly string[]): number => {
    const at = names.findIndex((name) => name === wanted || aliases.includes(name))
    const again = names.findIndex((name, index) => index > at && (name === wanted || aliases.includes(name)))
    if (at >= 0 && again >= 0) {
      throw new AppError(
        'data.invalid',
        `${fileName}, line 1: column ${wanted} stands there twice.`,
        'Keep one of the two columns.',
        { details: { file: fileName, line: 1, column: wanted } }
      )
    }
    return at
  }
  const required = (
    wanted: string,
    kind: Slot['kind'],
    aliases: readonly string[],
    optional: boolean
  ): Slot => {
    const column = find(wanted, aliases)
    if (column < 0 && !optional) {
      throw new AppError(
        'data.invalid',
        `${fileName}, line 1: column ${wanted} is missing for ${spec.name} (found ${names.join(', ')}).`,
        `A ${spec.name} file has the columns ${expected}; check --kernel.`,
        { details: { file: fileName, line: 1, column: wanted } }
      )
    }
    return { name: wanted, kind, column }
  }
  const slots: Slot[] = [
    ...spec.dims.map((column) =>
      required(column.name, 'dimension', column.aliases, column.absent !== undefined)
    ),
    required('QA', 'bits', ['Qa', 'qa'], !spec.hasPrecision),
    required('QW', 'bits', ['Qw', 'qw'], !spec.hasPrecision),
    required('Time', 'time', ['time', 'TIME'], timeOptional)
  ]
  const labels: Binding['labels'] = []
  const unknown: string[] = []
  names.forEach((name, column) => {
    if (slots.some((slot) => slot.column === column)) return
    if ((provenanceColumns as readonly string[]).includes(name)) labels.push({ name, column })
    else unknown.push(name === '' ? `(unnamed column ${column + 1})` : name)
  })
  const warnings =
    unknown.length === 0
      ? []
      : [`${fileName}: left out ${unknown.join(', ')}; a ${spec.name} proxy knows ${expected}.`]
  return { slots, labels, warnings }
}
