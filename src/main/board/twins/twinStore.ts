import { z } from 'zod'
import type { MadeTwin, TwinRequest } from '../../../core/twin/makeTwin'
import { codeForms } from '../../../core/twin/twinMachine'
import { kernelRowSchema } from '../../../shared/contract/board/boardTwin'
import type { Store } from '../../store/store'

/** A twin as it is kept: what the fit found, and the clock of the real board. */
export interface KeptTwin {
  name: string
  made: MadeTwin
  /** What it was fitted to, for another fit; null where an earlier version did not keep it. */
  measured: MeasuredRows | null
  clockHz: number | null
  seed: number
  madeAtMs: number
}

/** Rows of a real board as a twin keeps them. */
export type MeasuredRows = Pick<TwinRequest, 'rows' | 'judge' | 'form'>

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
const form = z.enum(codeForms)
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
  form,
  fit: errors,
  heldOut: errors.nullable(),
  fitRows: z.number(),
  heldOutRows: z.number(),
  otherCodeRows: z.number(),
  // The first version kept neither.
  model: z.number().default(1),
  kernelBuild: z.number().nullable().default(null)
})
const keptSchema = madeSchema.extend({
  measured: z
    .object({
      rows: z.array(kernelRowSchema),
      judge: z.array(kernelRowSchema).nullable(),
      form: form.nullable()
    })
    .nullable()
    .default(null)
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
      return rows.map((row) => {
        const { measured, ...made } = keptSchema.parse(JSON.parse(row.made))
        return {
          name: row.name,
          made,
          measured,
          clockHz: row.clock_hz,
          seed: row.seed,
          madeAtMs: row.made_at_ms
        }
      })
    },
    async save({ name, made, measured, clockHz, seed, madeAtMs }) {
      await store.run('INSERT OR REPLACE INTO board_twins VALUES ($1, $2, $3, $4, $5)', [
        name,
        JSON.stringify({ ...made, measured }),
        clockHz,
        seed,
        madeAtMs
      ])
    },
    forget: (name) => store.run('DELETE FROM board_twins WHERE name = $1', [name])
  }
}
