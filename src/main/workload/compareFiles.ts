import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { addRows, compareVariant, emptySums } from '../../core/workload/measure/comparison'
import type { Variant } from '../../shared/contract/workload/workloadEvidence'
import type { TaskMetric } from '../../shared/contract/workload/workloadRows'
import { AppError } from '../../shared/errors'

/** Log-probabilities of the original and of a changed network: numbers, or a file of little-endian float32. */
export interface CompareTask {
  name: string
  rows: number
  columns: number
  /** Right column of each row; negative: not scored. */
  labels: number[]
  /** Sample of each row. */
  samples: number[]
  before: string | number[]
  after: string | number[]
  metric: TaskMetric
  confidence: number
  seed: number
}

/** Numbers read at a time from either file. */
const numbersAtOnce = 1 << 20

/** Reads both sets of predictions in pieces and compares them. @throws data.invalid when a file is too short */
export function comparePredictions(task: CompareTask): Variant {
  const { rows, columns, labels, samples } = task
  if (labels.length !== rows || samples.length !== rows) {
    throw new AppError(
      'data.invalid',
      `The predictions "${task.name}" have ${rows} rows, ${labels.length} labels and ${samples.length} samples.`,
      'The step predictions:baseline has to print a label for each row (-1: not scored).'
    )
  }
  if (labels.some((label) => label >= columns)) {
    throw new AppError(
      'data.invalid',
      `A label is not below ${columns}, the number of columns.`,
      'Check the test set.'
    )
  }
  const sums = emptySums(samples.reduce((most, sample) => Math.max(most, sample + 1), 0))
  const before = openRows(task.before, rows, columns)
  const after = openRows(task.after, rows, columns)
  const step = Math.max(1, Math.floor(numbersAtOnce / columns))
  try {
    for (let from = 0; from < rows; from += step) {
      const count = Math.min(step, rows - from)
      const range = [from, from + count] as const
      addRows(
        sums,
        before.read(count),
        after.read(count),
        columns,
        labels.slice(...range),
        samples.slice(...range)
      )
    }
  } finally {
    before.close()
    after.close()
  }
  return compareVariant(task.name, sums, task.metric, task.confidence, task.seed)
}

interface Rows {
  read(count: number): Float32Array
  close(): void
}

function openRows(source: string | number[], rows: number, columns: number): Rows {
  let at = 0
  if (typeof source !== 'string') {
    const values = Float32Array.from(source)
    if (values.length !== rows * columns) throw tooShort('The predictions')
    return { read: (count) => values.subarray(at, (at += count * columns)), close: () => undefined }
  }
  if ((statSync(source, { throwIfNoEntry: false })?.size ?? 0) !== rows * columns * 4) throw tooShort(source)
  const file = openSync(source, 'r')
  return {
    read(count) {
      const values = new Float32Array(count * columns)
      const bytes = new Uint8Array(values.buffer)
      for (let done = 0; done < bytes.length;) {
        const got = readSync(file, bytes, done, bytes.length - done, at + done)
        if (got === 0) throw tooShort(source)
        done += got
      }
      at += bytes.length
      return values
    },
    close: () => closeSync(file)
  }
}

const tooShort = (what: string): AppError =>
  new AppError(
    'data.invalid',
    `${what} does not hold rows x columns float32 numbers.`,
    'Write every row of log-probabilities.'
  )
