import { inputShapeOf, sizeOf, type Graph, type GraphNode, type Shape } from '../graph'
import { float, int, ints } from './onnx'
import { maxFloat, type TableFunction } from '../tableFunction'
import { exportRecurrence } from './exportRecurrence'
import { sizeList, type ExportSink } from './exportSink'

type Exported = Extract<
  GraphNode,
  {
    op:
      | 'table'
      | 'binary'
      | 'move'
      | 'concat'
      | 'reduce'
      | 'softmax'
      | 'normalize'
      | 'product'
      | 'constant'
      | 'embed'
      | 'recurrent'
  }
>

/**
 * The operators without windows and weights as ONNX nodes (opset 13) over [batch, …shape].
 * @param isExact a table's NaN and infinities stay what they are
 */
export function exportOperator(
  sink: ExportSink,
  graph: Graph,
  node: Exported,
  inputs: readonly string[],
  isExact: boolean
): string {
  const shapes = node.inputs.map((_, position) => inputShapeOf(graph, node, position))
  const [first = '', second = ''] = inputs
  switch (node.op) {
    case 'table':
      return (isExact ? exportFunction : exportTable)(sink, node.function, first)
    case 'binary': {
      const operands = inputs.map((name, at) => withRank(sink, name, shapes[at], node.outputShape.length))
      return sink.node({ add: 'Add', sub: 'Sub', mul: 'Mul' }[node.function], operands)
    }
    case 'move':
      return exportMove(sink, node, first, sizeOf(shapes[0]))
    case 'concat':
      return sink.node('Concat', inputs, { axis: int(node.axis + 1) })
    case 'reduce':
      return exportReduce(sink, node, first)
    case 'softmax':
      return sink.node('Softmax', inputs, { axis: int(node.axis + 1) })
    case 'normalize':
      return exportNormalize(sink, node, first)
    case 'product': {
      const rank = node.outputShape.length
      return sink.node('MatMul', [
        withRank(sink, first, shapes[0], rank),
        withRank(sink, second, shapes[1], rank)
      ])
    }
    case 'embed':
      return exportEmbed(sink, node, first)
    case 'recurrent':
      return exportRecurrence(sink, node, first)
    case 'constant': {
      const batch = sink.node('Gather', [sink.node('Shape', [sink.image]), sizeList(sink, [0])], {
        axis: int(0)
      })
      const shape = sink.node('Concat', [batch, sizeList(sink, node.outputShape)], { axis: int(0) })
      return sink.node('Expand', [sink.constant(node.values, [1, ...node.outputShape]), shape])
    }
  }
}

/** The index of each pair of bytes, limited to the last row, and its row. */
function exportEmbed(sink: ExportSink, node: Extract<GraphNode, { op: 'embed' }>, input: string): string {
  const { rows, width, values } = node
  const count = sizeOf(node.outputShape) / width
  const half = (from: number): string => {
    const places = Array.from({ length: count }, (_, at) => from + at)
    return sink.node('Gather', [input, sizeList(sink, places)], { axis: int(1) })
  }
  const high = sink.node('Mul', [half(count), scalar(sink, 256)])
  const index = sink.node('Min', [sink.node('Add', [half(0), high]), scalar(sink, rows - 1)])
  const place = sink.node('Cast', [index], { to: int(7) })
  const table = sink.constant(values, [rows, width])
  return reshaped(sink, sink.node('Gather', [table, place], { axis: int(0) }), node.outputShape)
}

const scalar = (sink: ExportSink, value: number): string => sink.constant(Float32Array.of(value), [])

/** [batch, …shape]; 0 keeps the batch. */
function reshaped(sink: ExportSink, value: string, shape: readonly number[]): string {
  return sink.node('Reshape', [value, sizeList(sink, [0, ...shape])])
}

function withRank(sink: ExportSink, value: string, shape: Shape, rank: number): string {
  if (shape.length === rank) return value
  return reshaped(sink, value, [...new Array<number>(rank - shape.length).fill(1), ...shape])
}

function exportMove(
  sink: ExportSink,
  node: Extract<GraphNode, { op: 'move' }>,
  input: string,
  inputSize: number
): string {
  const isView = node.map.length === inputSize && node.map.every((from, at) => from === at)
  if (isView) return reshaped(sink, input, node.outputShape)
  let flat = reshaped(sink, input, [inputSize])
  const fills = node.map.some((from) => from < 0)
  if (fills) flat = sink.node('Pad', [flat, sizeList(sink, [0, 0, 0, 1]), scalar(sink, node.fill)])
  const places = Array.from(node.map, (from) => (from < 0 ? inputSize : from))
  return reshaped(
    sink,
    sink.node('Gather', [flat, sizeList(sink, places)], { axis: int(1) }),
    node.outputShape
  )
}

function exportReduce(sink: ExportSink, node: Extract<GraphNode, { op: 'reduce' }>, input: string): string {
  const axes = node.axes.map((axis) => axis + 1)
  const keep = { keepdims: int(1) }
  const result =
    node.function === 'sum'
      ? sink.node('ReduceSum', [input, sizeList(sink, axes)], keep)
      : sink.node(node.function === 'max' ? 'ReduceMax' : 'ReduceMean', [input], {
          axes: ints(axes),
          ...keep
        })
  return reshaped(sink, result, node.outputShape)
}

function exportNormalize(
  sink: ExportSink,
  node: Extract<GraphNode, { op: 'normalize' }>,
  input: string
): string {
  const mean = (value: string): string =>
    sink.node('ReduceMean', [value], { axes: ints([-1]), keepdims: int(1) })
  const distance = node.centred ? sink.node('Sub', [input, mean(input)]) : input
  const variance = mean(sink.node('Mul', [distance, distance]))
  const deviation = sink.node('Sqrt', [sink.node('Add', [variance, scalar(sink, node.epsilon)])])
  const normal = sink.node('Div', [distance, deviation])
  const scaled = sink.node('Mul', [normal, sink.constant(node.scale, [node.scale.length])])
  return sink.node('Add', [scaled, sink.constant(node.shift, [node.shift.length])])
}

/** As evaluateFunction: 0 for NaN, the largest float32 for what is larger; of functions alone that can give either. */
function exportTable(sink: ExportSink, f: TableFunction, x: string): string {
  const y = exportFunction(sink, f, x)
  if (!mayNotBeFinite(f)) return y
  const number = sink.node('Where', [sink.node('IsNaN', [y]), scalar(sink, 0), y])
  return sink.node('Clip', [number, scalar(sink, -maxFloat), scalar(sink, maxFloat)])
}

const unbounded: ReadonlySet<string> = new Set(['exp', 'log', 'sqrt', 'reciprocal', 'pow'])

/** Whether a finite value can become an infinite one or NaN other than by sums and products that overflow. */
function mayNotBeFinite(f: TableFunction): boolean {
  switch (f.kind) {
    case 'value':
      return false
    case 'call':
      return unbounded.has(f.name) || mayNotBeFinite(f.of)
    case 'join':
      return f.join === 'div' || mayNotBeFinite(f.left) || mayNotBeFinite(f.right)
  }
}

function exportFunction(sink: ExportSink, f: TableFunction, x: string): string {
  switch (f.kind) {
    case 'value':
      return sink.node('Identity', [x])
    case 'join': {
      const operands = [exportFunction(sink, f.left, x), exportFunction(sink, f.right, x)]
      const joined = sink.node({ add: 'Add', sub: 'Sub', mul: 'Mul', div: 'Div' }[f.join], operands)
      if (f.join !== 'mul' || !mayNotBeFinite(f)) return joined
      // As exactFunction: what a mask does not choose is 0, a number or not.
      const [left, right] = operands.map((operand) => sink.node('Equal', [operand, scalar(sink, 0)]))
      return sink.node('Where', [sink.node('Or', [left, right]), scalar(sink, 0), joined])
    }
    case 'call':
      return exportCall(sink, f, exportFunction(sink, f.of, x))
  }
}

/** ONNX operators that are a function as it is. */
const plainOperators = {
  relu: 'Relu',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  erf: 'Erf',
  softplus: 'Softplus',
  softsign: 'Softsign',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  reciprocal: 'Reciprocal',
  neg: 'Neg',
  abs: 'Abs',
  floor: 'Floor',
  ceil: 'Ceil',
  round: 'Round',
  sign: 'Sign',
  sin: 'Sin',
  cos: 'Cos'
} as const

function exportCall(sink: ExportSink, f: Extract<TableFunction, { kind: 'call' }>, x: string): string {
  const [a = 0, b = 0] = f.parameters
  const add = (value: string, other: number): string => sink.node('Add', [value, scalar(sink, other)])
  const mul = (value: string, other: number): string => sink.node('Mul', [value, scalar(sink, other)])
  const bounded = (value: number): number => Math.max(-maxFloat, Math.min(maxFloat, value))
  switch (f.name) {
    case 'hardSigmoid':
      return sink.node('HardSigmoid', [x], { alpha: float(a), beta: float(b) })
    case 'hardSwish':
      return sink.node('Mul', [x, sink.node('HardSigmoid', [x], { alpha: float(1 / 6), beta: float(0.5) })])
    case 'gelu':
      return sink.node('Mul', [mul(x, 0.5), add(sink.node('Erf', [mul(x, Math.SQRT1_2)]), 1)])
    case 'geluTanh': {
      const cube = sink.node('Mul', [sink.node('Mul', [x, x]), x])
      const inner = mul(sink.node('Add', [x, mul(cube, 0.044715)]), Math.sqrt(2 / Math.PI))
      return sink.node('Mul', [mul(x, 0.5), add(sink.node('Tanh', [inner]), 1)])
    }
    case 'elu':
      return sink.node('Elu', [x], { alpha: float(a) })
    case 'celu':
      return sink.node('Celu', [x], { alpha: float(a) })
    case 'selu':
      return sink.node('Selu', [x], { alpha: float(a), gamma: float(b) })
    case 'mish':
      return sink.node('Mul', [x, sink.node('Tanh', [sink.node('Softplus', [x])])])
    case 'leakyRelu':
      return sink.node('LeakyRelu', [x], { alpha: float(a) })
    case 'shrink':
      return sink.node('Shrink', [x], { lambd: float(a), bias: float(b) })
    case 'thresholdedRelu':
      return sink.node('ThresholdedRelu', [x], { alpha: float(a) })
    case 'clip':
      return sink.node('Clip', [x, scalar(sink, bounded(a)), scalar(sink, bounded(b))])
    case 'pow':
      return sink.node('Pow', [x, scalar(sink, a)])
    case 'affine':
      return add(mul(x, a), b)
    case 'trunc':
      return sink.node('Mul', [sink.node('Sign', [x]), sink.node('Floor', [sink.node('Abs', [x])])])
    case 'wrap': {
      const turns = sink.node('Floor', [mul(add(x, -a), 1 / b)])
      return sink.node('Sub', [x, mul(turns, b)])
    }
    case 'bipolar': {
      const isBelow = sink.node('Less', [x, scalar(sink, 0)])
      return sink.node('Where', [isBelow, scalar(sink, -a), scalar(sink, a)])
    }
    default:
      return sink.node(plainOperators[f.name], [x])
  }
}
