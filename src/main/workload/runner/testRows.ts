import { readFileSync } from 'node:fs'
import * as ort from 'onnxruntime-node'
import { z } from 'zod'
import { halfOfFloat } from '../../../core/binary/half'
import type { HalfType, OnnxElementType, OnnxValue } from '../../../core/model/onnx/onnx'
import { AppError } from '../../../shared/errors'

/** One line of a test set: inputs of one sample without the batch axis, and what the network should say. */
const rowSchema = z.object({
  /** calibration: for means and ranges; never scored. */
  part: z.enum(['test', 'calibration']).default('test'),
  inputs: z.record(z.string(), z.unknown()),
  /** Class of a classifier's sample. */
  label: z.number().int().optional(),
  /** Right column of every row of the output (next tokens); -1 where a row does not count. */
  labels: z.array(z.number().int()).optional()
})

/** A row of a test file. */
export type TestRow = z.infer<typeof rowSchema>

/** Rows to judge on, and rows to calibrate on. */
export interface TestSet {
  readonly test: readonly TestRow[]
  readonly calibration: readonly TestRow[]
}

/** Calibration samples taken from the test part where a set has none of their own. */
const borrowed = 32

/** Reads a test set (JSON lines). @throws data.missing, data.invalid (with the line) */
export function readTestSet(file: string): TestSet {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new AppError('data.missing', `The test set ${file} cannot be read.`, 'Check the path.', { cause })
  }
  const rows = text
    .split('\n')
    .flatMap((line, index) => (line.trim() === '' ? [] : [readRow(line, index + 1)]))
  const test = rows.filter(({ part }) => part === 'test')
  if (test.length === 0) {
    throw new AppError('data.invalid', `${file} holds no test sample.`, 'Write one JSON object a line.')
  }
  const calibration = rows.filter(({ part }) => part === 'calibration')
  return { test, calibration: calibration.length > 0 ? calibration : test.slice(0, borrowed) }
}

function readRow(line: string, number: number): TestRow {
  try {
    return rowSchema.parse(JSON.parse(line))
  } catch (cause) {
    throw new AppError(
      'data.invalid',
      `Line ${number} of the test set is no sample.`,
      'A line looks like {"inputs":{"ids":[1,2,3]},"label":0}; see docs/workloads.md.',
      { cause }
    )
  }
}

/** Inputs of a network by name. */
export type Feeds = Record<string, ort.Tensor>

/** The inputs of test samples, `batch` at a time. `whole`: leaves an incomplete last batch out. */
export function batchFeeds(
  rows: readonly TestRow[],
  inputsOf: (rows: readonly TestRow[]) => Feeds,
  batch: number,
  whole: boolean
): Feeds[] {
  const feeds: Feeds[] = []
  for (let from = 0; from < rows.length; from += batch) {
    const chosen = rows.slice(from, from + batch)
    if (whole && chosen.length < batch) break
    feeds.push(inputsOf(chosen))
  }
  return feeds
}

/** Least and greatest number of the element types that hold whole numbers; typed arrays would cut others off silently. */
const wholeRanges: Partial<Record<OnnxElementType, readonly [number, number]>> = {
  bool: [0, 1],
  uint8: [0, 255],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]
}

/** One input of several samples as a tensor. @throws data.invalid, input.unsupported */
export function stacked(rows: readonly TestRow[], { name, elementType, half }: OnnxValue): ort.Tensor {
  const shapes = rows.map(({ inputs }) => {
    if (inputs[name] === undefined) throw wrongInput(name, 'is missing in a sample')
    return shapeOf(inputs[name])
  })
  const shape = shapes[0]
  if (shapes.some((other) => other.join() !== shape.join())) {
    throw wrongInput(name, 'has samples of different shapes; pad them to one')
  }
  const numbers = rows.flatMap(({ inputs }) => flat(inputs[name]))
  if (numbers.some((value) => !Number.isFinite(value))) throw wrongInput(name, 'holds what is not a number')
  const range = wholeRanges[elementType]
  if (range !== undefined) {
    const [least, most] = range
    const wrong = numbers.find((value) => !(Number.isInteger(value) && value >= least && value <= most))
    if (wrong !== undefined) throw wrongInput(name, `holds ${wrong}, which is no ${elementType}`)
  }
  return tensorOf(elementType, numbers, [rows.length, ...shape], half)
}

/**
 * Numbers as a tensor of the element type.
 * @param half what the network takes in place of float32
 * @throws input.unsupported
 */
export function tensorOf(
  type: OnnxElementType,
  numbers: readonly number[],
  dims: readonly number[],
  half?: HalfType
): ort.Tensor {
  if (half === 'float16') return new ort.Tensor('float16', Uint16Array.from(numbers, halfOfFloat), dims)
  if (half !== undefined) throw unread(half)
  if (type === 'float32') return new ort.Tensor('float32', Float32Array.from(numbers), dims)
  if (type === 'int64') return new ort.Tensor('int64', BigInt64Array.from(numbers, BigInt), dims)
  if (type === 'int32') return new ort.Tensor('int32', Int32Array.from(numbers), dims)
  if (type === 'bool') return new ort.Tensor('bool', Uint8Array.from(numbers), dims)
  if (type === 'uint8') return new ort.Tensor('uint8', Uint8Array.from(numbers), dims)
  throw unread(type)
}

const unread = (type: string): AppError =>
  new AppError(
    'input.unsupported',
    `Inputs of type ${type} cannot be given.`,
    'Export the network with inputs of float32, float16 or int64.'
  )

function shapeOf(value: unknown): number[] {
  return Array.isArray(value) ? [value.length, ...(value.length > 0 ? shapeOf(value[0]) : [])] : []
}

function flat(value: unknown): number[] {
  return Array.isArray(value) ? (value as unknown[]).flatMap(flat) : [typeof value === 'number' ? value : NaN]
}

function wrongInput(name: string, what: string): AppError {
  return new AppError(
    'data.invalid',
    `Input "${name}" ${what}.`,
    'Compare the test set with the inputs of the network.'
  )
}
