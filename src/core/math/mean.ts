/** Arithmetic mean of values; NaN of none. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let at = 0; at < values.length; at++) sum += values[at]
  return sum / values.length
}

/** Standard deviation of values around their mean (divided by their number); NaN of none. */
export function deviation(values: ArrayLike<number>): number {
  const middle = mean(values)
  let squares = 0
  for (let at = 0; at < values.length; at++) squares += (values[at] - middle) ** 2
  return Math.sqrt(squares / values.length)
}
