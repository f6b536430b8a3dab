/**
 * What a search for the best cut of a node shares from feature to feature, as places in one Float64Array: numbers that
 * cross function borders there are never boxed.
 */
export const [totalAt, meanAt, minLeafAt, spreadAt, productAt] = [0, 1, 2, 3, 4]
/** Length of that array. */
export const cutSearchLength = 5

/** Begins the search of a node of this weight and weighted sum of targets. */
export function beginSearch(search: Float64Array, weight: number, sum: number, minLeaf: number): void {
  search[totalAt] = weight
  search[meanAt] = sum / weight
  search[minLeafAt] = minLeaf
  // Any allowed cut beats this, one without gain too: it may lead to gains below.
  search[spreadAt] = -1
  search[productAt] = 1
}

/** Sum of squares the best cut so far takes away. */
export function bestGain(search: Float64Array): number {
  return (search[totalAt] * search[spreadAt]) / search[productAt]
}

/**
 * Best cut of the rows keys[from, to), ascending (rank << rowBits | row): where the right side begins, or -1 where none
 * beats what `search` holds. terms holds weight and weight * target of every row.
 *
 * The gain of a cut is total * spread / product with spread = (left sum - left weight * mean)^2 and product = left
 * weight * right weight (Breiman et al. 1984, sec. 8.4, rearranged); fractions are compared crosswise, not divided.
 */
export function searchCuts(
  keys: Int32Array,
  from: number,
  to: number,
  rowBits: number,
  terms: Float64Array,
  search: Float64Array
): number {
  const total = search[totalAt]
  const mean = search[meanAt]
  const minLeaf = search[minLeafAt]
  const rowMask = (1 << rowBits) - 1
  let bestSpread = search[spreadAt]
  let bestProduct = search[productAt]
  let cut = -1
  let leftWeight = 0
  let leftSum = 0
  let key = keys[from]
  for (let at = from + 1; at < to; at++) {
    const place = (key & rowMask) << 1
    leftWeight += terms[place]
    leftSum += terms[place + 1]
    const next = keys[at]
    const surplus = leftSum - leftWeight * mean
    const rightWeight = total - leftWeight
    const spread = surplus * surplus
    const product = leftWeight * rightWeight
    // One branch instead of two: whether neighbours differ in rank is a coin toss that processors guess wrong.
    const better = Number((key ^ next) > rowMask) & Number(spread * bestProduct > bestSpread * product)
    key = next
    if (better === 1 && leftWeight >= minLeaf && rightWeight >= minLeaf) {
      bestSpread = spread
      bestProduct = product
      cut = at
    }
  }
  if (cut >= 0) {
    search[spreadAt] = bestSpread
    search[productAt] = bestProduct
  }
  return cut
}
