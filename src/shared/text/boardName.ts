/**
 * Returns the name of a board by its id. Boards of session files stand apart from those here, by "@" and where they came from: one of
 * an example has the name that it would have here, marked as example. What is no id of a known board stays as it is.
 */
export function boardNamer(
  boards: Iterable<{ readonly id: string; readonly name: string }>
): (id: string) => string {
  const names = new Map([...boards].map(({ id, name }) => [id, name]))
  return (id) => {
    const [base = id, mark] = id.split('@')
    const name = names.get(id)
    if (name !== undefined || mark === undefined) return name ?? id
    return mark === 'example' ? `${names.get(base) ?? base} (example)` : `${base} (of session ${mark})`
  }
}
