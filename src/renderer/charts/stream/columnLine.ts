/** What stands for the readings that fall into one pixel column. */
export type ColumnPick = 'min' | 'max' | 'mean'

/** A line over pixels; a null y breaks it. */
export interface ColumnLine {
  x: number[]
  y: (number | null)[]
}

/**
 * Returns the readings `from` to `to` (both included) with at most one point per pixel column: x in pixels (the mean of the
 * column's own), y in the unit of `values`. A gap breaks the line where it reaches into another column.
 */
export function columnLine(
  times: ArrayLike<number>,
  values: ArrayLike<number | null | undefined>,
  [from, to]: readonly [number, number],
  xOf: (time: number) => number,
  pick: ColumnPick
): ColumnLine {
  const line: ColumnLine = { x: [], y: [] }
  let [column, count, sumX, kept, isBroken] = [NaN, 0, 0, 0, false]
  const flush = (): void => {
    if (count === 0) return
    line.x.push(sumX / count)
    line.y.push(pick === 'mean' ? kept / count : kept)
  }
  for (let at = from; at <= to; at++) {
    const value = values[at]
    if (value === null || value === undefined) {
      isBroken = true
      continue
    }
    const x = xOf(times[at])
    if (Math.floor(x) !== column) {
      flush()
      if (isBroken && count > 0) {
        line.x.push(x)
        line.y.push(null)
      }
      ;[column, count, sumX, kept] = [Math.floor(x), 0, 0, 0]
    }
    if (count === 0) kept = value
    else if (pick === 'mean') kept += value
    else kept = pick === 'min' ? Math.min(kept, value) : Math.max(kept, value)
    count += 1
    sumX += x
    isBroken = false
  }
  flush()
  return line
}
