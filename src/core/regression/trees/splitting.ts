/**
 * Copies the keys from[start, end) to the same stretch of `to`: those of rows with goesLeft[key & rowMask] = 1 before
 * `cut`, the others from there on, order kept on both sides. The place is computed, not branched to: which side comes
 * next is what processors cannot guess.
 */
export function splitList(
  from: Int32Array,
  to: Int32Array,
  start: number,
  cut: number,
  end: number,
  goesLeft: Uint8Array,
  rowMask: number
): void {
  let left = start
  let right = cut
  for (let at = start; at < end; at++) {
    const key = from[at]
    const goes = goesLeft[key & rowMask]
    to[right + ((left - right) & -goes)] = key
    left += goes
    right += 1 - goes
  }
}

/** Rows with code <= cut first, order kept on both sides; returns where the second part begins. */
export function partition(
  rows: Int32Array,
  start: number,
  end: number,
  code: Uint16Array,
  cut: number,
  scratch: Int32Array
): number {
  let left = start
  let right = 0
  for (let at = start; at < end; at++) {
    const row = rows[at]
    if (code[row] <= cut) rows[left++] = row
    else scratch[right++] = row
  }
  for (let at = 0; at < right; at++) rows[left + at] = scratch[at]
  return left
}

/** Midway between two neighbouring values, never rounded up onto the right one. */
export function between(left: number, right: number): number {
  const middle = left + (right - left) / 2
  return middle < right ? middle : left
}
