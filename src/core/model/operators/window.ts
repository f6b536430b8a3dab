import { intAttribute, intsAttribute, textAttribute, type OnnxNode } from '../onnx'
import { badShape, unsupported } from '../importState'
import { windowOutput, type Shape, type WindowAttributes } from '../graph'

/**
 * Kernel, stride and padding of Conv and the pools (ONNX operator documentation: auto_pad, pads, strides, dilations,
 * ceil_mode), and the output's height and width.
 */
export function readWindow(
  node: OnnxNode,
  input: Shape,
  kernel: readonly number[]
): { window: WindowAttributes; height: number; width: number } {
  if (input.length !== 3 || kernel.length !== 2)
    throw badShape(node, 'only two-dimensional images are supported')
  const [, inputHeight, inputWidth] = input as [number, number, number]
  const stride = intsAttribute(node, 'strides') ?? [1, 1]
  if ((intsAttribute(node, 'dilations') ?? []).some((step) => step !== 1)) {
    throw unsupported(node, 'dilated windows are not supported')
  }
  const size = [kernel[0]!, kernel[1]!] as const
  const step = [stride[0] ?? 1, stride[1] ?? 1] as const
  const pad = readPads(node, [inputHeight, inputWidth], size, step)
  const window: WindowAttributes = { kernel: size, stride: step, pad }
  const [height, width] = windowOutput(inputHeight, inputWidth, window)
  if (height < 1 || width < 1)
    throw badShape(node, `a ${size.join('x')} window does not fit a ${inputHeight}x${inputWidth} image`)
  if (intAttribute(node, 'ceil_mode', 0) !== 0) {
    const exact =
      (inputHeight + pad[0] + pad[2] - size[0]) % step[0] === 0 &&
      (inputWidth + pad[1] + pad[3] - size[1]) % step[1] === 0
    if (!exact) throw unsupported(node, 'ceil_mode with windows that hang over the edge is not supported')
  }
  return { window, height, width }
}

function readPads(
  node: OnnxNode,
  input: readonly [number, number],
  kernel: readonly [number, number],
  stride: readonly [number, number]
): readonly [number, number, number, number] {
  const mode = textAttribute(node, 'auto_pad', 'NOTSET')
  if (mode === 'VALID') return [0, 0, 0, 0]
  if (mode === 'SAME_UPPER' || mode === 'SAME_LOWER') {
    const total = [0, 1].map((axis) => {
      const output = Math.ceil(input[axis]! / stride[axis]!)
      return Math.max(0, (output - 1) * stride[axis]! + kernel[axis]! - input[axis]!)
    })
    const begin = total.map((pads) => (mode === 'SAME_UPPER' ? Math.floor(pads / 2) : Math.ceil(pads / 2)))
    return [begin[0]!, begin[1]!, total[0]! - begin[0]!, total[1]! - begin[1]!]
  }
  const pads = intsAttribute(node, 'pads') ?? [0, 0, 0, 0]
  if (pads.length !== 4 || pads.some((pad) => pad < 0))
    throw badShape(node, 'pads must be four numbers, none negative')
  return [pads[0]!, pads[1]!, pads[2]!, pads[3]!]
}
