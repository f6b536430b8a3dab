/** What is renamed in a record: ids in any field, ids of boards in fields that name a board. */
export interface Renames {
  readonly ids: ReadonlyMap<string, string>
  readonly boards: ReadonlyMap<string, string>
}

/** Every text in a JSON value. */
export function textsIn(value: unknown, found: Set<string> = new Set()): Set<string> {
  walk(value, (text) => {
    found.add(text)
    return text
  })
  return found
}

/** Ids of boards that a record names. */
export function boardsIn(value: unknown, found: Set<string> = new Set()): Set<string> {
  walk(value, (text, field) => {
    if (isBoardField(field)) found.add(text)
    return text
  })
  return found
}

/** A copy with ids and boards renamed; names of fields stay. */
export function renamed(value: unknown, { ids, boards }: Renames): unknown {
  return walk(
    value,
    (text, field) => ids.get(text) ?? (isBoardField(field) ? boards.get(text) : undefined) ?? text
  )
}

const isBoardField = (field: string): boolean => field === 'boardId' || field === 'board'

/** JSON that came from a file may be nested deeper than the call stack is. */
const maxDepth = 200

function walk(
  value: unknown,
  visit: (text: string, field: string) => string,
  field = '',
  depth = 0
): unknown {
  if (typeof value === 'string') return visit(value, field)
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  if (depth > maxDepth) throw new RangeError(`a record is nested deeper than ${maxDepth} levels`)
  if (Array.isArray(value)) {
    // Long arrays of numbers (a fitted model) hold nothing to rename.
    return value.map((item: unknown) =>
      typeof item === 'number' ? item : walk(item, visit, field, depth + 1)
    )
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, walk(item, visit, key, depth + 1)])
  )
}
