/** Items of a batch, `count` of them from item `from` of a set on. */
export interface ItemRange {
  readonly from: number
  readonly count: number
}

/**
 * Items of a batch that hold a bad value.
 * @param values of the items, one behind the other
 * @returns the number of the first, from 1 on in the whole set, and how many there are as the end of a sentence; null for none
 */
export function badItems(
  values: Float32Array,
  { from, count }: ItemRange,
  isBad: (value: number) => boolean
): { first: number; others: string } | null {
  if (!values.some(isBad)) return null
  const size = values.length / count
  const bad = Array.from({ length: count }, (_, item) => item).filter((item) =>
    values.subarray(item * size, (item + 1) * size).some(isBad)
  )
  return {
    first: from + bad[0] + 1,
    others: `and for ${bad.length} of the ${count} items from ${from + 1} on`
  }
}
