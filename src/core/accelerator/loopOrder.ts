/**
 * Order of the loops over tiles: which data a tiling loads how often. A part of the analytic model of bitfusion.ts.
 */

/** Streams between DRAM and SRAM: activations in, weights in, partial sums in, sums out. */
export const [activations, weights, sumsIn, sumsOut] = [0, 1, 2, 3]
/** How many streams there are. */
export const streams = 4
/** Loops over tiles: batch, output columns, output rows, input channels, output channels. */
export const loops = 5
/** dependsOn[loop][stream]: whether a step of the loop needs other data of the stream. */
const dependsOn = [
  [true, false, true, true],
  [true, false, true, true],
  [true, false, true, true],
  [true, true, false, false],
  [false, true, true, true]
]

/** One order and what it keeps in SRAM and moves, in bits per stream. */
export interface LoopOrder {
  /** Loops that take more than one step. */
  readonly outermostFirst: readonly number[]
  readonly residentBits: readonly number[]
  readonly movedBits: readonly number[]
}

/** No order can beat this: every stream moved once, or the array never waiting. */
export function lowerBound(
  compute: number,
  first: Float64Array,
  tiles: Float64Array,
  dramBits: number
): number {
  let traffic = 0
  let initial = 0
  for (let stream = 0; stream < streams; stream++) {
    let once = first[stream]
    initial += once
    for (let loop = 0; loop < loops; loop++) if (dependsOn[loop][stream]) once *= tiles[loop]
    traffic += once
  }
  return Math.max(compute + initial / dramBits, traffic / dramBits)
}

/**
 * Cheapest loop order of one tiling. From the innermost loop outwards, a stream's buffer grows with every loop it
 * depends on while it fits; from the first that does not, each further loop reloads it. What is loaded before the
 * first step and drained after the last cannot overlap with computing; the rest can. `found` is called with every order
 * that is cheaper than all before; the last of them is the cheapest.
 */
export function bestOrder(
  compute: number,
  first: Float64Array,
  tiles: Float64Array,
  capacity: readonly number[],
  dramBits: number,
  found?: (order: LoopOrder) => void
): number {
  const active: number[] = []
  for (let loop = 0; loop < loops; loop++) if (tiles[loop] > 1) active.push(loop)
  let best = Infinity
  // Traffic and resident size of every stream at every depth of the search.
  const moved = new Float64Array(streams * (loops + 1))
  const resident = new Float64Array(streams * (loops + 1))
  const growing = new Uint8Array(streams * (loops + 1)).fill(1)
  moved.set(first)
  resident.set(first)
  const used = new Uint8Array(loops)
  const placed: number[] = []

  const place = (depth: number): void => {
    const base = depth * streams
    if (depth === active.length) {
      const initial = resident[base + activations] + resident[base + weights] + resident[base + sumsIn]
      const final = resident[base + sumsOut]
      let total = 0
      for (let stream = 0; stream < streams; stream++) total += moved[base + stream]
      const overlapped = Math.ceil((total - initial - final) / dramBits)
      const cycles =
        Math.max(compute, overlapped) + Math.ceil(initial / dramBits) + Math.ceil(final / dramBits)
      if (cycles >= best) return
      best = cycles
      found?.({
        outermostFirst: placed.slice(0, depth).reverse(),
        residentBits: Array.from(resident.subarray(base, base + streams)),
        movedBits: Array.from(moved.subarray(base, base + streams))
      })
      return
    }
    for (const loop of active) {
      if (used[loop] === 1) continue
      used[loop] = 1
      placed[depth] = loop
      for (let stream = 0; stream < streams; stream++) {
        const from = base + stream
        const to = from + streams
        const depends = dependsOn[loop][stream]
        moved[to] = moved[from] * (depends || growing[from] === 0 ? tiles[loop] : 1)
        growing[to] = growing[from]
        resident[to] = resident[from]
        if (growing[from] === 1 && depends) {
          if (moved[to] > capacity[stream]) growing[to] = 0
          else resident[to] = moved[to]
        }
      }
      place(depth + 1)
      used[loop] = 0
    }
  }
  place(0)
  return best
}
