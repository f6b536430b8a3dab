/**
 * Whether a text matches a pattern of labgrid: `*` any characters, `?` one, `[ab]` and `[!ab]` one of a set, as Python's
 * fnmatch.fnmatchcase has it. Runs in time proportional to text and pattern.
 */
export function matchesPattern(text: string, pattern: string): boolean {
  const parts = readPattern(pattern)
  let at = 0
  let part = 0
  let starPart = -1
  let starAt = 0
  while (at < text.length) {
    const test = parts[part]
    if (test === '*') {
      starPart = part++
      starAt = at
    } else if (test !== undefined && test(text[at])) {
      at++
      part++
    } else if (starPart >= 0) {
      part = starPart + 1
      at = ++starAt
    } else return false
  }
  while (parts[part] === '*') part++
  return part === parts.length
}

type Part = '*' | ((character: string) => boolean)

function readPattern(pattern: string): Part[] {
  const parts: Part[] = []
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]
    if (character === '*') {
      if (parts.at(-1) !== '*') parts.push('*')
    } else if (character === '?') parts.push(() => true)
    else if (character === '[') {
      const set = readSet(pattern, at)
      if (set === null) parts.push((one) => one === '[')
      else {
        parts.push(set.test)
        at = set.end
      }
    } else parts.push((one) => one === character)
  }
  return parts
}

/** A set from its `[` on; null where no `]` ends it. `]` right behind `[` or `[!` is one of the set. */
function readSet(pattern: string, start: number): { test: (one: string) => boolean; end: number } | null {
  const isNegated = pattern[start + 1] === '!'
  const first = start + (isNegated ? 2 : 1)
  const end = pattern.indexOf(']', first + 1)
  if (end < 0) return null
  const inside = pattern.slice(first, end)
  const ranges: [string, string][] = []
  for (let at = 0; at < inside.length; at++) {
    const isRange = inside[at + 1] === '-' && at + 2 < inside.length
    ranges.push([inside[at], isRange ? inside[at + 2] : inside[at]])
    if (isRange) at += 2
  }
  return {
    test: (one) => ranges.some(([low, high]) => low <= one && one <= high) !== isNegated,
    end
  }
}
