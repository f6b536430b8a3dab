import { int } from '../../model/onnx/onnx'
import type { OnnxBuilder } from '../../model/onnx/onnxBuilder'
import type { Requantize } from './evaluationOperators'
import { lookedUp } from './recurrence'
import type { RecurrentLayer } from '../quantizedNetwork'

/** Numbers of a step's arguments that a table has entries for, from -32768 on. */
const arguments16 = 65_536
const double = 11

/** What the nodes of all steps share. */
interface Emission {
  readonly builder: OnnxBuilder
  readonly layer: RecurrentLayer
  readonly hidden: number
  /** Names of the functions' tables, one entry for every argument. */
  readonly tables: readonly string[]
  add(a: string, b: string | number): string
  sub(a: string, b: string): string
  mul(a: string, b: string | number): string
  floor(value: string): string
  /** Columns of gate `first` to gate `end` of [batch, gates * hidden]. */
  gates(value: string, first: number, end: number): string
  /** Product of which one counts 1/32768, rounded. */
  share(a: string, b: string): string
  lookUp(table: number, argument: string): string
}

/** Emits a recurrence in float64, which holds all of its integers exactly; every step is written out. */
export function emitRecurrence(
  builder: OnnxBuilder,
  layer: RecurrentLayer,
  input: string,
  requantize: Requantize
): string {
  const [steps, , hidden] = layer.outputShape
  const rows = layer.rowBias.length
  const emission = createEmission(builder, layer, hidden)
  const { add, mul, floor } = emission
  const codes = builder.node('Cast', [input], { to: int(double) })
  const arguments_ = floor(add(mul(codes, layer.ownMult / 2 ** layer.ownShift), 0.5))
  const sequence = builder.node('Reshape', [arguments_, builder.shape([-1, steps, rows])])
  const product = createProduct(emission, rows)
  const states = new Array<string>(steps)
  let before: Before = { state: null, cell: null }
  for (let at = 0; at < steps; at++) {
    const step = layer.isReverse ? steps - 1 - at : at
    const own = builder.node('Gather', [sequence, builder.constant(BigInt64Array.of(BigInt(step)), [])], {
      axis: int(1)
    })
    before = emitStep(emission, own, before, product)
    states[step] = builder.node('Unsqueeze', [before.state!, builder.shape([1])])
  }
  const all = steps === 1 ? states[0] : builder.node('Concat', states, { axis: int(1) })
  const flat = builder.node('Reshape', [all, builder.shape([-1, steps * hidden])])
  const scaled = mul(flat, layer.mult[0] / 2 ** layer.shift[0])
  return requantize(layer, builder.node('Cast', [scaled], { to: int(1) }))
}

/** State and cell in 1/32768; null: zeros. */
interface Before {
  readonly state: string | null
  readonly cell: string | null
}

/** Gates [first, end) of what the codes of a state are multiplied to, in 1/4096; null stands for codes of 0. */
type Product = (codes: string | null, first: number, end: number) => string

function createEmission(builder: OnnxBuilder, layer: RecurrentLayer, hidden: number): Emission {
  const scalar = (value: number): string => builder.constant(Float64Array.of(value), [])
  const operand = (value: string | number): string => (typeof value === 'string' ? value : scalar(value))
  const tables = layer.tables.map((table) =>
    builder.constant(
      Float32Array.from({ length: arguments16 }, (_, at) => lookedUp(table, at - arguments16 / 2)),
      [arguments16]
    )
  )
  const add = (a: string, b: string | number): string => builder.node('Add', [a, operand(b)])
  const mul = (a: string, b: string | number): string => builder.node('Mul', [a, operand(b)])
  const floor = (value: string): string => builder.node('Floor', [value])
  return {
    builder,
    layer,
    hidden,
    tables,
    add,
    mul,
    floor,
    sub: (a, b) => builder.node('Sub', [a, b]),
    gates: (value, first, end) =>
      builder.node('Slice', [value, ...[first * hidden, end * hidden, 1].map((at) => builder.shape([at]))]),
    share: (a, b) => floor(add(mul(mul(a, b), 1 / 32_768), 0.5)),
    lookUp(table, argument) {
      const limited = builder.node('Clip', [argument, scalar(-arguments16 / 2), scalar(arguments16 / 2 - 1)])
      const place = builder.node('Cast', [add(limited, arguments16 / 2)], { to: int(7) })
      const found = builder.node('Gather', [tables[table], place], { axis: int(0) })
      return builder.node('Cast', [found], { to: int(double) })
    }
  }
}

function createProduct({ builder, layer, hidden, add, mul, floor }: Emission, rows: number): Product {
  const transposed = new Float64Array(layer.recurrence.length)
  for (let row = 0; row < rows; row++)
    for (let k = 0; k < hidden; k++) transposed[k * rows + row] = layer.recurrence[row * hidden + k]
  const matrix = builder.constant(transposed, [hidden, rows])
  const part = (values: Float64Array, first: number, end: number): string =>
    builder.constant(values.slice(first * hidden, end * hidden), [(end - first) * hidden])
  const factors = Float64Array.from(layer.rowMult, (mult, row) => mult / 2 ** layer.rowShift[row])
  const biases = Float64Array.from(layer.rowBias)
  const columns = new Map<string, string>()
  const matrixOf = (first: number, end: number): string => {
    if ((end - first) * hidden === rows) return matrix
    const key = `${first}:${end}`
    const known =
      columns.get(key) ??
      builder.node('Slice', [matrix, ...[first * hidden, end * hidden, 1].map((at) => builder.shape([at]))])
    columns.set(key, known)
    return known
  }
  return (codes, first, end) => {
    const bias = part(biases, first, end)
    const sums = codes === null ? bias : add(builder.node('MatMul', [codes, matrixOf(first, end)]), bias)
    return floor(add(mul(sums, part(factors, first, end)), 0.5))
  }
}

function emitStep(emission: Emission, own: string, before: Before, product: Product): Before {
  const { builder, layer, mul, add, floor, gates, lookUp, share } = emission
  const clip = (value: string, low: number, high: number): string =>
    builder.node('Clip', [
      value,
      builder.constant(Float64Array.of(low), []),
      builder.constant(Float64Array.of(high), [])
    ])
  const codes = before.state === null ? null : clip(floor(add(mul(before.state, 1 / 256), 0.5)), -128, 127)
  switch (layer.cell) {
    case 'rnn':
      return { state: lookUp(0, add(own, product(codes, 0, 1))), cell: null }
    case 'lstm':
      return emitLongStep(emission, add(own, product(codes, 0, 4)), before)
    case 'gru': {
      const pair = lookUp(0, add(gates(own, 0, 2), product(codes, 0, 2)))
      const reset = codes === null ? null : share(gates(pair, 1, 2), codes)
      const fresh = lookUp(1, add(gates(own, 2, 3), product(reset, 2, 3)))
      return mixed(emission, fresh, gates(pair, 0, 1), before)
    }
    case 'gruAfter': {
      const products = product(codes, 0, 3)
      const sums = add(own, products)
      const pair = lookUp(0, gates(sums, 0, 2))
      // Without a state the products are one row for all items.
      const last = codes === null ? product(null, 2, 3) : gates(products, 2, 3)
      const kept = share(gates(pair, 1, 2), clip(last, -(2 ** 20), 2 ** 20))
      const fresh = lookUp(1, add(gates(own, 2, 3), kept))
      return mixed(emission, fresh, gates(pair, 0, 1), before)
    }
  }
}

/** The new state and the one before in the shares that the update gate gives. */
function mixed({ add, sub, mul, share }: Emission, fresh: string, update: string, { state }: Before): Before {
  const change = state === null ? mul(fresh, -1) : sub(state, fresh)
  return { state: add(fresh, share(update, change)), cell: null }
}

function emitLongStep(emission: Emission, sums: string, { cell }: Before): Before {
  const { add, mul, floor, gates, lookUp, share } = emission
  const opened = lookUp(0, gates(sums, 0, 3))
  const added = mul(gates(opened, 0, 1), lookUp(1, gates(sums, 3, 4)))
  const both = cell === null ? added : add(mul(gates(opened, 2, 3), cell), added)
  const next = floor(add(mul(both, 1 / 32_768), 0.5))
  const argument = floor(add(mul(next, 1 / 8), 0.5))
  return { state: share(gates(opened, 1, 2), lookUp(2, argument)), cell: next }
}
