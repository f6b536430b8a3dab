import { consumersOf, type Conv2dNode, type Graph, type MaxPoolNode } from '../../graph'
import { int, ints } from '../../onnx/onnx'
import type { OnnxBuilder } from '../../onnx/onnxBuilder'
import type { Emitted, EmitterSite } from '../gradient'
import { inputGradient, weightGradient } from './convolution'

/**
 * Up to how many filters, and places of a window, a convolution and its pool are computed as one. The filters of all places
 * of a window have (k + w - 1)² / k² of the products, but a w²-th of the copied pixels, and no MaxPool with indices: few
 * filters wait for these two. Under a window as large as the image the products alone take many times as long.
 */
const maxFilters = 8
const maxPlaces = 16

/**
 * The max pool that can be computed with the convolution at `index`: its only reader, of small windows that neither
 * overlap nor are padded; null where there is none.
 */
export function poolBehind(graph: Graph, index: number): MaxPoolNode | null {
  const conv = graph.nodes[index]
  const readers = consumersOf(graph)[index + 1]
  if (conv.op !== 'conv2d' || index === graph.output || readers.length !== 1) return null
  const pool = graph.nodes[readers[0]]
  if (pool.op !== 'maxPool' || conv.bias.length > maxFilters || conv.stride.some((step) => step !== 1))
    return null
  if (pool.kernel[0] * pool.kernel[1] > maxPlaces) return null
  const isApart = pool.kernel.every((size, axis) => size === pool.stride[axis])
  return isApart && pool.pad.every((side) => side === 0) ? pool : null
}

/**
 * Convolution and the max pool behind it: one convolution in steps of the window, with each filter shifted to every place
 * of the window, then the largest of the places. The gradient goes to the winner alone; of equal values the first place
 * wins, row by row, as in onnxruntime's MaxPool.
 */
export function emitPooledConv2d(site: EmitterSite<Conv2dNode>, pool: MaxPoolNode): Emitted {
  const { builder, node, inputs, inputShapes, parameters } = site
  const [weights, bias] = [parameters[0], parameters[1]]
  const [rows, columns] = pool.kernel
  const places = Array.from({ length: rows * columns }, (_, at) => [Math.floor(at / columns), at % columns])
  const joined: Conv2dNode = {
    ...node,
    outputShape: pool.outputShape,
    kernel: [node.kernel[0] + rows - 1, node.kernel[1] + columns - 1],
    stride: pool.kernel
  }
  const filters = places.map(([y, x]) =>
    builder.node('Pad', [weights, builder.shape([0, 0, y, x, 0, 0, rows - 1 - y, columns - 1 - x])])
  )
  const bank = concat(builder, filters, 0)
  const all = builder.node(
    'Conv',
    [
      inputs[0],
      bank,
      concat(
        builder,
        places.map(() => bias),
        0
      )
    ],
    {
      kernel_shape: ints(joined.kernel),
      strides: ints(joined.stride),
      pads: ints(joined.pad)
    }
  )
  const winner = largestOf(builder, split(builder, all, places.length, 1))
  return {
    value: winner.value,
    backward(gradient, wantsInputs) {
      const spread = concat(builder, winner.backward(gradient), 1)
      const banks = split(builder, weightGradient(builder, joined, inputs[0], spread), places.length, 0)
      const own = banks.map((part, at) => {
        const [y, x] = places[at]
        const ends = builder.shape([y + node.kernel[0], x + node.kernel[1]])
        return builder.node('Slice', [part, builder.shape([y, x]), ends, builder.shape([2, 3])])
      })
      return {
        inputs: [wantsInputs ? inputGradient(builder, joined, inputShapes[0], bank, spread, 1) : null],
        parameters: [
          own.length === 1 ? own[0] : builder.node('Sum', own),
          builder.node('ReduceSum', [gradient, builder.shape([0, 2, 3])], { keepdims: int(0) })
        ]
      }
    }
  }
}

/** The largest of values by element; gradients of the values, all to the first of the largest. */
function largestOf(
  builder: OnnxBuilder,
  values: readonly string[]
): { value: string; backward(gradient: string): string[] } {
  if (values.length === 1) return { value: values[0], backward: (gradient) => [gradient] }
  const half = Math.ceil(values.length / 2)
  const first = largestOf(builder, values.slice(0, half))
  const second = largestOf(builder, values.slice(half))
  return {
    value: builder.node('Max', [first.value, second.value]),
    backward(gradient) {
      const isFirst = builder.node('GreaterOrEqual', [first.value, second.value])
      const own = builder.node('Mul', [gradient, builder.node('Cast', [isFirst], { to: int(1) })])
      return [...first.backward(own), ...second.backward(builder.node('Sub', [gradient, own]))]
    }
  }
}

function concat(builder: OnnxBuilder, values: readonly string[], axis: number): string {
  return values.length === 1 ? values[0] : builder.node('Concat', values, { axis: int(axis) })
}

/** Equal parts along an axis. */
function split(builder: OnnxBuilder, value: string, parts: number, axis: number): string[] {
  return parts === 1 ? [value] : builder.nodes('Split', [value], parts, { axis: int(axis) })
}
