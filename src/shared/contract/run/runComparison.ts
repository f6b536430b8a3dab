import { z } from 'zod'
import { command, defineContract } from '../framework/define'
import { runKindSchema } from '../run'

/** Runs of one kind side by side; the first is what the others are compared with. */
const comparedSchema = z.object({
  value: z.number(),
  /** 95 % interval; null where nothing was repeated. */
  low: z.number().nullable(),
  high: z.number().nullable()
})

/** What begins the id of a board among what is compared; the id of the board follows. */
export const boardPrefix = 'board:'

/** Kind of what is compared: runs, or boards by all their Samples. */
export const comparedKindSchema = z.enum([...runKindSchema.options, 'board'])

/** Kind of what is compared. */
export type ComparedKind = z.infer<typeof comparedKindSchema>

export const runComparisonSchema = z.object({
  kind: comparedKindSchema,
  runs: z.array(z.object({ id: z.string(), title: z.string(), startedAtMs: z.number() })),
  /** Why some figures are not comparable. */
  notes: z.array(z.string()),
  figures: z.array(
    z.object({
      name: z.string(),
      unit: z.string(),
      /** In the order of `runs`; null where a run has none. */
      values: z.array(z.number().nullable()),
      /** Of every run to the first; null for the first itself and where the two are not comparable. */
      against: z.array(comparedSchema.nullable()),
      how: z.enum(['difference', 'ratio']).nullable()
    })
  ),
  /** Texts by layer or property, in the order of `runs`. */
  rows: z.array(z.object({ name: z.string(), cells: z.array(z.string()) })),
  /** Searches: best loss by evaluation and by time of evaluating (s), Pareto front (cost as a share of int8, loss). Recordings and workloads: power (s, W). Estimators: held-out loss by epoch. */
  curves: z.array(
    z.object({
      run: z.number().int(),
      name: z.string(),
      x: z.array(z.number()),
      y: z.array(z.number().nullable())
    })
  )
})

/** Runs side by side. */
export type RunComparisonJson = z.infer<typeof runComparisonSchema>

export const runComparisonContract = defineContract({
  commands: {
    /** Two or more runs of one kind, or boards as `board:ID`. */
    'run.compare': command(z.object({ ids: z.array(z.string().min(1)).min(2).max(8) }), runComparisonSchema)
  },
  events: {}
})
