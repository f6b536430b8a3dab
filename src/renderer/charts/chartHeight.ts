/** Up to this height of a window charts have their own height; in a taller one they grow with it. */
const tallWindowPx = 1100

/** Height of a chart as CSS, for one of `heightPx` in an ordinary window. */
export const chartHeight = (heightPx: number): string =>
  `max(${heightPx}px, ${((100 * heightPx) / tallWindowPx).toFixed(2)}vh)`

/** The same in px, for a window of a height. */
export const chartHeightPx = (heightPx: number, windowPx: number): number =>
  Math.round(heightPx * Math.max(1, windowPx / tallWindowPx))

/** Height of a table of `heightPx` in an ordinary window: half of what a taller one has more. */
export const tableHeightPx = (heightPx: number, windowPx: number): number =>
  Math.round(heightPx + Math.max(0, windowPx - tallWindowPx) / 2)
