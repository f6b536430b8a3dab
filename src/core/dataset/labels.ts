import { AppError } from '../../shared/errors'

/** Labels as they are read, numbered in the order in which they first appear. */
export interface LabelBook {
  /** Number of a label; -1 for none. */
  add(label: string | number | null): number
  /** What every number stands for once all labels are known. */
  classes(wanted: ClassWishes): ClassList
}

/** What files or the user say about the classes before the labels are read. */
export interface ClassWishes {
  /** Names by class number, where the files give them. */
  readonly names: readonly string[] | null
  /** Least number of classes. */
  readonly atLeast: number | null
  /** Every class in the order of the network's outputs, where the user gives it. */
  readonly order?: readonly string[] | null
}

/** Class names in order, and the class of every label seen. */
export interface ClassList {
  readonly names: readonly string[]
  /** Class number of each number `add` returned. */
  readonly classOf: Int32Array
}

const maxClasses = 100_000

/** Whether a number can be that of a class: whole, from 0, below 100,000. */
export function isClassNumber(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < maxClasses
}

/**
 * Whole numbers are class numbers as they stand; anything else is in the order that is given, else sorted by name.
 * @throws AppError data.invalid for fractions, negative numbers, and labels that a given order lacks
 */
export function createLabelBook(): LabelBook {
  const numbers = new Map<string | number, number>()
  return {
    add(label) {
      if (label === null) return -1
      let number = numbers.get(label)
      if (number === undefined) numbers.set(label, (number = numbers.size))
      return number
    },
    classes({ names, atLeast, order = null }) {
      const labels = [...numbers.keys()]
      if (order !== null) return orderedClasses(labels, order, names)
      const isNumeric = labels.every((label) => typeof label === 'number')
      if (!isNumeric) {
        const sorted = [...new Set(labels.map(String))].sort()
        return { names: sorted, classOf: Int32Array.from(labels, (label) => sorted.indexOf(String(label))) }
      }
      const odd = labels.find((label) => !isClassNumber(label))
      if (odd !== undefined) {
        throw new AppError(
          'data.invalid',
          `${odd} is no class number.`,
          'Classes are whole numbers from 0 to 99,999, or names. Numbers to predict are a regression: --task regression.'
        )
      }
      const count = Math.max(atLeast ?? 0, names?.length ?? 0, 1 + Math.max(-1, ...labels))
      return {
        names: Array.from({ length: count }, (_, index) => names?.[index] ?? String(index)),
        classOf: Int32Array.from(labels)
      }
    }
  }
}

/** Labels are names of the order; numbers that are no such names, none of them, are positions in it. */
function orderedClasses(
  labels: readonly (string | number)[],
  order: readonly string[],
  names: readonly string[] | null
): ClassList {
  const positions = new Map(order.map((name, at) => [name, at]))
  const positionOf = (label: string | number): number | undefined =>
    positions.get((typeof label === 'number' ? names?.[label] : undefined) ?? String(label))
  const areNamed = labels.some((label) => positionOf(label) !== undefined)
  const classOf = Int32Array.from(labels, (label) => {
    if (areNamed || typeof label !== 'number') return positionOf(label) ?? -1
    return Number.isInteger(label) && label >= 0 && label < order.length ? label : -1
  })
  const lacking = classOf.indexOf(-1)
  if (lacking >= 0) {
    throw new AppError(
      'data.invalid',
      `The items have a class "${labels[lacking]}", which is not among the ${order.length} classes that were named.`,
      'Name every class, in the order of the outputs of the network.'
    )
  }
  return { names: order, classOf }
}

/** 0 for what is normal, 1 for everything else, by class name or number. */
export function anomalyLabels(names: readonly string[]): Int32Array {
  const normal = names.findIndex((name) => /^(normal|good|ok|0)$/i.test(name))
  return Int32Array.from(names, (_, index) => (index === Math.max(0, normal) ? 0 : 1))
}
