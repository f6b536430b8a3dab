/** Whether `a` is nowhere worse and somewhere better; smaller values are better. */
export function dominates(a: readonly number[], b: readonly number[]): boolean {
  let isBetter = false
  for (let at = 0; at < a.length; at++) {
    if (a[at] > b[at]) return false
    if (a[at] < b[at]) isBetter = true
  }
  return isBetter
}

/** Non-dominated sorting: the entries that nothing beats, then those that only the first front beats, and so on. */
export function fronts<T>(entries: readonly T[], isBetter: (a: T, b: T) => boolean): T[][] {
  const found: T[][] = []
  let left = [...entries]
  while (left.length > 0) {
    const front = left.filter((entry) => !left.some((other) => isBetter(other, entry)))
    // A relation that is no strict order would never end.
    if (front.length === 0) return [...found, left]
    found.push(front)
    const taken = new Set(front)
    left = left.filter((entry) => !taken.has(entry))
  }
  return found
}

/**
 * Entries that no other one dominates in the given values (smaller is better), in their order; of equal ones the first.
 * @param values two or more per entry, e.g. loss, latency, size
 */
export function paretoFront<T>(entries: readonly T[], values: (entry: T) => readonly number[]): T[] {
  const points = entries.map(values)
  return entries.filter((_, at) =>
    points.every(
      (other, index) =>
        index === at || (!dominates(other, points[at]) && (index > at || !areEqual(other, points[at])))
    )
  )
}

function areEqual(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, at) => value === b[at])
}
