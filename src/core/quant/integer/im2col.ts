import type { WindowAttributes } from '../../model/graph'

/**
 * Unfolding of an HWC image into rows of taps, [outH * outW][kh * kw * channels], taps in (row, column, channel) order
 * as the weights are. The positions are worked out once per layer; per image only a gather is left.
 */

/** Index into the image of every tap of every output pixel; -1 where the tap lies in the padding. */
export function tapPositions(
  shape: readonly [number, number, number],
  window: WindowAttributes,
  outHeight: number,
  outWidth: number
): Int32Array {
  const [height, width, channels] = shape
  const [kernelHeight, kernelWidth] = window.kernel
  const [strideHeight, strideWidth] = window.stride
  const [padTop, padLeft] = window.pad
  const [stepHeight, stepWidth] = window.dilation ?? [1, 1]
  const positions = new Int32Array(outHeight * outWidth * kernelHeight * kernelWidth * channels)
  let at = 0
  for (let oy = 0; oy < outHeight; oy++) {
    for (let ox = 0; ox < outWidth; ox++) {
      for (let ky = 0; ky < kernelHeight; ky++) {
        const y = oy * strideHeight - padTop + ky * stepHeight
        for (let kx = 0; kx < kernelWidth; kx++) {
          const x = ox * strideWidth - padLeft + kx * stepWidth
          const isOutside = y < 0 || y >= height || x < 0 || x >= width
          const from = (y * width + x) * channels
          for (let c = 0; c < channels; c++) positions[at++] = isOutside ? -1 : from + c
        }
      }
    }
  }
  return positions
}

// Two gathers rather than one generic: each then sees one kind of array and compiles to a plain loop.

/** `columns` gets the codes at `positions`; `padCode` in the padding. */
export function gatherCodes(
  input: Int8Array,
  positions: Int32Array,
  padCode: number,
  columns: Int8Array
): void {
  for (let at = 0; at < positions.length; at++) {
    const from = positions[at]
    columns[at] = from < 0 ? padCode : input[from]
  }
}

/** `columns` gets the real values at `positions`; `padValue` in the padding. */
export function gatherReals(
  input: Float32Array,
  positions: Int32Array,
  padValue: number,
  columns: Float32Array
): void {
  for (let at = 0; at < positions.length; at++) {
    const from = positions[at]
    columns[at] = from < 0 ? padValue : input[from]
  }
}
