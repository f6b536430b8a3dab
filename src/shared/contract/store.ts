import { z } from 'zod'
import { command, defineContract, nothing } from './framework/define'

/** Changes that were reported as stored and are no longer in the data file. */
export const storeLossSchema = z.object({
  id: z.string(),
  foundAtMs: z.number(),
  /** How many; null where it is not known what was reported as stored. */
  changes: z.number().nullable(),
  /** When the first of them was stored. */
  sinceMs: z.number().nullable(),
  /** What they changed. */
  tables: z.array(z.object({ name: z.string(), changes: z.number() })),
  /** Copies of the data file and its log as they were found. */
  keptFiles: z.array(z.string()),
  /** Whether a user has dismissed the notice. */
  isSeen: z.boolean()
})

/** Changes that were reported as stored and are lost. */
export type StoreLoss = z.infer<typeof storeLossSchema>

/** Store: the data file everything measured and fitted is kept in. */
export const storeContract = defineContract({
  commands: {
    'store.info': command(
      nothing,
      z.object({
        file: z.string(),
        sizeBytes: z.number().nullable(),
        tables: z.array(z.object({ name: z.string(), rows: z.number() }))
      })
    ),
    /** Newest first. */
    'store.losses': command(nothing, z.object({ losses: z.array(storeLossSchema) })),
    /** Marks the notice of a loss as seen; the loss stays listed. */
    'store.dismissLoss': command(z.object({ id: z.string() }), nothing)
  },
  events: {}
})
