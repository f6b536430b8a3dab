import { inputShapeOf, type ConcatNode, type Graph, type GraphNode, type Shape } from '../model/graph'
import { stridedMap } from '../model/constants/indexing'
import { broadcastStrides, reductionLoops, storagePlaces, storageStrides } from '../model/storage'
import { evaluateFunction, exactFunction } from '../model/tableFunction'
import type { ProductLayout } from './quantizedNetwork'

/** Float operators without windows and weights; tensors lie as storage.ts says. */
export type FloatStep = (inputs: readonly Float32Array[], out: Float32Array) => void

/** Float step of a function of one value; exact: with NaN and infinities. */
export function createTableStep(node: Extract<GraphNode, { op: 'table' }>, isExact: boolean): FloatStep {
  const evaluate = isExact ? exactFunction : evaluateFunction
  return ([input], out) => {
    for (let at = 0; at < out.length; at++) out[at] = evaluate(node.function, input[at])
  }
}

/** Float step of rows fetched by pairs of bytes. */
export function createEmbedStep(node: Extract<GraphNode, { op: 'embed' }>): FloatStep {
  const { rows, width, values } = node
  return ([input], out) => {
    const count = input.length / 2
    for (let at = 0; at < count; at++) {
      const row = Math.min(rows - 1, input[at] + 256 * input[count + at])
      out.set(values.subarray(row * width, (row + 1) * width), at * width)
    }
  }
}

/** Float step of a function of two values with broadcasting. */
export function createBinaryStep(graph: Graph, node: Extract<GraphNode, { op: 'binary' }>): FloatStep {
  const [placesA, placesB] = [0, 1].map((position) =>
    operandPlaces(inputShapeOf(graph, node, position), node.outputShape)
  )
  const places = storagePlaces(node.outputShape)
  const join = {
    add: (a: number, b: number) => a + b,
    sub: (a: number, b: number) => a - b,
    mul: (a: number, b: number) => a * b
  }[node.function]
  return ([a, b], out) => {
    for (let at = 0; at < places.length; at++) out[places[at]] = join(a[placesA[at]], b[placesB[at]])
  }
}

/** Place in an operand's memory for each element of the result in ONNX order. */
function operandPlaces(shape: Shape, result: Shape): Int32Array {
  return stridedMap(result, broadcastStrides(shape, result, storageStrides(shape)))
}

/** For each place of a moved tensor in memory, the place in the input's memory it comes from; -1 = fill. */
export function moveSources(graph: Graph, node: Extract<GraphNode, { op: 'move' }>): Int32Array {
  const from = storagePlaces(inputShapeOf(graph, node))
  const to = storagePlaces(node.outputShape)
  const sources = new Int32Array(to.length)
  for (let at = 0; at < to.length; at++) sources[to[at]] = node.map[at] < 0 ? -1 : from[node.map[at]]
  return sources
}

/** Float step that moves elements; places without a source get the fill value. */
export function createMoveStep(graph: Graph, node: Extract<GraphNode, { op: 'move' }>): FloatStep {
  const sources = moveSources(graph, node)
  return ([input], out) => {
    for (let at = 0; at < out.length; at++) out[at] = sources[at] < 0 ? node.fill : input[sources[at]]
  }
}

/** Places in the joined tensor's memory of each input's elements, in the order of the input's memory. */
export function concatPlaces(graph: Graph, node: ConcatNode): Int32Array[] {
  const strides = storageStrides(node.outputShape)
  let offset = 0
  return node.inputs.map((_, position) => {
    const shape = inputShapeOf(graph, node, position)
    const to = stridedMap(shape, strides, offset * strides[node.axis])
    const from = storagePlaces(shape)
    const places = new Int32Array(to.length)
    for (let at = 0; at < to.length; at++) places[from[at]] = to[at]
    offset += shape[node.axis]
    return places
  })
}

/** Float step that joins its inputs along an axis. */
export function createConcatStep(graph: Graph, node: ConcatNode): FloatStep {
  const places = concatPlaces(graph, node)
  return (inputs, out) => {
    for (const [position, input] of inputs.entries()) {
      const own = places[position]
      for (let at = 0; at < own.length; at++) out[own[at]] = input[at]
    }
  }
}

/** Loops over memory of a reduction; import checks that its axes are neighbours. */
export function loopsOf(graph: Graph, node: GraphNode, axes: readonly number[]) {
  const loops = reductionLoops(inputShapeOf(graph, node), axes)
  if (loops === null) throw new Error(`node ${node.name}: axes [${axes.join(', ')}] do not lie together`)
  return loops
}

/** Float step of a mean, maximum or sum over axes. */
export function createReduceStep(graph: Graph, node: Extract<GraphNode, { op: 'reduce' }>): FloatStep {
  const { count, inner } = loopsOf(graph, node, node.axes)
  const isMax = node.function === 'max'
  const factor = node.function === 'mean' ? 1 / count : 1
  return ([input], out) => {
    for (let at = 0; at < out.length; at++) {
      const from = Math.floor(at / inner) * count * inner + (at % inner)
      let value = isMax ? -Infinity : 0
      for (let k = 0; k < count; k++) {
        const x = input[from + k * inner]
        value = isMax ? Math.max(value, x) : value + x
      }
      out[at] = value * factor
    }
  }
}

/** Float step of a softmax over one axis. */
export function createSoftmaxStep(graph: Graph, node: Extract<GraphNode, { op: 'softmax' }>): FloatStep {
  const { outer, count, inner } = loopsOf(graph, node, [node.axis])
  return ([input], out) => {
    for (let row = 0; row < outer * inner; row++) {
      const from = Math.floor(row / inner) * count * inner + (row % inner)
      let top = -Infinity
      for (let k = 0; k < count; k++) top = Math.max(top, input[from + k * inner])
      let sum = 0
      for (let k = 0; k < count; k++) sum += Math.exp(input[from + k * inner] - top)
      for (let k = 0; k < count; k++) out[from + k * inner] = Math.exp(input[from + k * inner] - top) / sum
    }
  }
}

/** Float step of LayerNorm (`centred`) or RMSNorm over the last axis. */
export function createNormalizeStep(graph: Graph, node: Extract<GraphNode, { op: 'normalize' }>): FloatStep {
  const { outer, count, inner } = loopsOf(graph, node, [node.outputShape.length - 1])
  return ([input], out) => {
    for (let row = 0; row < outer * inner; row++) {
      const from = Math.floor(row / inner) * count * inner + (row % inner)
      let mean = 0
      if (node.centred) for (let k = 0; k < count; k++) mean += input[from + k * inner] / count
      let variance = 0
      for (let k = 0; k < count; k++) variance += (input[from + k * inner] - mean) ** 2 / count
      const factor = 1 / Math.sqrt(variance + node.epsilon)
      for (let k = 0; k < count; k++) {
        const at = from + k * inner
        out[at] = (input[at] - mean) * factor * node.scale[k] + node.shift[k]
      }
    }
  }
}

/** Strides and batches of a product of two activations, in stored order. */
export function productLayout(graph: Graph, node: Extract<GraphNode, { op: 'product' }>): ProductLayout {
  const result = node.outputShape
  const batchShape = result.slice(0, -2)
  const [shapeA, shapeB] = [inputShapeOf(graph, node, 0), inputShapeOf(graph, node, 1)]
  const placesOf = (shape: Shape): Int32Array =>
    stridedMap(
      batchShape,
      broadcastStrides(shape.slice(0, -2), batchShape, storageStrides(shape).slice(0, -2))
    )
  const lastTwo = (shape: Shape): [number, number] => storageStrides(shape).slice(-2) as [number, number]
  const [a, b, out] = [placesOf(shapeA), placesOf(shapeB), placesOf(result)]
  return {
    rows: result.at(-2)!,
    columns: result.at(-1)!,
    inner: shapeA.at(-1)!,
    batches: Array.from(out, (place, at) => ({ a: a[at], b: b[at], out: place })),
    a: lastTwo(shapeA),
    b: lastTwo(shapeB),
    out: lastTwo(result)
  }
}

/** Float step of a product of two activations. */
export function createProductStep(graph: Graph, node: Extract<GraphNode, { op: 'product' }>): FloatStep {
  const { rows, columns, inner, batches, a: strideA, b: strideB, out: strideOut } = productLayout(graph, node)
  return ([a, b], out) => {
    for (const begin of batches) {
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          let sum = 0
          for (let k = 0; k < inner; k++) {
            sum +=
              a[begin.a + row * strideA[0] + k * strideA[1]] *
              b[begin.b + k * strideB[0] + column * strideB[1]]
          }
          out[begin.out + row * strideOut[0] + column * strideOut[1]] = sum
        }
      }
    }
  }
}

/** Float step that writes a constant. */
export function createConstantStep(node: Extract<GraphNode, { op: 'constant' }>): FloatStep {
  const places = storagePlaces(node.outputShape)
  const values = new Float32Array(places.length)
  for (let at = 0; at < places.length; at++) values[places[at]] = node.values[at]
  return (_, out) => out.set(values)
}
