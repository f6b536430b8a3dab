import { z } from 'zod'
import type { MadeTwin } from '../../../core/twin/makeTwin'
import type { Store } from '../../store/store'

/** A twin as it is kept: what the fit found, and the clock of the real board. */
export interface KeptTwin {
  name: string
  made: MadeTwin
  clockHz: number | null
  seed: number
  madeAtMs: number
}

/** Kept twins in the data file. */
export interface TwinStore {
  all(): Promise<KeptTwin[]>
  save(twin: KeptTwin): Promise<void>
  forget(name: string): Promise<void>
}

/** Step of boardMigrations. */
export const twinTable = `CREATE TABLE board_twins (
   name VARCHAR PRIMARY KEY,
   made VARCHAR NOT NULL,
   clock_hz DOUBLE,
   seed DOUBLE NOT NULL,
   made_at_ms DOUBLE NOT NULL
 )`

const errors = z.object({ mean: z.number(), max: z.number() })
const madeSchema = z.object({
  fitted: z.object({
    structure: z.object({
      family: z.enum(['multicycle', 'pipeline']),
      memory: z.string(),
      shifter: z.enum(['barrel', 'step1', 'step4'])
    }),
    cycles: z.record(z.string(), z.number()),
    expectedError: z.number()
  }),
  form: z.enum(['rv32im', 'rv32imc']),
  fit: errors,
  heldOut: errors.nullable(),
  fitRows: z.number(),
  heldOutRows: z.number(),
  otherCodeRows: z.number()
})

/** Returns the twins of a data file. */
export function createTwinStore(store: Store): TwinStore {
  return {
    async all() {
      const rows = await store.all<{
        name: string
        made: string
        clock_hz: number | null
        seed: number
        made_at_ms: number
      }>('SELECT name, made, clock_hz, seed, made_at_ms FROM board_twins ORDER BY name')
      return rows.map((row) => ({
        name: row.name,
        made: madeSchema.parse(JSON.parse(row.made)),
        clockHz: row.clock_hz,
        seed: row.seed,
        madeAtMs: row.made_at_ms
      }))
    },
    async save({ name, made, clockHz, seed, madeAtMs }) {
      await store.run('INSERT OR REPLACE INTO board_twins VALUES ($1, $2, $3, $4, $5)', [
        name,
        JSON.stringify(made),
        clockHz,
        seed,
        madeAtMs
      ])
    },
    forget: (name) => store.run('DELETE FROM board_twins WHERE name = $1', [name])
  }
}
