/**
 * Turns pairs of values by the angles of one position, as resources/kernels/ref/rope.c does (docs/arithmetic.md "Decoder").
 * `values` are in 1/256 of a code; `turns` holds cosine and sine of each pair of a head in 1/16384.
 *
 * @param put gets each place and its value in codes, not limited to a width
 */
export function turnPairs(
  values: ArrayLike<number>,
  count: number,
  turns: Int16Array,
  put: (at: number, value: number) => void
): void {
  for (let at = 0; at < count; at += 2) {
    const turn = at % turns.length
    const [cosine, sine] = [turns[turn], turns[turn + 1]]
    const even = (values[at] * cosine - values[at + 1] * sine + 8192) >> 14
    const odd = (values[at] * sine + values[at + 1] * cosine + 8192) >> 14
    put(at, (even + 128) >> 8)
    put(at + 1, (odd + 128) >> 8)
  }
}
