import type { Random } from '../../math/random'

/** A side in pixels of a square scene, and how large the garment in it may be. */
export interface SceneForm {
  readonly side: number
  readonly smallest: number
  readonly largest: number
}

const garmentSide = 28

/**
 * Puts a grey garment of 28 x 28 bytes, tinted and enlarged, at a random place before a two-coloured, noisy background.
 * `out` takes [side][side][3] bytes.
 */
export function composeScene(
  garment: Uint8Array,
  { side, smallest, largest }: SceneForm,
  random: Random,
  out: Uint8Array
): void {
  const size = smallest + random.integer(largest - smallest + 1)
  const left = random.integer(side - size + 1)
  const top = random.integer(side - size + 1)
  const colour = (low: number, high: number): number[] =>
    Array.from({ length: 3 }, () => low + (high - low) * random.next())
  const [above, below, tint] = [colour(0, 110), colour(0, 110), colour(120, 255)]
  const isMirrored = random.next() < 0.5
  const noise = 4 + 12 * random.next()
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const column = isMirrored ? size - 1 - (x - left) : x - left
      const cover = coverAt(garment, ((y - top) * garmentSide) / size, (column * garmentSide) / size)
      const grain = noise * (random.next() - 0.5)
      for (let channel = 0; channel < 3; channel++) {
        const back = above[channel] + ((below[channel] - above[channel]) * y) / side
        const value = back * (1 - cover) + tint[channel] * cover + grain
        out[(y * side + x) * 3 + channel] = Math.max(0, Math.min(255, Math.round(value)))
      }
    }
  }
}

/** Bilinear, 0 to 1; 0 outside the garment. */
function coverAt(garment: Uint8Array, y: number, x: number): number {
  if (y <= -1 || x <= -1 || y >= garmentSide || x >= garmentSide) return 0
  const [row, column] = [Math.floor(y), Math.floor(x)]
  const at = (r: number, c: number): number =>
    r < 0 || c < 0 || r >= garmentSide || c >= garmentSide ? 0 : garment[r * garmentSide + c]
  const [down, right] = [y - row, x - column]
  const upper = at(row, column) * (1 - right) + at(row, column + 1) * right
  const lower = at(row + 1, column) * (1 - right) + at(row + 1, column + 1) * right
  return (upper * (1 - down) + lower * down) / 255
}
