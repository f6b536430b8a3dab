/**
 * The word of `known` that was probably meant by `word`: the fewest typing errors (letters changed, added, left out or
 * swapped), at most a third of its letters, or a word that begins with it; null where none is near.
 */
export function nearestWord(word: string, known: readonly string[]): string | null {
  const wanted = word.toLowerCase()
  if (wanted === '') return null
  const ranked = known
    .map((name) => ({ name, errors: typingErrors(wanted, name.toLowerCase()) }))
    .sort((a, b) => a.errors - b.errors)
  const best = ranked[0]
  if (best !== undefined && best.errors <= Math.max(1, Math.floor(best.name.length / 3))) return best.name
  return known.find((name) => name.toLowerCase().startsWith(wanted)) ?? null
}

/** Optimal string alignment distance: https://en.wikipedia.org/wiki/Damerau-Levenshtein_distance */
function typingErrors(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let errors = Math.min(last[column] + 1, current[column - 1] + 1, last[column - 1] + (same ? 0 : 1))
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        errors = Math.min(errors, beforeLast[column - 2] + 1)
      current.push(errors)
    }
    beforeLast = last
    last = current
  }
  return last[b.length]
}

/** ` Did you mean "board"?`, or nothing where no word is near. */
export function suggestion(word: string, known: readonly string[], prefix = ''): string {
  const near = nearestWord(word, known)
  return near === null ? '' : ` Did you mean "${prefix}${near}"?`
}
