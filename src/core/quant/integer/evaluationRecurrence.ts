import { int, ints, type OnnxGraph } from '../../model/onnx/onnx'
import { createOnnxBuilder, type OnnxBuilder } from '../../model/onnx/onnxBuilder'
import type { Requantize } from './evaluationOperators'
import { lookedUp } from './recurrence'
import type { RecurrentLayer } from '../quantizedNetwork'

/** A table has an entry for each of so many arguments, from -32768 on. */
const arguments16 = 65_536
const double = 11

/** Nodes over whole numbers, and what they share. */
interface Emission {
  readonly builder: OnnxBuilder
  readonly layer: RecurrentLayer
  readonly hidden: number
  add(a: string, b: string | number): string
  sub(a: string, b: string): string
  mul(a: string, b: string | number): string
  floor(value: string): string
  clip(value: string, low: number, high: number): string
  /** Columns of gates [first, end) of a matrix of gates * hidden columns. */
  gates(value: string, first: number, end: number): string
  /** Product of which one counts 1/32768, rounded. */
  share(a: string, b: string): string
  lookUp(table: number, argument: string): string
}

/** Emits a recurrence in float64, which holds all of its integers exactly, as one Scan over the steps. */
export function emitRecurrence(
  builder: OnnxBuilder,
  layer: RecurrentLayer,
  input: string,
  requantize: Requantize
): string {
  const [steps, , hidden] = layer.outputShape
  const rows = layer.rowBias.length
  const { add, mul, floor, gates } = createEmission(builder, layer, hidden)
  const codes = builder.node('Cast', [input], { to: int(double) })
  const arguments_ = floor(add(mul(codes, layer.ownMult / 2 ** layer.ownShift), 0.5))
  const sequence = builder.node('Reshape', [arguments_, builder.shape([-1, steps, rows])])
  const start = builder.constant(BigInt64Array.of(0n), [])
  const zeros = mul(gates(builder.node('Gather', [sequence, start], { axis: int(1) }), 0, 1), 0)
  const carried = layer.cell === 'lstm' ? ['state', 'cell'] : ['state']
  const direction = ints([layer.isReverse ? 1 : 0])
  const [all] = builder
    .nodes('Scan', [...carried.map(() => zeros), sequence], carried.length + 1, {
      body: { kind: 'graph', value: stepGraph(layer, hidden, carried) },
      num_scan_inputs: int(1),
      scan_input_axes: ints([1]),
      scan_output_axes: ints([1]),
      scan_input_directions: direction,
      scan_output_directions: direction
    })
    .slice(-1)
  const flat = builder.node('Reshape', [all, builder.shape([-1, steps * hidden])])
  const scaled = mul(flat, layer.mult[0] / 2 ** layer.shift[0])
  return requantize(layer, builder.node('Cast', [scaled], { to: int(1) }))
}

/** One step: what is carried and the step's arguments to what is carried next and the state. */
function stepGraph(layer: RecurrentLayer, hidden: number, carried: readonly string[]): OnnxGraph {
  const builder = createOnnxBuilder(`${layer.name}.step.`)
  const rows = layer.rowBias.length
  const names = carried.map((name) => builder.input(`${layer.name}.${name}`, 'float64', ['batch', hidden]))
  const own = builder.input(`${layer.name}.own`, 'float64', ['batch', rows])
  const emission = createEmission(builder, layer, hidden)
  const [state = '', cell = ''] = names
  const next = emitStep(emission, own, { state, cell }, createProduct(emission, rows))
  for (const name of carried)
    builder.output(name === 'cell' ? next.cell : next.state, `${layer.name}.next.${name}`, 'float64')
  builder.output(next.state, `${layer.name}.states`, 'float64')
  return builder.build(`${layer.name}.step`)
}

/** State and, of an LSTM, cell in 1/32768. */
interface Carried {
  readonly state: string
  readonly cell: string
}

/** Gates [first, end) of what the codes of a state are multiplied to, in 1/4096. */
type Product = (codes: string, first: number, end: number) => string

function createEmission(builder: OnnxBuilder, layer: RecurrentLayer, hidden: number): Emission {
  const scalar = (value: number): string => builder.constant(Float64Array.of(value), [])
  const operand = (value: string | number): string => (typeof value === 'string' ? value : scalar(value))
  const tables: string[] = []
  const tableOf = (which: number): string =>
    (tables[which] ??= builder.constant(
      Float32Array.from({ length: arguments16 }, (_, at) =>
        lookedUp(layer.tables[which], at - arguments16 / 2)
      ),
      [arguments16]
    ))
  const add = (a: string, b: string | number): string => builder.node('Add', [a, operand(b)])
  const mul = (a: string, b: string | number): string => builder.node('Mul', [a, operand(b)])
  const floor = (value: string): string => builder.node('Floor', [value])
  const clip = (value: string, low: number, high: number): string =>
    builder.node('Clip', [value, scalar(low), scalar(high)])
  return {
    builder,
    layer,
    hidden,
    add,
    mul,
    floor,
    sub: (a, b) => builder.node('Sub', [a, b]),
    gates: (value, first, end) =>
      builder.node('Slice', [value, ...[first * hidden, end * hidden, 1].map((at) => builder.shape([at]))]),
    share: (a, b) => floor(add(mul(mul(a, b), 1 / 32_768), 0.5)),
    clip,
    lookUp(table, argument) {
      const limited = clip(argument, -arguments16 / 2, arguments16 / 2 - 1)
      const place = builder.node('Cast', [add(limited, arguments16 / 2)], { to: int(7) })
      const found = builder.node('Gather', [tableOf(table), place], { axis: int(0) })
      return builder.node('Cast', [found], { to: int(double) })
    }
  }
}

function createProduct({ builder, layer, hidden, add, mul, floor, gates }: Emission, rows: number): Product {
  const transposed = new Float64Array(layer.recurrence.length)
  for (let row = 0; row < rows; row++)
    for (let k = 0; k < hidden; k++) transposed[k * rows + row] = layer.recurrence[row * hidden + k]
  const matrix = builder.constant(transposed, [hidden, rows])
  const part = (values: Float64Array, first: number, end: number): string =>
    builder.constant(values.slice(first * hidden, end * hidden), [(end - first) * hidden])
  const factors = Float64Array.from(layer.rowMult, (mult, row) => mult / 2 ** layer.rowShift[row])
  const biases = Float64Array.from(layer.rowBias)
  return (codes, first, end) => {
    const own = (end - first) * hidden === rows ? matrix : gates(matrix, first, end)
    const sums = add(builder.node('MatMul', [codes, own]), part(biases, first, end))
    return floor(add(mul(sums, part(factors, first, end)), 0.5))
  }
}

function emitStep(emission: Emission, own: string, before: Carried, product: Product): Carried {
  const { layer, mul, add, floor, gates, lookUp, share, clip } = emission
  const codes = clip(floor(add(mul(before.state, 1 / 256), 0.5)), -128, 127)
  const { cell } = before
  switch (layer.cell) {
    case 'rnn':
      return { state: lookUp(0, add(own, product(codes, 0, 1))), cell }
    case 'lstm':
      return emitLongStep(emission, add(own, product(codes, 0, 4)), before)
    case 'gru': {
      const pair = lookUp(0, add(gates(own, 0, 2), product(codes, 0, 2)))
      const fresh = lookUp(1, add(gates(own, 2, 3), product(share(gates(pair, 1, 2), codes), 2, 3)))
      return mixed(emission, fresh, gates(pair, 0, 1), before)
    }
    case 'gruAfter': {
      const products = product(codes, 0, 3)
      const pair = lookUp(0, gates(add(own, products), 0, 2))
      const kept = share(gates(pair, 1, 2), clip(gates(products, 2, 3), -(2 ** 20), 2 ** 20))
      return mixed(emission, lookUp(1, add(gates(own, 2, 3), kept)), gates(pair, 0, 1), before)
    }
  }
}

/** The new state and the one before in the shares that the update gate gives. */
function mixed({ add, sub, share }: Emission, fresh: string, update: string, before: Carried): Carried {
  return { ...before, state: add(fresh, share(update, sub(before.state, fresh))) }
}

function emitLongStep(emission: Emission, sums: string, { cell }: Carried): Carried {
  const { add, mul, floor, gates, lookUp, share } = emission
  const opened = lookUp(0, gates(sums, 0, 3))
  const added = mul(gates(opened, 0, 1), lookUp(1, gates(sums, 3, 4)))
  const both = add(mul(gates(opened, 2, 3), cell), added)
  const next = floor(add(mul(both, 1 / 32_768), 0.5))
  const argument = floor(add(mul(next, 1 / 8), 0.5))
  return { state: share(gates(opened, 1, 2), lookUp(2, argument)), cell: next }
}
