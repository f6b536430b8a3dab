/** Counts distinct numbers. */
export interface DistinctCount {
  add(value: number): void
  count(): number
}

/** An empty place; NaN is never added. */
const empty = NaN
/** The table grows when more than this share of it is taken. */
const maxLoad = 0.5

/** Returns a counter of distinct numbers (not NaN); several times as fast as a Set, which keeps an object per number. */
export function createDistinctCount(): DistinctCount {
  const bits = new Float64Array(1)
  const halves = new Uint32Array(bits.buffer)
  let table = new Float64Array(16).fill(empty)
  let count = 0
  const placeOf = (value: number): number => {
    bits[0] = value
    // Multiplicative hashing (Knuth): the high bits of the product depend on all of the number.
    const hash = Math.imul(halves[0] ^ Math.imul(halves[1], 0x9e3779b1), 0x85ebca6b)
    let place = (hash ^ (hash >>> 15)) & (table.length - 1)
    while (!Number.isNaN(table[place]) && table[place] !== value) place = (place + 1) & (table.length - 1)
    return place
  }
  const grow = (): void => {
    const before = table
    table = new Float64Array(2 * before.length).fill(empty)
    for (const value of before) if (!Number.isNaN(value)) table[placeOf(value)] = value
  }
  return {
    add(value) {
      // -0 is 0.
      const number = value + 0
      const place = placeOf(number)
      if (!Number.isNaN(table[place])) return
      table[place] = number
      if (++count > maxLoad * table.length) grow()
    },
    count: () => count
  }
}
