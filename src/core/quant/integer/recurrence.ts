import { evaluateFunction, type TableFunction } from '../../model/tableFunction'
import type { RecurrentNode } from '../../model/graph'
import { requantFactor, scaleRounded, toFixedPoint } from './fixedPoint'
import { scaledCode } from './integerKernels'
import type { LayerFrame } from './layerFrame'
import { weightCode, weightScale } from '../quantize/weightQuantizer'
import type { CodeFormat, RecurrentLayer } from '../quantizedNetwork'
import type { Bits } from '../scheme'

/** A recurrence in integers, as resources/kernels/ref/recurrent.c computes it (docs/arithmetic.md "Recurrence"). */

/** Entries of a function's table: 257, and one more that fills a word. */
export const recurrentTableEntries = 258

/** What a gate's function is taken of counts 1/4096, from -8 to 8. */
const argumentUnit = 4096
/** Values of functions, states and cells count 1/32768. */
const valueUnit = 32_768
/** What the state is multiplied as: codes of 1/128. */
const stateUnit = 128
/** Most that is added to the sums of a row, so that both fit 32 bits. */
const largestBias = 2 ** 30
/** Limit of what a reset gate multiplies, in 1/4096. */
const resetLimit = 2 ** 20

/** Returns the integer layer of a recurrence. */
export function recurrentLayer(
  node: RecurrentNode,
  frame: LayerFrame,
  output: CodeFormat,
  { bitsOf, weightBits }: Pick<RecurrentLayer, 'bitsOf' | 'weightBits'>
): RecurrentLayer {
  const rows = node.recurrenceBias.length
  const hidden = node.recurrence.length / rows
  const codes = new Int8Array(node.recurrence.length)
  const rowBias = new Int32Array(rows)
  const rowMult = new Int32Array(rows)
  const rowShift = new Uint8Array(rows)
  for (let row = 0; row < rows; row++) {
    const weights = node.recurrence.subarray(row * hidden, (row + 1) * hidden)
    // Beside a bias weights of next to nothing get fewer codes.
    const bias = stateUnit * node.recurrenceBias[row]
    const scale = Math.max(rowScale(weights, weightBits), Math.abs(bias) / largestBias) || 1
    for (let k = 0; k < hidden; k++)
      codes[row * hidden + k] =
        weightBits === 8 ? Math.round(weights[k] / scale) : weightCode(weights[k], scale, weightBits)
    rowBias[row] = Math.round(bias / scale)
    const factor = toFixedPoint((scale / stateUnit) * argumentUnit)
    rowMult[row] = factor.mult
    rowShift[row] = factor.shift
  }
  const own = toFixedPoint(frame.input.scale * argumentUnit)
  const written = toFixedPoint(requantFactor(1 / valueUnit, output.scale, output.bits))
  return {
    op: 'recurrent',
    ...frame,
    outBits: output.bits,
    outScale: output.scale,
    outZero: output.zero,
    relu: false,
    cell: node.cell,
    isReverse: node.isReverse,
    bitsOf,
    weightBits,
    ownMult: own.mult,
    ownShift: own.shift,
    tables: node.functions.map(functionTable),
    recurrence: codes,
    rowBias,
    rowMult,
    rowShift,
    mult: Int32Array.of(written.mult),
    shift: Uint8Array.of(written.shift)
  }
}

/** Scale of a row's codes: at 8 bits the largest weight is 127, narrower ones have the least squared error. */
function rowScale(weights: Float32Array, bits: Bits): number {
  if (bits < 8) return weightScale(weights, bits, null)
  return weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) / 127
}

function functionTable(f: TableFunction): Int16Array {
  return Int16Array.from({ length: recurrentTableEntries - 1 }, (_, at) => {
    const value = Math.round(valueUnit * evaluateFunction(f, (at - 128) / 16))
    return Math.max(-valueUnit, Math.min(valueUnit - 1, value))
  })
}

/** The function at a number of 1/4096, limited to the table: between its entries it is a line. */
export function lookedUp(table: Int16Array, argument: number): number {
  const place = Math.max(-valueUnit, Math.min(valueUnit - 1, argument)) + valueUnit
  const entry = place >> 8
  return table[entry] + (((table[entry + 1] - table[entry]) * (place & 255) + 128) >> 8)
}

/** Product of two numbers of which one counts 1/32768, rounded. */
const share = (a: number, b: number): number => Math.floor((a * b + valueUnit / 2) / valueUnit)

/** What the steps of a recurrence work on. */
interface Steps {
  readonly layer: RecurrentLayer
  readonly input: Int8Array
  readonly hidden: number
  readonly sums: Int32Array
  /** In 1/32768. */
  readonly state: Int32Array
  readonly cell: Int32Array
  /** The state in 1/128, and what a GRU's reset leaves of it. */
  readonly codes: Int8Array
  readonly reset: Int8Array
}

/** Runs all steps of one item. */
export function runRecurrence(layer: RecurrentLayer, input: Int8Array, out: Int8Array): void {
  const [steps, , hidden] = layer.outputShape
  const rows = layer.rowBias.length
  const work: Steps = {
    layer,
    input,
    hidden,
    sums: new Int32Array(rows),
    state: new Int32Array(hidden),
    cell: new Int32Array(hidden),
    codes: new Int8Array(hidden),
    reset: new Int8Array(hidden)
  }
  for (let at = 0; at < steps; at++) {
    const step = layer.isReverse ? steps - 1 - at : at
    runStep(work, step * rows)
    for (let unit = 0; unit < hidden; unit++) {
      const state = work.state[unit]
      work.codes[unit] = Math.max(-128, Math.min(127, (state + 128) >> 8))
      out[step * hidden + unit] = scaledCode(state, layer.mult[0], layer.shift[0], layer)
    }
  }
}

/** @param from where the step's part of the input begins */
function runStep(work: Steps, from: number): void {
  const { layer, hidden, state, codes, reset } = work
  const { tables } = layer
  const own = (row: number): number =>
    scaleRounded(work.input[from + row] + layer.input.zero, layer.ownMult, layer.ownShift)
  const recurrent = (row: number): number =>
    scaleRounded(work.sums[row] + layer.rowBias[row], layer.rowMult[row], layer.rowShift[row])
  const gate = (table: number, row: number): number => lookedUp(tables[table], own(row) + recurrent(row))
  if (layer.cell === 'gru') {
    multiply(work, codes, 0, 2 * hidden)
    for (let unit = 0; unit < hidden; unit++) reset[unit] = share(gate(0, hidden + unit), codes[unit])
    multiply(work, reset, 2 * hidden, 3 * hidden)
  } else multiply(work, codes, 0, layer.rowBias.length)
  for (let unit = 0; unit < hidden; unit++) {
    if (layer.cell === 'lstm') state[unit] = longState(work, unit, gate)
    else if (layer.cell === 'rnn') state[unit] = gate(0, unit)
    else {
      const fresh = layer.cell === 'gru' ? gate(1, 2 * hidden + unit) : freshAfter(work, unit, own, recurrent)
      state[unit] = fresh + share(gate(0, unit), state[unit] - fresh)
    }
  }
}

type Gate = (table: number, row: number) => number

function longState({ layer, hidden, cell }: Steps, unit: number, gate: Gate): number {
  const kept = gate(0, 2 * hidden + unit) * cell[unit]
  const added = gate(0, unit) * gate(1, 3 * hidden + unit)
  cell[unit] = Math.floor((kept + added + valueUnit / 2) / valueUnit)
  return share(gate(0, hidden + unit), lookedUp(layer.tables[2], (cell[unit] + 4) >> 3))
}

/** New state of a GRU whose reset gate multiplies the product of the state. */
function freshAfter(
  { layer, hidden }: Steps,
  unit: number,
  own: (row: number) => number,
  recurrent: (row: number) => number
): number {
  const resets = lookedUp(layer.tables[0], own(hidden + unit) + recurrent(hidden + unit))
  const product = Math.max(-resetLimit, Math.min(resetLimit, recurrent(2 * hidden + unit)))
  return lookedUp(layer.tables[1], own(2 * hidden + unit) + share(resets, product))
}

/** Sums of the rows [first, end) of the recurrence. */
function multiply({ layer, hidden, sums }: Steps, codes: Int8Array, first: number, end: number): void {
  let at = first * hidden
  for (let row = first; row < end; row++) {
    let sum = 0
    for (let k = 0; k < hidden; k++) sum += codes[k] * layer.recurrence[at++]
    sums[row] = sum
  }
}
