import type { WindowAttributes } from '../model/graph'

/**
 * Unfolds one HWC image into rows of taps, [outH * outW][kh * kw * channels], taps in (row, column, channel) order as
 * the weights are; positions outside the image read `padValue`.
 */
export function im2col<T extends Float32Array | Int8Array>(
  input: T,
  shape: readonly [number, number, number],
  window: WindowAttributes,
  outHeight: number,
  outWidth: number,
  padValue: number,
  columns: T
): void {
  const [height, width, channels] = shape
  const [kernelHeight, kernelWidth] = window.kernel
  const [strideHeight, strideWidth] = window.stride
  const [padTop, padLeft] = window.pad
  const segment = kernelWidth * channels
  let at = 0
  for (let oy = 0; oy < outHeight; oy++) {
    for (let ox = 0; ox < outWidth; ox++) {
      const x0 = ox * strideWidth - padLeft
      const isInside = x0 >= 0 && x0 + kernelWidth <= width
      for (let ky = 0; ky < kernelHeight; ky++) {
        const y = oy * strideHeight - padTop + ky
        if (y < 0 || y >= height) {
          columns.fill(padValue, at, at + segment)
          at += segment
        } else if (isInside) {
          let from = (y * width + x0) * channels
          for (const end = at + segment; at < end; at++, from++) columns[at] = input[from]!
        } else {
          for (let kx = 0; kx < kernelWidth; kx++) {
            const x = x0 + kx
            const from = (y * width + x) * channels
            for (let c = 0; c < channels; c++, at++)
              columns[at] = x < 0 || x >= width ? padValue : input[from + c]!
          }
        }
      }
    }
  }
}
