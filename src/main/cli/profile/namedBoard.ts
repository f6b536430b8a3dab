import { AppError } from '../../../shared/errors'

/** A shorter beginning of an id would soon mean another board. */
const minPrefix = 4

/**
 * The id of a board that something was measured on, as a person named it: by its id, by its name (capitals do not matter), or by the
 * beginning of its id (4 characters or more). What fits none is returned as it is: the host says what is wrong with it.
 *
 * @throws input.invalid where several boards fit
 */
export function namedBoard(
  measured: readonly { readonly boardId: string; readonly boardName: string }[],
  given: string
): string {
  const names = new Map(measured.map(({ boardId, boardName }) => [boardId, boardName]))
  if (names.has(given)) return given
  const wanted = given.trim().toLowerCase()
  const all = [...names]
  const named = all.filter(([, name]) => name.trim().toLowerCase() === wanted)
  const begun = wanted.length < minPrefix ? [] : all.filter(([id]) => id.toLowerCase().startsWith(wanted))
  const fitting = named.length > 0 ? named : begun
  if (fitting.length > 1)
    throw new AppError(
      'input.invalid',
      `"${given}" fits ${fitting.length} boards: ${fitting.map(([id, name]) => `${id} (${name})`).join(', ')}.`,
      'Give the id of the board that is meant.'
    )
  return fitting[0]?.[0] ?? given
}
