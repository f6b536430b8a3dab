import { parseJson } from '../store/recordTable'
import type { HeadTable } from './sessionTables'

/** Why no import accepts a JSON column of a run's row; null when imports do. */
export function recordProblem(
  { json = {}, idIn }: Pick<HeadTable, 'json' | 'idIn'>,
  column: string,
  text: string,
  id: string | number
): string | null {
  const { value, problem } = parseJson(text, json[column])
  if (problem !== null) return `${column}, ${problem}`
  const hasOtherId = column === idIn && (value as { id?: unknown }).id !== id
  return hasOtherId ? `${column}, it has two ids` : null
}
