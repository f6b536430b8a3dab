import { z } from 'zod'
import { markersSchema, type Marker } from '../../shared/contract/run'
import { createTurns } from '../../shared/turns'
import type { NounMigrations } from '../store/migrations'
import { parseJson } from '../store/recordTable'
import type { Store } from '../store/store'

/** Names, notes, tags, markers and deletions of runs of every kind, beside the runs' own tables. */
export const runMigrations: NounMigrations = {
  noun: 'run',
  steps: [
    `CREATE TABLE run_label (
       run_id VARCHAR PRIMARY KEY, name VARCHAR, notes VARCHAR NOT NULL, tags VARCHAR NOT NULL, forgotten_at_ms DOUBLE
     );`,
    'ALTER TABLE run_label ADD COLUMN markers VARCHAR;'
  ]
}

/** What the user said of a run. */
export interface RunLabel {
  name: string | null
  notes: string
  tags: string[]
  /** Of its trace, by time. */
  markers: Marker[]
  /** When it was deleted; null: it was not. */
  forgottenAtMs: number | null
}

/** A run without a name, note or tag. */
export const plainLabel: RunLabel = { name: null, notes: '', tags: [], markers: [], forgottenAtMs: null }

/** Names, notes and tags of runs, and which were deleted. */
export interface RunLabels {
  /** By run id; runs without a label are absent. */
  all(): Promise<Map<string, RunLabel>>
  /** Ids of deleted runs. */
  forgotten(): Promise<Set<string>>
  change(runId: string, change: Partial<RunLabel>): Promise<RunLabel>
  drop(runId: string): Promise<void>
}

interface Row {
  run_id: string
  name: string | null
  notes: string
  tags: string
  markers: string | null
  forgotten_at_ms: number | null
}

/** Returns the labels of a data file. */
export function createRunLabels(store: Pick<Store, 'run' | 'all'>): RunLabels {
  const read = (row: Row): RunLabel => ({
    name: row.name,
    notes: row.notes,
    tags: parseJson(row.tags, z.array(z.string())).value ?? [],
    markers: row.markers === null ? [] : (parseJson(row.markers, markersSchema).value ?? []),
    forgottenAtMs: row.forgotten_at_ms
  })
  const one = async (runId: string): Promise<RunLabel> => {
    const [row] = await store.all<Row>('SELECT * FROM run_label WHERE run_id = $1', [runId])
    return row === undefined ? plainLabel : read(row)
  }
  /** One change after the other: each writes the whole label, and two at once would lose one. */
  const turns = createTurns()
  const write = async (runId: string, change: Partial<RunLabel>): Promise<RunLabel> => {
    const label = { ...(await one(runId)), ...change }
    await store.run(
      `INSERT OR REPLACE INTO run_label (run_id, name, notes, tags, markers, forgotten_at_ms)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [
        runId,
        label.name,
        label.notes,
        JSON.stringify(label.tags),
        JSON.stringify(label.markers),
        label.forgottenAtMs
      ]
    )
    return label
  }
  return {
    async all() {
      const rows = await store.all<Row>('SELECT * FROM run_label')
      return new Map(rows.map((row) => [row.run_id, read(row)]))
    },
    async forgotten() {
      const rows = await store.all<{ run_id: string }>(
        'SELECT run_id FROM run_label WHERE forgotten_at_ms IS NOT NULL'
      )
      return new Set(rows.map((row) => row.run_id))
    },
    change: (runId, change) => turns.take(() => write(runId, change)),
    drop: (runId) => turns.take(() => store.run('DELETE FROM run_label WHERE run_id = $1', [runId]))
  }
}
