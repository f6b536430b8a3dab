import { layerKernel } from '../kernel/fromLayer'
import { narrowRecurrenceShare } from '../kernel/spec'
import { maxDim, shapeKey, type BenchItem, type KernelShape } from '../kernel/shape'
import {
  isWeighted,
  type IntegerLayer,
  type MoveLayer,
  type MoveLoops,
  type QuantizedNetwork,
  type ReduceLoops
} from '../quant/quantizedNetwork'

/**
 * The kernel benchmarks whose costs add up to a layer's: a weighted layer is its inner products and the requantisation
 * of its sums; the other operators are themselves. This is where a prediction for a network and what a campaign
 * measures for it meet.
 */
export interface LayerCalls {
  /** matmul, conv2d or depthwiseConv2d; null where the layer has no weights. */
  readonly inner: KernelCall | null
  /** Operators beside the inner products. */
  readonly others: readonly KernelCall[]
  /**
   * A stated estimate of what the board's `bench` does not measure by itself: copies, constants and rows of an embedding are
   * priced as a flatten or a gather of as many codes (copyCalls), a mean by requantising as many codes, a function of two operands by
   * the addition.
   */
  readonly isStandIn: boolean
}

/** A benchmark and the factor on its time (LayerKernel: 1 but for windows that the bench does not know). */
export interface KernelCall extends BenchItem {
  scale: number
}

type Bits = Pick<BenchItem, 'activationBits' | 'weightBits'>

function elementCalls(
  kernel: 'add' | 'requantize',
  { outputShape: [h, w, c] }: Pick<IntegerLayer, 'outputShape'>,
  bits: Bits
): KernelCall[] {
  return inPieces(kernel, kernel === 'add' ? [h * w * c] : [h * w, c], bits)
}

/** A call as several whose first size `bench` can take. */
function inPieces(
  kernel: BenchItem['kernel'],
  [first = 0, ...rest]: readonly number[],
  bits: Bits
): KernelCall[] {
  const pieces: KernelCall[] = []
  for (let left = first; left > 0; left -= maxDim)
    pieces.push({ kernel, dims: [Math.min(left, maxDim), ...rest], scale: 1, ...bits })
  return pieces
}

/**
 * Share of a flatten of one code that a run of a copy takes beside its codes: about 30 instructions of bb_move's loops and memmove
 * where `bench` counts 68 for the call (rv32imac).
 */
const runShare = 0.45

/** Copies of `runs` runs of `length` codes: as one copy, or one by one where they lie apart, and what begins every run. */
function copyCalls({ runs, length, isDense }: CopiedRuns, bits: Bits): KernelCall[] {
  const codes = inPieces(isDense ? 'flatten' : 'gather', [runs * length], bits)
  return runs < 2
    ? codes
    : [...codes, { kernel: 'flatten', dims: [1], scale: runShare * (runs - 1), ...bits }]
}

interface CopiedRuns {
  readonly runs: number
  readonly length: number
  /** Neighbours lie side by side on both sides. */
  readonly isDense: boolean
}

function copiedRuns({ counts, inStrides, outStrides }: MoveLoops): CopiedRuns {
  const isDense = counts.length === 0 || (inStrides.at(-1) === 1 && outStrides.at(-1) === 1)
  const runs = counts.slice(0, -1).reduce((product, count) => product * count, 1)
  return { runs, length: counts.at(-1) ?? 1, isDense }
}

/** A move with a fill writes its whole output first. */
function moveCalls({ loops, fill, outputShape }: MoveLayer, bits: Bits): KernelCall[] {
  const filled = fill === null ? [] : inPieces('flatten', [elementsOf(outputShape)], bits)
  return [...filled, ...copyCalls(copiedRuns(loops), bits)]
}

const times = (count: number, calls: readonly KernelCall[]): KernelCall[] =>
  Array.from({ length: count }, () => calls).flat()

/** Rows of a softmax or a norm. */
function rowCalls(
  kernel: 'softmax' | 'layerNorm' | 'rmsNorm',
  { outer, count, inner }: ReduceLoops,
  bits: Bits
): KernelCall[] {
  return inPieces(kernel, [outer * inner, count], bits)
}

const elementsOf = ([h, w, c]: IntegerLayer['outputShape']): number => h * w * c

/** Calls of one layer; none for a flatten, whose codes stay where they are. */
export function callsOf(layer: IntegerLayer): LayerCalls {
  const requantize = elementCalls('requantize', layer, { activationBits: layer.outBits, weightBits: 0 })
  if (isWeighted(layer)) {
    const { activationBits, weightBits } = layer
    return {
      inner: { ...layerKernel(layer), activationBits, weightBits },
      others: layer.last ? [] : requantize,
      isStandIn: false
    }
  }
  const bits = { activationBits: layer.input.bits, weightBits: 0 }
  const only = (others: readonly KernelCall[]): LayerCalls => ({ inner: null, others, isStandIn: false })
  const standIn = (others: readonly KernelCall[]): LayerCalls => ({ inner: null, others, isStandIn: true })
  switch (layer.op) {
    case 'flatten':
      return only([])
    case 'add':
      return only(elementCalls('add', layer, bits))
    case 'binary':
      return standIn(elementCalls('add', layer, bits))
    case 'requantize':
      return standIn(requantize)
    case 'move':
      return standIn(moveCalls(layer, bits))
    case 'constant':
      return standIn(inPieces('flatten', [elementsOf(layer.outputShape)], bits))
    case 'embed': {
      const length = layer.width
      const runs = elementsOf(layer.outputShape) / length
      return standIn(copyCalls({ runs, length, isDense: true }, bits))
    }
    case 'output':
      return standIn(inPieces('gather', [elementsOf(layer.outputShape)], bits))
    case 'table':
    case 'gather':
      return only(inPieces(layer.op, [elementsOf(layer.outputShape)], bits))
    case 'reduce':
      return standIn(elementCalls('requantize', { outputShape: layer.inputShape }, bits))
    case 'softmax':
      return only(rowCalls('softmax', layer.loops, bits))
    case 'normalize':
      return only(rowCalls(layer.centred ? 'layerNorm' : 'rmsNorm', layer.loops, bits))
    case 'recurrent': {
      // Its codes are widened before anything is computed: one width stands for all. Boards measure weights of 8 bits.
      const [steps, , hidden] = layer.outputShape
      const call = { kernel: layer.cell, dims: [steps, hidden], activationBits: 8, weightBits: 0 } as const
      return layer.weightBits === 8
        ? only([{ ...call, scale: 1 }])
        : standIn([{ ...call, scale: 1 + narrowRecurrenceShare }])
    }
    case 'product': {
      const { rows, columns, inner, batches } = layer
      return only(times(batches.length, inPieces('product', [rows, columns, inner], bits)))
    }
    case 'maxPool':
    case 'avgPool':
      return only([{ ...layerKernel(layer), ...bits }])
  }
}

const allOf = ({ inner, others }: LayerCalls): readonly KernelCall[] =>
  inner === null ? others : [inner, ...others]

/** Calls of a layer where they are its own kernels in its own size, so that what `bench` measures of them is the layer's; else none. */
export function benchedCalls(layer: IntegerLayer): readonly KernelCall[] {
  const calls = callsOf(layer)
  const all = allOf(calls)
  return !calls.isStandIn && all.every(({ scale }) => scale === 1) ? all : []
}

/** Every distinct shape a network's cost is made of, for a campaign that measures them. */
export function shapesOf(network: QuantizedNetwork): KernelShape[] {
  const distinct = new Map<string, KernelShape>()
  for (const { kernel, dims } of network.layers.flatMap((layer) => allOf(callsOf(layer)))) {
    distinct.set(shapeKey({ kernel, dims }), { kernel, dims: [...dims] })
  }
  return [...distinct.values()]
}
