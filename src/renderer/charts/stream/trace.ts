import { firstNotBefore } from '@core/math/firstNotBefore'

/** A signal over time, oldest first; null and NaN are gaps. `low` and `high` are the envelope of each point, where it has one. */
export interface Trace {
  timesMs: ArrayLike<number>
  values: ArrayLike<number | null>
  low?: ArrayLike<number | null> | undefined
  high?: ArrayLike<number | null> | undefined
}

/** Two times of a trace, ms. */
export type Span = readonly [fromMs: number, toMs: number]

/** First and last time; null when there is no reading. */
export function extentOf({ timesMs }: Trace): Span | null {
  return timesMs.length === 0 ? null : [timesMs[0], timesMs[timesMs.length - 1]]
}

/** The points of a trace within a span, both ends included. */
export function within({ timesMs, values, low, high }: Trace, [fromMs, toMs]: Span): Trace {
  const from = firstNotBefore(timesMs, fromMs)
  let to = firstNotBefore(timesMs, toMs)
  while (to < timesMs.length && timesMs[to] <= toMs) to += 1
  const cut = <T>(column: ArrayLike<T>): T[] => Array.prototype.slice.call(column, from, to) as T[]
  return {
    timesMs: cut(timesMs),
    values: cut(values),
    low: low && cut(low),
    high: high && cut(high)
  }
}

/** The whole trace with a finer part put in where that part has its readings. */
export function withDetail(whole: Trace, detail: Trace | null): Trace {
  const span = detail === null ? null : extentOf(detail)
  if (detail === null || span === null) return whole
  const before = firstNotBefore(whole.timesMs, span[0])
  let after = firstNotBefore(whole.timesMs, span[1])
  while (after < whole.timesMs.length && whole.timesMs[after] <= span[1]) after += 1
  const join = <T>(outer: ArrayLike<T>, inner: ArrayLike<T>): T[] => {
    const all = Array.from(outer)
    return [...all.slice(0, before), ...Array.from(inner), ...all.slice(after)]
  }
  return {
    timesMs: join(whole.timesMs, detail.timesMs),
    values: join(whole.values, detail.values),
    low: whole.low && join(whole.low, detail.low ?? detail.values),
    high: whole.high && join(whole.high, detail.high ?? detail.values)
  }
}

/** Least and largest reading of the columns, gaps left out; never empty, so that it can be an axis. */
export function rangeOf(columns: ArrayLike<number | null>[]): [number, number] {
  let [low, high] = [Infinity, -Infinity]
  for (const column of columns)
    for (let at = 0; at < column.length; at++) {
      const value = column[at] ?? NaN
      if (value < low) low = value
      if (value > high) high = value
    }
  if (low > high) return [0, 1]
  return low === high ? [low - 1, high + 1] : [low, high]
}
