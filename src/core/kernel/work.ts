/** Work of one call, counted from its sizes alone. Elements, not bytes. */
export interface Work {
  /** Multiply-accumulates; element visits for kernels that do not multiply. */
  macs: number
  outputs: number
  /** Elements of the im2col matrix; for a matmul its input. */
  patches: number
  weights: number
  /** Elements of one operand. */
  inputs: number
}

/** A Work to be filled. */
export const emptyWork = (): Work => ({ macs: 0, outputs: 0, patches: 0, weights: 0, inputs: 0 })

/** Output side of a window without padding: floor((side - window) / stride) + 1. */
export const outputSide = (side: number, window: number, stride: number): number =>
  Math.floor((side - window) / stride) + 1

/**
 * The arithmetic of every kernel, in one place: kernel specs read their sizes and layers theirs, and both count here.
 * `positions` are output pixels, `taps` the elements of a window in one channel.
 */
export const countWork = {
  matrix(into: Work, rows: number, outputs: number, inputs: number): void {
    into.macs = rows * outputs * inputs
    into.outputs = rows * outputs
    into.patches = rows * inputs
    into.weights = outputs * inputs
    into.inputs = rows * inputs
  },
  convolution(
    into: Work,
    positions: number,
    taps: number,
    channels: number,
    outputs: number,
    inputs: number
  ): void {
    const patch = channels * taps
    into.macs = positions * patch * outputs
    into.outputs = positions * outputs
    into.patches = positions * patch
    into.weights = patch * outputs
    into.inputs = inputs
  },
  depthwise(into: Work, positions: number, taps: number, channels: number, inputs: number): void {
    into.outputs = positions * channels
    into.macs = into.patches = into.outputs * taps
    into.weights = channels * taps
    into.inputs = inputs
  },
  pool(into: Work, positions: number, taps: number, channels: number, inputs: number): void {
    into.outputs = positions * channels
    into.macs = into.patches = into.outputs * taps
    into.weights = 0
    into.inputs = inputs
  },
  /** Rows that are each treated as a whole: like the product of a column of `rows` and a row of `count`. */
  rows(into: Work, rows: number, count: number): void {
    into.macs = into.outputs = into.inputs = rows * count
    into.patches = rows
    into.weights = 0
  },
  /** All steps of a recurrence: `gates` products of each state, a gate's function for each of them. Patches are the steps. */
  recurrence(into: Work, steps: number, hidden: number, gates: number): void {
    into.weights = gates * hidden * hidden
    into.macs = steps * into.weights
    into.outputs = steps * hidden
    into.patches = steps
    into.inputs = steps * gates * hidden
  },
  elements(into: Work, count: number, outputs = count): void {
    into.macs = into.patches = into.inputs = count
    into.outputs = outputs
    into.weights = 0
  }
}
