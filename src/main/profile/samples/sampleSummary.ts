import type { CommandOutput } from '../../../shared/contract'
import { createTurns } from '../../../shared/turns'
import type { Store, StoreSession } from '../../store/store'

type SampleGroup = CommandOutput<'profile.summary'>['groups'][number]

/**
 * Counts per board, firmware, kernel and unit, kept beside the Samples up to a row: counting the distinct shapes of ten
 * million Samples takes seconds, adding those of the last few does not. A note in profile_summary_stale says that Samples
 * were deleted; it is only ever added, so that a deletion never waits for a summary.
 */
export const summaryTables = `
  CREATE TABLE profile_summary (
    group_no INTEGER NOT NULL, board_id VARCHAR NOT NULL, board_name VARCHAR NOT NULL, build_id UBIGINT, kernel VARCHAR NOT NULL,
    unit VARCHAR NOT NULL, origin VARCHAR NOT NULL, samples BIGINT NOT NULL, newest_at_ms DOUBLE NOT NULL
  );
  CREATE TABLE profile_summary_shape (group_no INTEGER NOT NULL, dims INTEGER[] NOT NULL);
  CREATE TABLE profile_summary_pair (group_no INTEGER NOT NULL, activation_bits UTINYINT NOT NULL, weight_bits UTINYINT NOT NULL);
  CREATE TABLE profile_summary_until (row_id BIGINT NOT NULL);
  CREATE TABLE profile_summary_stale (note INTEGER NOT NULL);`

/** To be run in the transaction that deletes Samples: the next summary counts from the beginning. */
export const markSummaryStale = 'INSERT INTO profile_summary_stale VALUES (1)'

/** What was measured, per board, firmware, kernel and unit. */
export interface SampleSummary {
  /** Brings the kept counts up to date and returns them. */
  groups(): Promise<SampleGroup[]>
}

/** Returns the kept counts of a data file. */
export function createSampleSummary(store: Pick<Store, 'read' | 'transactionBeside'>): SampleSummary {
  const turns = createTurns()
  const refresh = async (): Promise<void> => {
    if (!isCounted(await readState((sql) => store.read(sql)))) await store.transactionBeside(countOn)
  }
  return {
    async groups() {
      // One after the other: two that counted the same rows would add them twice.
      await turns.take(refresh)
      return await store.read<SampleGroup>(
        `SELECT g.board_id AS "boardId", g.board_name AS "boardName", g.build_id AS "buildId", g.kernel, g.unit, g.origin, g.samples,
           (SELECT count(*) FROM profile_summary_shape h WHERE h.group_no = g.group_no) AS shapes,
           (SELECT count(*) FROM profile_summary_pair p WHERE p.group_no = g.group_no) AS pairs, g.newest_at_ms AS "newestAtMs"
         FROM profile_summary g ORDER BY g.board_id, g.kernel, g.newest_at_ms DESC`
      )
    }
  }
}

interface CountState {
  /** Deletions since the last count. */
  stale: number
  /** Samples in the kept counts, and in the table. */
  counted: number
  rows: number
  /** Row ids of the last counted and of the newest Sample; -1 without any. */
  until: number
  newest: number
}

async function readState(read: (sql: string) => Promise<CountState[]>): Promise<CountState> {
  const [state] = await read(
    `SELECT (SELECT count(*) FROM profile_summary_stale) AS stale,
       (SELECT coalesce(sum(samples), 0)::BIGINT FROM profile_summary) AS counted,
       (SELECT count(*) FROM profile_sample) AS "rows",
       (SELECT coalesce(max(row_id), -1) FROM profile_summary_until) AS until,
       (SELECT coalesce(max(rowid), -1) FROM profile_sample) AS newest`
  )
  return state
}

function isCounted({ stale, counted, rows }: CountState): boolean {
  return stale === 0 && counted === rows
}

/** Adds the rows behind the last counted one, or counts all where that is not enough. */
async function countOn(session: StoreSession): Promise<void> {
  const state = (): Promise<CountState> => readState((sql) => session.all<CountState>(sql))
  const { stale, until, newest } = await state()
  if (stale === 0) await addRows(session, until, newest)
  if (isCounted(await state())) return
  // Samples were deleted, or DuckDB numbered its rows again.
  for (const table of ['', '_shape', '_pair', '_until', '_stale'])
    await session.run(`DELETE FROM profile_summary${table}`)
  await addRows(session, -1, newest)
}

const sameGroup = `g.board_id = s.board_id AND g.build_id IS NOT DISTINCT FROM s.build_id AND g.kernel = s.kernel
  AND g.unit = s.unit AND g.origin = s.origin`

/** Adds the rows behind row `until` up to row `newest` to the kept counts. */
async function addRows(session: StoreSession, until: number, newest: number): Promise<void> {
  await session.run(
    `CREATE OR REPLACE TEMP TABLE fresh_group AS
     SELECT board_id, arg_max(board_name, measured_at_ms) AS board_name, build_id, kernel, unit, origin, count(*) AS samples,
       max(measured_at_ms) AS newest_at_ms
     FROM profile_sample WHERE rowid > $1 AND rowid <= $2 GROUP BY board_id, build_id, kernel, unit, origin`,
    [until, newest]
  )
  await session.run(
    `UPDATE profile_summary g SET samples = g.samples + s.samples,
       board_name = CASE WHEN s.newest_at_ms < g.newest_at_ms THEN g.board_name ELSE s.board_name END, newest_at_ms = greatest(g.newest_at_ms, s.newest_at_ms)
     FROM fresh_group s WHERE ${sameGroup}`
  )
  await session.run(
    `INSERT INTO profile_summary
     SELECT (SELECT coalesce(max(group_no), 0) FROM profile_summary) + row_number() OVER (), s.board_id, s.board_name, s.build_id,
       s.kernel, s.unit, s.origin, s.samples, s.newest_at_ms
     FROM fresh_group s WHERE NOT EXISTS (SELECT 1 FROM profile_summary g WHERE ${sameGroup})`
  )
  await addNew(session, 'shape', ['dims'], ['s.dims'], [until, newest])
  const bits = ['activation_bits', 'weight_bits']
  await addNew(
    session,
    'pair',
    bits,
    bits.map((column) => `s.${column}`),
    [until, newest]
  )
  await session.run('DROP TABLE fresh_group')
  await session.run('DELETE FROM profile_summary_until')
  await session.run('INSERT INTO profile_summary_until VALUES ($1)', [newest])
}

/** Adds what the rows in between have of shapes or pairs that their group did not have before. */
async function addNew(
  session: StoreSession,
  what: 'shape' | 'pair',
  columns: readonly string[],
  values: readonly string[],
  between: readonly [number, number]
): Promise<void> {
  const table = `profile_summary_${what}`
  await session.run(
    `INSERT INTO ${table}
     SELECT DISTINCT g.group_no, ${values.join(', ')} FROM profile_sample s JOIN profile_summary g ON ${sameGroup}
     WHERE s.rowid > $1 AND s.rowid <= $2
     EXCEPT SELECT group_no, ${columns.join(', ')} FROM ${table}`,
    between
  )
}
