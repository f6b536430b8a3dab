/**
 * Places buffers with known lifetimes in one arena so that buffers alive at the same time never overlap.
 *
 * Greedy first fit by decreasing size ("greedy by size for offset calculation", Pisarchyk and Lee, "Efficient Memory
 * Management for Deep Neural Net Inference", arXiv 2001.03288): big buffers first, each at the lowest offset where
 * it fits between those already placed that live at the same time. The result is checked against the lower bound that
 * no placement can beat: the largest sum of sizes alive in one step.
 */
export interface Lifetime {
  readonly name: string
  readonly sizeBytes: number
  /** First and last step (inclusive) in which the buffer must keep its content. */
  readonly first: number
  readonly last: number
}

/** Offsets of all buffers, and the bytes they need together. */
export interface Placement {
  /** Offset of each buffer, in the order given. */
  readonly offsets: number[]
  readonly totalBytes: number
  /** Largest sum of aligned sizes alive in one step. */
  readonly lowerBoundBytes: number
}

/** Offsets are multiples of `alignment` bytes (a power of two). */
export function placeBuffers(buffers: readonly Lifetime[], alignment = 16): Placement {
  const sizes = buffers.map((buffer) => alignUp(buffer.sizeBytes, alignment))
  const order = buffers
    .map((_, index) => index)
    // Ties by lifetime start, then by order given: the same buffers always get the same places.
    .sort((a, b) => sizes[b] - sizes[a] || buffers[a].first - buffers[b].first || a - b)
  const offsets = new Array<number>(buffers.length).fill(0)
  const placed: number[] = []
  let totalBytes = 0
  for (const index of order) {
    const neighbours = placed
      .filter((other) => overlapInTime(buffers[index], buffers[other]) && sizes[other] > 0)
      .sort((a, b) => offsets[a] - offsets[b])
    let offset = 0
    for (const other of neighbours) {
      if (offset + sizes[index] <= offsets[other]) break
      offset = Math.max(offset, offsets[other] + sizes[other])
    }
    offsets[index] = offset
    placed.push(index)
    totalBytes = Math.max(totalBytes, offset + sizes[index])
  }
  return { offsets, totalBytes, lowerBoundBytes: lowerBound(buffers, sizes) }
}

/** Smallest multiple of `alignment` that is at least `value`. */
export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment
}

function overlapInTime(a: Lifetime, b: Lifetime): boolean {
  return a.first <= b.last && b.first <= a.last
}

function lowerBound(buffers: readonly Lifetime[], sizes: readonly number[]): number {
  let largest = 0
  // The sum can only rise where a buffer begins.
  for (const { first } of buffers) {
    let alive = 0
    for (const [index, buffer] of buffers.entries()) {
      if (buffer.first <= first && first <= buffer.last) alive += sizes[index]
    }
    largest = Math.max(largest, alive)
  }
  return largest
}
