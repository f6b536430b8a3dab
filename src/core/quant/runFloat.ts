import { inputShapeOf, type Graph, type GraphNode } from '../model/graph'
import { toHwc } from './hwcGraph'
import type { ShapeHwc } from '../kernel/shape'
import { gatherReals, tapPositions } from './integer/im2col'
import {
  createBinaryStep,
  createConcatStep,
  createEmbedStep,
  createConstantStep,
  createMoveStep,
  createNormalizeStep,
  createProductStep,
  createReduceStep,
  createSoftmaxStep,
  createTableStep,
  type FloatStep
} from './floatSteps'

import { createRecurrentStep } from './recurrentStep'

/**
 * Float32 execution of a graph on one HWC image: the yardstick of calibration and tests. Not the fast path for
 * evaluation (that is onnxruntime), but it shows every value inside.
 */
export interface FloatRunner {
  /** Real input values, HWC; returns every node's output, HWC. The arrays are reused by the next call. */
  run(input: Float32Array): readonly Float32Array[]
}

/** @param onSums is shown every node's values before its fused ReLU; the arrays are reused. */
export function createFloatRunner(
  graph: Graph,
  weights: readonly (Float32Array | null)[],
  onSums?: (node: number, values: Float32Array) => void,
  exact: ReadonlySet<number> = new Set()
): FloatRunner {
  const outputs = graph.nodes.map((node) => new Float32Array(node.outputShape.reduce((a, b) => a * b, 1)))
  const steps = graph.nodes.map((node, index) =>
    createStep(graph, node, weights[index] ?? null, exact.has(index))
  )
  return {
    run(input) {
      for (const [index, node] of graph.nodes.entries()) {
        const inputs = node.inputs.map((from) => (from < 0 ? input : outputs[from]))
        steps[index](inputs, outputs[index])
        onSums?.(index, outputs[index])
        if ('relu' in node && node.relu) rectify(outputs[index])
        if ('ceiling' in node && node.ceiling !== undefined)
          limit(outputs[index], node.floor ?? -Infinity, node.ceiling)
      }
      return outputs
    }
  }
}

/** Real values of image bytes (graph.inputScale, graph.inputZero). */
export function realsOfPixels(
  graph: Pick<Graph, 'inputScale' | 'inputZero'>,
  pixels: Uint8Array
): Float32Array {
  const { inputScale, inputZero } = graph
  const reals = new Float32Array(pixels.length)
  // Float32Array.from with a function would first gather a list of 8 bytes or more per value.
  for (let at = 0; at < reals.length; at++) reals[at] = inputScale * (pixels[at] - 128 + inputZero)
  return reals
}

function createStep(
  graph: Graph,
  node: GraphNode,
  weights: Float32Array | null,
  isExact: boolean
): FloatStep {
  if (node.op === 'constant') return createConstantStep(node)
  const inputShape = toHwc(inputShapeOf(graph, node))
  const [outHeight, outWidth, channels] = toHwc(node.outputShape)
  if ('kernel' in node) return createWindowStep(node, inputShape, [outHeight, outWidth, channels], weights)
  switch (node.op) {
    case 'dense':
      return ([input], out) =>
        multiplyReals(input, weights!, node.bias, 1, channels, weights!.length / channels, out)
    case 'add':
      return ([a, b], out) => {
        for (let at = 0; at < out.length; at++) out[at] = a[at] + b[at]
      }
    case 'relu':
      return ([input], out) => {
        out.set(input)
        rectify(out)
      }
    case 'batchNorm':
      return ([input], out) => {
        for (let at = 0; at < out.length; at++) {
          out[at] = input[at] * node.scale[at % channels] + node.shift[at % channels]
        }
      }
    case 'flatten':
      return ([input], out) => out.set(input)
    case 'table':
      return createTableStep(node, isExact)
    case 'embed':
      return createEmbedStep(node)
    case 'recurrent':
      return createRecurrentStep(node)
    case 'binary':
      return createBinaryStep(graph, node)
    case 'move':
      return createMoveStep(graph, node)
    case 'concat':
      return createConcatStep(graph, node)
    case 'reduce':
      return createReduceStep(graph, node)
    case 'softmax':
      return createSoftmaxStep(graph, node)
    case 'normalize':
      return createNormalizeStep(graph, node)
    case 'product':
      return createProductStep(graph, node)
  }
}

type WindowNode = Extract<GraphNode, { kernel: unknown }>

/** A step that reads windows of its input: convolutions and pools. */
function createWindowStep(
  node: WindowNode,
  inputShape: ShapeHwc,
  [outHeight, outWidth, channels]: ShapeHwc,
  weights: Float32Array | null
): FloatStep {
  const pixels = outHeight * outWidth
  const positions = tapPositions(inputShape, node, outHeight, outWidth)
  switch (node.op) {
    case 'conv2d': {
      const inner = weights!.length / channels
      const columns = new Float32Array(pixels * inner)
      return ([input], out) => {
        gatherReals(input, positions, 0, columns)
        multiplyReals(columns, weights!, node.bias, pixels, channels, inner, out)
      }
    }
    case 'depthwiseConv2d': {
      const taps = node.kernel[0] * node.kernel[1]
      const columns = new Float32Array(pixels * taps * channels)
      return ([input], out) => {
        gatherReals(input, positions, 0, columns)
        for (let at = 0; at < out.length; at++) {
          const channel = at % channels
          const from = Math.floor(at / channels) * taps * channels + channel
          let sum = node.bias[channel]
          for (let tap = 0; tap < taps; tap++)
            sum += columns[from + tap * channels] * weights![tap * channels + channel]
          out[at] = sum
        }
      }
    }
    case 'maxPool': {
      const taps = node.kernel[0] * node.kernel[1]
      const columns = new Float32Array(pixels * taps * channels)
      return ([input], out) => {
        gatherReals(input, positions, -Infinity, columns)
        reduceWindows(columns, taps, channels, out, Math.max, -Infinity)
      }
    }
    case 'avgPool': {
      const taps = node.kernel[0] * node.kernel[1]
      const columns = new Float32Array(pixels * taps * channels)
      const ones = new Float32Array(inputShape[0] * inputShape[1] * channels).fill(1)
      const counts = new Float32Array(pixels * channels).fill(taps)
      if (!node.countIncludePad) {
        gatherReals(ones, positions, 0, columns)
        reduceWindows(columns, taps, channels, counts, (a, b) => a + b, 0)
      }
      return ([input], out) => {
        gatherReals(input, positions, 0, columns)
        reduceWindows(columns, taps, channels, out, (a, b) => a + b, 0)
        for (let at = 0; at < out.length; at++) out[at] = out[at] / counts[at]
      }
    }
  }
}

/** out[row][channel] = bias[channel] + sum_k rows[row][k] * weights[channel][k]. */
export function multiplyReals(
  rows: Float32Array,
  weights: Float32Array,
  bias: Float32Array,
  count: number,
  channels: number,
  inner: number,
  out: Float32Array
): void {
  for (let row = 0; row < count; row++) {
    const from = row * inner
    const end = from + inner
    const to = row * channels
    let channel = 0
    // Four channels share one pass over the row.
    for (; channel + 4 <= channels; channel += 4) {
      let w0 = channel * inner
      let w1 = w0 + inner
      let w2 = w1 + inner
      let w3 = w2 + inner
      let s0 = bias[channel]
      let s1 = bias[channel + 1]
      let s2 = bias[channel + 2]
      let s3 = bias[channel + 3]
      for (let k = from; k < end; k++) {
        const value = rows[k]
        s0 += value * weights[w0++]
        s1 += value * weights[w1++]
        s2 += value * weights[w2++]
        s3 += value * weights[w3++]
      }
      out[to + channel] = s0
      out[to + channel + 1] = s1
      out[to + channel + 2] = s2
      out[to + channel + 3] = s3
    }
    for (; channel < channels; channel++) {
      let w = channel * inner
      let sum = bias[channel]
      for (let k = from; k < end; k++) sum += rows[k] * weights[w++]
      out[to + channel] = sum
    }
  }
}

function reduceWindows(
  columns: Float32Array,
  taps: number,
  channels: number,
  out: Float32Array,
  join: (a: number, b: number) => number,
  start: number
): void {
  for (let at = 0; at < out.length; at++) {
    const from = Math.floor(at / channels) * taps * channels + (at % channels)
    let value = start
    for (let tap = 0; tap < taps; tap++) value = join(value, columns[from + tap * channels])
    out[at] = value
  }
}

function rectify(values: Float32Array): void {
  for (let at = 0; at < values.length; at++) if (values[at] < 0) values[at] = 0
}

function limit(values: Float32Array, floor: number, ceiling: number): void {
  for (let at = 0; at < values.length; at++) {
    if (values[at] > ceiling) values[at] = ceiling
    else if (values[at] < floor) values[at] = floor
  }
}
