import type { Run } from '../../shared/contract/run'
import { AppError } from '../../shared/errors'
import { countOf } from '../../shared/units'
import { unreadable } from '../store/recordTable'
import type { Store } from '../store/store'
import { recordProblem } from './recordProblem'
import { textsIn } from './recordWalk'
import type { SessionTables } from './sessionTables'

/** Where runs are read from. */
export interface RunSource {
  store: Pick<Store, 'read'>
  tables: SessionTables
  /** Every run that can be listed. */
  runs(): Promise<Run[]>
  /** Returns a function that finds the runs which a run relies on without naming them; `texts`: those of its records. */
  reliances(): Promise<(run: Run, texts: ReadonlySet<string>) => string[]>
}

/** What a session carries of the runs of a data file. */
export interface CarriedRuns {
  /** Newest first. */
  runs: Run[]
  /** Every text in their records: ids of what they name. */
  texts: Set<string>
  /** What they name and the session cannot hold, in words. */
  notes: string[]
}

/**
 * The chosen runs (none: all that have ended), the runs they name, and the runs those name. A run whose record no import
 * would accept is refused when it was chosen by its id, and otherwise left out with a note.
 *
 * @throws input.notFound, run.busy, store.corrupt
 */
export async function carriedRuns(source: RunSource, runIds: readonly string[]): Promise<CarriedRuns> {
  const known = new Map((await source.runs()).map((run) => [run.id, run]))
  const reliesOn = await source.reliances()
  const asked = new Set(runIds)
  const open = asked.size === 0 ? [...known.keys()] : [...asked]
  const chosen = new Map<string, Run>()
  const texts = new Set<string>()
  const unread = new Set<string>()
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const run = known.get(id)
    if (run === undefined) throw noRun(id)
    if (chosen.has(id) || unread.has(id)) continue
    if (run.state === 'running') {
      if (!asked.has(id)) continue
      throw new AppError('run.busy', `"${run.name ?? run.title}" is running.`, 'Export it when it has ended.')
    }
    const { texts: own, problem } = await readRecords(source, run)
    if (problem !== null) {
      if (asked.has(id)) throw unreadable(id, problem)
      unread.add(id)
      continue
    }
    chosen.set(id, run)
    for (const text of own) texts.add(text)
    open.push(...[...own, ...reliesOn(run, own)].filter((other) => known.has(other)))
  }
  if (chosen.size === 0) {
    throw new AppError('input.notFound', 'There is no run to export.', 'Run something, or open an example.')
  }
  const runs = [...chosen.values()].sort((a, b) => b.startedAtMs - a.startedAtMs)
  return { runs, texts, notes: unread.size === 0 ? [] : [unreadNote([...unread])] }
}

/** Texts of a run's records, or why one of them cannot be read back. */
async function readRecords(
  { store, tables }: RunSource,
  run: Run
): Promise<{ texts: Set<string>; problem: string | null }> {
  const texts = new Set<string>()
  const head = tables.heads.find(({ kind }) => kind === run.kind)!
  const { boards = [], json = {} } = head
  if (run.state === 'unreadable') return { texts, problem: run.problem ?? 'its row does not fit' }
  const columns = [...boards, ...Object.keys(json)]
  const [row] = await store.read(
    `SELECT ${columns.map((column) => `${column}::VARCHAR AS ${column}`).join(', ')} FROM ${head.table} WHERE ${head.id} = $1`,
    [run.id]
  )
  for (const column of boards) if (typeof row?.[column] === 'string') texts.add(row[column])
  for (const column of Object.keys(json)) {
    const text = String(row?.[column] ?? '')
    const problem = recordProblem(head, column, text, run.id)
    if (problem !== null) return { texts, problem }
    textsIn(JSON.parse(text), texts)
  }
  return { texts, problem: null }
}

const maxNamed = 10

function unreadNote(ids: readonly string[]): string {
  const shown = ids.length > maxNamed ? [...ids.slice(0, maxNamed), '…'] : ids
  return `${countOf(ids.length, 'run')} of a stored form that cannot be read: not included (${shown.join(', ')}).`
}

function noRun(id: string): AppError {
  return new AppError(
    'input.notFound',
    `There is no run ${id} that can be exported.`,
    'List the runs with `bitbench run list` or on the Runs page.'
  )
}
