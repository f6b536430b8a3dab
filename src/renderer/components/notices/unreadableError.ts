import type { AppErrorJson } from '@shared/errors'

/** Rows that are named one by one; the rest are counted. */
const maxNamed = 3

/** The notice for stored rows that cannot be read; null when every row can. `nouns`: the word for one and for many. */
export function unreadableError(
  [one, many]: readonly [one: string, many: string],
  rows: readonly { id: string; problem: string }[],
  hint: string
): (Pick<AppErrorJson, 'code' | 'message' | 'hint'> & { details: Record<string, string> }) | null {
  if (rows.length === 0) return null
  const named = rows.slice(0, maxNamed)
  const more = rows.length - named.length
  return {
    code: 'store.corrupt',
    message: rows.length === 1 ? `1 ${one} cannot be read.` : `${rows.length} ${many} cannot be read.`,
    hint,
    details: {
      ...Object.fromEntries(named.map(({ id, problem }) => [id, problem])),
      ...(more > 0 ? { more: `${more} not listed` } : {})
    }
  }
}
