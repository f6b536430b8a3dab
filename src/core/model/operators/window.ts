import { intAttribute, intsAttribute, textAttribute, type OnnxNode } from '../onnx/onnx'
import { badShape } from '../onnx/importState'
import { windowOutput, type WindowAttributes } from '../graph'

type Pair = readonly [number, number]

/** Kernel, stride, padding and dilation of Conv and the pools, and the output's height and width. */
export interface ReadWindow {
  readonly window: WindowAttributes
  readonly height: number
  readonly width: number
  /** Rows and columns by which windows hang over the padded edge (ceil_mode); they are part of `window.pad`. */
  readonly overhang: Pair
}

/**
 * ONNX operator documentation: auto_pad, pads, strides, dilations, ceil_mode. One-dimensional windows become rows of height 1.
 * @param rank number of spatial axes, 1 or 2
 * @param size height and width of the input
 */
export function readWindow(
  node: OnnxNode,
  size: Pair,
  kernelShape: readonly number[],
  rank: number
): ReadWindow {
  if (kernelShape.length !== rank)
    throw badShape(node, `its window has ${kernelShape.length} sides for ${rank} axes`)
  const pairOf = (values: readonly number[] | undefined): Pair => {
    const given = values ?? []
    return rank === 1 ? [1, given[0] ?? 1] : [given[0] ?? 1, given[1] ?? 1]
  }
  const kernel = pairOf(kernelShape)
  const stride = pairOf(intsAttribute(node, 'strides'))
  const dilation = pairOf(intsAttribute(node, 'dilations'))
  if ([...kernel, ...stride, ...dilation].some((side) => !(side >= 1)))
    throw badShape(node, 'its window is empty')
  const reach = [0, 1].map((axis) => (kernel[axis] - 1) * dilation[axis] + 1) as unknown as Pair
  const pads = readPads(node, size, reach, stride, rank)
  const overhang =
    intAttribute(node, 'ceil_mode', 0) === 0 ? ([0, 0] as const) : overhangOf(size, reach, stride, pads)
  const window: WindowAttributes = {
    kernel,
    stride,
    pad: [pads[0], pads[1], pads[2] + overhang[0], pads[3] + overhang[1]],
    ...(dilation[0] === 1 && dilation[1] === 1 ? {} : { dilation })
  }
  const [height, width] = windowOutput(size[0], size[1], window)
  if (height < 1 || width < 1)
    throw badShape(node, `a ${kernel.join('x')} window does not fit a ${size.join('x')} image`)
  return { window, height, width, overhang }
}

/** Rows and columns to add so that the last, partly covered window counts; it must begin inside the image or its padding. */
function overhangOf(size: Pair, reach: Pair, stride: Pair, pads: readonly number[]): Pair {
  return [0, 1].map((axis) => {
    const padded = size[axis] + pads[axis] + pads[axis + 2]
    let count = Math.ceil((padded - reach[axis]) / stride[axis]) + 1
    if ((count - 1) * stride[axis] >= size[axis] + pads[axis]) count--
    return Math.max(0, (count - 1) * stride[axis] + reach[axis] - padded)
  }) as unknown as Pair
}

function readPads(
  node: OnnxNode,
  input: Pair,
  reach: Pair,
  stride: Pair,
  rank: number
): readonly [number, number, number, number] {
  const mode = textAttribute(node, 'auto_pad', 'NOTSET')
  if (mode === 'VALID') return [0, 0, 0, 0]
  if (mode === 'SAME_UPPER' || mode === 'SAME_LOWER') {
    const total = [0, 1].map((axis) => {
      const output = Math.ceil(input[axis] / stride[axis])
      return Math.max(0, (output - 1) * stride[axis] + reach[axis] - input[axis])
    })
    const begin = total.map((pads) => (mode === 'SAME_UPPER' ? Math.floor(pads / 2) : Math.ceil(pads / 2)))
    return [begin[0], begin[1], total[0] - begin[0], total[1] - begin[1]]
  }
  const pads = intsAttribute(node, 'pads') ?? new Array<number>(2 * rank).fill(0)
  if (pads.length !== 2 * rank || pads.some((pad) => pad < 0))
    throw badShape(node, `pads must be ${2 * rank} numbers, none negative`)
  return rank === 1 ? [0, pads[0], 0, pads[1]] : [pads[0], pads[1], pads[2], pads[3]]
}
