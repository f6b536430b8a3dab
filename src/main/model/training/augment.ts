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
  let to = at
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      const fromY = y + dy
      for (let x = 0; x < width; x++, to++) {
        const shifted = (isMirrored ? width - 1 - x : x) + dx
        const isOutside = fromY < 0 || fromY >= height || shifted < 0 || shifted >= width
        const pixel = isOutside ? 0 : pixels[(fromY * width + shifted) * channels + c]
        out[to] = scale * (pixel + offset)
      }
    }
  }
}
