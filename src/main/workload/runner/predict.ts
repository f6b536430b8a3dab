import { closeSync, openSync, writeSync } from 'node:fs'
import type * as ort from 'onnxruntime-node'
import { logSumExp } from '../../../core/math/logSumExp'
import { AppError } from '../../../shared/errors'
import type { Subject } from './subject'
import type { Feeds } from './testRows'

/** Predictions of a network on the test samples. */
export interface Predictions {
  readonly rows: number
  readonly columns: number
  readonly labels: number[]
  /** Sample of each row. */
  readonly samples: number[]
}

/**
 * Runs the test samples and writes the log-probabilities of every row as little-endian float32. The first output of the
 * network is read: [batch, classes], or [batch, tokens, words]; a row is a sample or a token.
 */
export async function predict(
  subject: Subject,
  session: ort.InferenceSession,
  gates: Feeds,
  file: string
): Promise<Predictions> {
  const output = subject.network.model.outputs[0].name
  const target = openSync(file, 'w')
  const labels: number[] = []
  const samples: number[] = []
  let columns = 0
  let sample = 0
  try {
    for (const feeds of subject.testBatches) {
      const { data, dims } = (await session.run({ ...feeds, ...gates }, [output]))[output]
      if (!(data instanceof Float32Array) || dims.length < 2) {
        throw new AppError(
          'input.unsupported',
          `The output "${output}" is not a float32 table of scores.`,
          'Put the logits first among the outputs.'
        )
      }
      columns = dims.at(-1)!
      const perSample = dims.slice(1, -1).reduce((product, size) => product * size, 1)
      writeSync(target, bytesOf(toLogProbabilities(data, columns)))
      for (let at = 0; at < dims[0]; at++, sample++) {
        labels.push(...labelsOf(subject, sample, perSample))
        for (let row = 0; row < perSample; row++) samples.push(sample)
      }
    }
  } finally {
    closeSync(target)
  }
  return { rows: labels.length, columns, labels, samples }
}

function labelsOf({ test }: Subject, sample: number, rows: number): number[] {
  const { label, labels } = test.test[sample]
  const found = labels ?? (label === undefined ? undefined : [label])
  if (found?.length === rows) return found
  throw new AppError(
    'data.invalid',
    `Test sample ${sample + 1} has ${found?.length ?? 0} labels; the network has ${rows} rows of output for it.`,
    'Give "label" for a classifier, and "labels" with one entry per token (-1: not scored) for a language model.'
  )
}

/** Log-probabilities of scores by row, in place. */
function toLogProbabilities(values: Float32Array, columns: number): Float32Array {
  for (let from = 0; from < values.length; from += columns) {
    const log = logSumExp(values, from, columns)
    for (let i = from; i < from + columns; i++) values[i] = values[i] - log
  }
  return values
}

const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
