import { rowSpec } from '../../kernel/spec'
import { noBits, type ShapeRows } from '../samples'

/** What a proxy was fitted on; beyond it, its interval is not calibrated: the held-out shapes lay within. */
export interface FittedExtent {
  /** Least and largest of each size, in the order of the kernel's file columns. */
  dims: [number, number][]
  /** Widths that were measured, widest first; empty where the operand has none. */
  activationBits: number[]
  weightBits: number[]
}

/** The range of one or more measured rows. */
export function fittedExtentOf(rows: ShapeRows): FittedExtent {
  return {
    dims: rows.dims.map((column) => [
      column.reduce((least, value) => Math.min(least, value), Infinity),
      column.reduce((most, value) => Math.max(most, value), -Infinity)
    ]),
    activationBits: widthsOf(rows.activationBits),
    weightBits: widthsOf(rows.weightBits)
  }
}

const widthsOf = (bits: Float64Array): number[] =>
  [...new Set(bits)].filter((width) => width !== noBits).sort((a, b) => b - a)

/**
 * What of a layer was never measured, in words, e.g. "K 784 above 256", "9 bits of weights"; empty for a layer within the range.
 */
export function outsideOf(range: FittedExtent, rows: ShapeRows, row: number): string[] {
  const { columns } = rowSpec(rows.kernel)
  const sizes = columns.flatMap(({ name }, at) => {
    const [least, most] = range.dims[at]
    const size = rows.dims[at][row]
    return size < least
      ? [`${name} ${size} below ${least}`]
      : size > most
        ? [`${name} ${size} above ${most}`]
        : []
  })
  return [
    ...sizes,
    ...unmeasuredWidth(range.weightBits, rows.weightBits[row], 'weights'),
    ...unmeasuredWidth(range.activationBits, rows.activationBits[row], 'activations')
  ]
}

const unmeasuredWidth = (measured: readonly number[], width: number, what: string): string[] =>
  width === noBits || measured.includes(width) ? [] : [`${width} ${width === 1 ? 'bit' : 'bits'} of ${what}`]

/** Whether a value from a file is a range. */
export function isFittedExtent(value: unknown): value is FittedExtent {
  const range = value as Partial<FittedExtent> | null
  if (typeof range !== 'object' || range === null) return false
  const { dims, activationBits, weightBits } = range
  return (
    [dims, activationBits, weightBits].every(Array.isArray) &&
    [...(dims ?? []).flat(), ...(activationBits ?? []), ...(weightBits ?? [])].every(Number.isFinite) &&
    (dims ?? []).every((bounds) => Array.isArray(bounds) && bounds.length === 2)
  )
}
