import { tablesAtTheEnd } from '../model/tablesAtTheEnd'
import { AppError } from '../../shared/errors'
import { sizeOf } from '../model/graph'
import { indexRowsOf } from '../model/indexRows'
import type { ImportedModel } from '../model/onnx/importOnnx'
import { roundHalfEven } from '../model/constants/rounding'
import type { AxisEnding, CodeEnding, ValueCodes } from '../model/onnx/importState'
import type { ImportedOutput } from '../model/tensorView'
import { storagePlaces } from '../model/storage'
import { hwcWeights } from './hwcGraph'
import { createFloatRunner } from './runFloat'

/** The values of one output of the ONNX file, in its order. */
export interface OutputValues {
  readonly dims: readonly number[]
  readonly values: Float32Array
}

/** Elements of the file's input, in ONNX order, as the graph's input lies in memory, limited to the file's codes. */
export function graphInput({ graph, input }: ImportedModel, values: ArrayLike<number>): Float32Array {
  if (input.isIndex === true) return indexBytes(values, indexRowsOf(graph))
  const places = storagePlaces(graph.inputShape)
  const [low, high] = graph.inputLimits ?? [-Infinity, Infinity]
  const result = new Float32Array(places.length)
  for (let at = 0; at < result.length; at++)
    result[places[input.map === null ? at : input.map[at]]] = Math.min(high, Math.max(low, values[at]))
  return result
}

/**
 * Whole numbers as the two bytes that a network of indices reads for each: all low ones, then all high ones.
 * @param rows of the table that each number is an index into (indexRows.ts)
 * @throws AppError input.invalid for other numbers
 */
export function indexBytes(values: ArrayLike<number>, rows: ArrayLike<number>): Float32Array {
  const result = new Float32Array(2 * values.length)
  for (let at = 0; at < values.length; at++) {
    const value = values[at]
    if (!Number.isInteger(value) || value < 0 || value > 65_535)
      throw new AppError(
        'input.invalid',
        `${value} is no index: the network's input holds whole numbers from 0 to 65,535.`,
        'Give the numbers of the tokens, not their vectors or texts.'
      )
    if (value >= rows[at]) throw beyondRows(value, at, rows[at])
    result[at] = value & 255
    result[values.length + at] = value >> 8
  }
  return result
}

function beyondRows(value: number, at: number, rows: number): AppError {
  return new AppError(
    'input.invalid',
    `Number ${at + 1} of an item is ${value}, where the network reads ${rows === 2 ? '0 or 1' : `0 to ${rows - 1}`}.`,
    rows === 2
      ? 'Masks and kinds of tokens are 0 or 1; an item holds the inputs one behind the other, in the order of the file.'
      : 'Give token numbers of the vocabulary that the network was trained with.'
  )
}

/** What a graph's output, in the order of its shape, means as the file's: put in its order, with Softmax and the like applied. */
export function fileOutput(output: ImportedOutput, elements: ArrayLike<number>): OutputValues {
  const count = sizeOf(output.dims)
  const values = new Float32Array(count)
  for (let at = 0; at < count; at++) {
    const from = output.map === null ? at : output.map[at]
    values[at] = from < 0 ? output.fill : elements[from]
  }
  return withEndings({ dims: output.dims, values }, output)
}

/** Runs one item of float inputs, in ONNX order, through the graph in float. */
export function createImportedRunner(imported: ImportedModel): (values: ArrayLike<number>) => OutputValues {
  const { graph } = imported
  const runner = createFloatRunner(graph, hwcWeights(graph), undefined, tablesAtTheEnd(graph))
  const places = storagePlaces(graph.nodes[graph.output].outputShape)
  return (values) => {
    const memory = runner.run(graphInput(imported, values))[graph.output]
    return fileOutput(
      imported.output,
      Float32Array.from(places, (place) => memory[place])
    )
  }
}

function withEndings(values: OutputValues, { endings }: ImportedOutput): OutputValues {
  return endings.reduce(
    (before, ending) =>
      'axis' in ending ? withAxisEnding(before, ending) : { ...before, values: coded(before.values, ending) },
    values
  )
}

/** Values as their codes, or as the real numbers of their codes. */
function coded(values: Float32Array, { kind, ...codes }: CodeEnding): Float32Array {
  const { scale, zero } = codes
  return values.map((value) =>
    kind === 'codes' ? codeOf(value, codes) : scale * (codeOf(value, codes) - zero)
  )
}

function withAxisEnding({ dims, values }: OutputValues, ending: AxisEnding): OutputValues {
  const { kind, axis, keepAxis, takesLast = false } = ending
  const length = dims[axis]
  const inner = sizeOf(dims.slice(axis + 1))
  const rows = values.length / length
  if (kind === 'argMax') {
    const shape = dims.map((size, at) => (at === axis ? 1 : size)).filter((_, at) => keepAxis || at !== axis)
    const winners = Float32Array.from({ length: rows }, (_, row) =>
      winner(values, row, length, inner, takesLast)
    )
    return { dims: shape, values: winners }
  }
  const result = new Float32Array(values.length)
  for (let row = 0; row < rows; row++) {
    const from = Math.floor(row / inner) * length * inner + (row % inner)
    const top = values[from + winner(values, row, length, inner) * inner]
    let sum = 0
    for (let at = 0; at < length; at++) sum += Math.exp(values[from + at * inner] - top)
    for (let at = 0; at < length; at++) {
      const own = values[from + at * inner] - top
      result[from + at * inner] = kind === 'softmax' ? Math.exp(own) / sum : own - Math.log(sum)
    }
  }
  return { dims, values: result }
}

/** The code of a real value, as QuantizeLinear rounds it. */
function codeOf(value: number, { scale, zero, limits }: ValueCodes): number {
  const [low, high] = limits ?? [-Infinity, Infinity]
  return Math.min(high, Math.max(low, roundHalfEven(value / scale) + zero))
}

/** Index along the axis of the first (or last) greatest value of a row. */
function winner(values: Float32Array, row: number, length: number, inner: number, takesLast = false): number {
  const from = Math.floor(row / inner) * length * inner + (row % inner)
  let best = 0
  for (let at = 1; at < length; at++) {
    const [own, most] = [values[from + at * inner], values[from + best * inner]]
    if (own > most || (takesLast && own === most)) best = at
  }
  return best
}
