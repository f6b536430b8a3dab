import { AppError } from '../../../shared/errors'
import { isBegun, isNamed } from '../framework/givenName'

/**
 * The id of a board that something was measured on, as a person named it: by its id, by its name (capitals do not matter), or by the
 * beginning of its id (4 characters or more). What fits none is returned as it is: the host reports what is wrong with it.
 *
 * @throws input.invalid where several boards fit
 */
export function namedBoard(
  measured: readonly { readonly boardId: string; readonly boardName: string }[],
  given: string
): string {
  const names = new Map(measured.map(({ boardId, boardName }) => [boardId, boardName]))
  if (names.has(given)) return given
  const named = [...names].filter(([, name]) => isNamed(name, given))
  const fitting = named.length > 0 ? named : [...names].filter(([id]) => isBegun(id, given))
  if (fitting.length > 1)
    throw new AppError(
      'input.invalid',
      `"${given}" fits ${fitting.length} boards: ${fitting.map(([id, name]) => `${id} (${name})`).join(', ')}.`,
      'Give the id of the board that is meant.'
    )
  return fitting[0]?.[0] ?? given
}
