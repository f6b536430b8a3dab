import type { Random } from '../../../core/math/random'

/**
 * Copies one single- or multi-channel CHW-as-HWC byte image into `out` as real values in NCHW order, shifted by up to
 * `shift` pixels with zeros moving in and mirrored left-right at random. `shift` 0 and `mirror` false copy it as it is.
 */
export function augmentInto(
  pixels: Uint8Array,
  shape: readonly [number, number, number],
  scale: number,
  offset: number,
  out: Float32Array,
  at: number,
  how: { random: Random; shift: number; mirror: boolean } | null
): void {
  const [height, width, channels] = shape
  const dy = how === null ? 0 : how.random.integer(2 * how.shift + 1) - how.shift
  const dx = how === null ? 0 : how.random.integer(2 * how.shift + 1) - how.shift
  const isMirrored = how !== null && how.mirror && how.random.next() < 0.5
  // Columns [left, right) come from inside the image, the first of them from `firstX`.
  const move = isMirrored ? dx : -dx
  const left = Math.min(width, Math.max(0, move))
  const right = Math.max(left, Math.min(width, width + move))
  const firstX = isMirrored ? width - 1 - left + dx : left + dx
  const step = isMirrored ? -channels : channels
  const outside = scale * offset
  for (let c = 0; c < channels; c++) {
    for (let y = 0, row = at + c * height * width; y < height; y++, row += width) {
      const fromY = y + dy
      if (fromY < 0 || fromY >= height) {
        out.fill(outside, row, row + width)
        continue
      }
      out.fill(outside, row, row + left)
      out.fill(outside, row + right, row + width)
      let from = (fromY * width + firstX) * channels + c
      for (let to = row + left; to < row + right; to++, from += step)
        out[to] = scale * (pixels[from] + offset)
    }
  }
}
