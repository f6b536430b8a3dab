import { append, type ImportState } from '../onnx/importState'
import { windowOutput, type WindowAttributes } from '../graph'
import { checkedCount } from '../constants/checkedCount'
import type { OnnxNode } from '../onnx/onnx'
import type { ImageInput } from './images'

/** What a tap beside the image takes: the nearest tap of its window inside (of no weight in a maximum), or zero. */
export type Outside = 'nearest' | 'zero'

/**
 * The windows of a dilated pool laid out side by side, so that a plain pool with its own size as stride reads them: index of the
 * node that holds them, [channels][rows * kernel height][columns * kernel width].
 */
export function spreadWindows(
  state: ImportState,
  node: OnnxNode,
  image: ImageInput,
  window: WindowAttributes,
  outside: Outside
): number {
  const [height, width] = windowOutput(image.size[0], image.size[1], window)
  const rows = placesOf(window, 0, height, image.size[0], outside)
  const columns = placesOf(window, 1, width, image.size[1], outside)
  const outputShape = [image.channels, rows.length, columns.length]
  checkedCount(node, outputShape)
  const plane = image.size[0] * image.size[1]
  const map = new Int32Array(image.channels * rows.length * columns.length)
  let at = 0
  for (let channel = 0; channel < image.channels; channel++) {
    for (const row of rows) {
      for (const column of columns)
        map[at++] = row < 0 || column < 0 ? -1 : channel * plane + row * image.size[1] + column
    }
  }
  return append(state, {
    op: 'move',
    name: `${node.name}.windows`,
    inputs: [image.node],
    outputShape,
    map,
    fill: 0
  })
}

/** Row or column of every tap of every window along one axis; -1 beside the image. */
function placesOf(
  { kernel, stride, pad, dilation = [1, 1] }: WindowAttributes,
  axis: 0 | 1,
  windows: number,
  size: number,
  outside: Outside
): number[] {
  const places: number[] = []
  for (let index = 0; index < windows; index++) {
    const own = Array.from(
      { length: kernel[axis] },
      (_, tap) => index * stride[axis] - pad[axis] + tap * dilation[axis]
    )
    const inside = own.find((place) => place >= 0 && place < size) ?? -1
    for (const place of own)
      places.push(place >= 0 && place < size ? place : outside === 'zero' ? -1 : inside)
  }
  return places
}
