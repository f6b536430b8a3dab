import type { StageWork } from './work'

/**
 * How a GPU library computes a matrix product m x k times k x n: in tiles of the result, one per multiprocessor at a
 * time, so that the time grows by whole waves of tiles (NVIDIA, Matrix Multiplication Background User's Guide,
 * "Tile Quantization" and "Wave Quantization"); where there are few tiles, k is split between several of them.
 */
export interface TileModel {
  /** Rate of a full wave beside that of the first tile of `tileShapes`. */
  rates: readonly number[]
  /** Elements of k whose time every tile takes for its start and end. */
  startK: number
  /** Multiply-adds that adding up one element of one part of a split k costs, over all multiprocessors. */
  addition: number
}

/** Tiles that a library may choose, rows x columns. */
export const tileShapes = [
  [256, 128],
  [128, 256],
  [128, 128],
  [256, 64],
  [64, 256],
  [128, 64],
  [64, 128],
  [64, 64],
  [32, 128],
  [16, 128]
] as const

/** Parts that k may be split in. */
const splits = [1, 2, 3, 4]

/** Fitted on the A100's rows of public Vidur profiles alone: `npm run bench:estimatorTiles`. */
export const fittedTiles: TileModel = {
  rates: [1, 0.95, 1.12, 0.85, 0.928, 1.09, 0.861, 0.566, 0.4, 0.2],
  startK: 45.5,
  addition: 2.82
}

/**
 * Multiply-adds per multiprocessor, at the rate of a full wave of the first tile, that the cheapest choice of tile and
 * split takes; per entry of `work`. Proportional to the time of the arithmetic.
 */
export function tileCosts(
  { m, n, k }: StageWork,
  multiprocessors: number,
  model: TileModel = fittedTiles
): Float64Array {
  return m.map((rows, entry) => {
    let best = Infinity
    tileShapes.forEach(([high, wide], at) => {
      const count = Math.ceil(rows / high) * Math.ceil(n[entry] / wide)
      const area = (high * wide) / model.rates[at]
      for (const parts of splits) {
        const waves = Math.ceil((count * parts) / multiprocessors)
        const added = parts === 1 ? 0 : rows * n[entry] * parts * model.addition
        best = Math.min(best, waves * area * (k[entry] / parts + model.startK) + added)
      }
    })
    return best
  })
}
