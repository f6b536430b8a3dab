import { z } from 'zod'
import { command, nothing } from '../framework/define'

const bitsSchema = z.union([z.literal(8), z.literal(4), z.literal(2), z.literal(1)])

/** A row as `bench kernels --json` prints it; what else such a row has is ignored. */
export const kernelRowSchema = z.object({
  kernel: z.enum(['matmul', 'conv2d']),
  /** 16x64x256, or 16x16x16->32 3x3. */
  shape: z.string().max(80),
  activationBits: bitsSchema,
  weightBits: bitsSchema,
  /** Null on boards that count no cycles. */
  cyclesPerMac: z.number().positive().nullable(),
  instructionsPerMac: z.number().positive().nullish()
})

/** A row of `bench kernels --json`. */
export type PrintedKernelRow = z.infer<typeof kernelRowSchema>

/** Mean and largest error of the predicted cycles of rows, in percent. */
export const twinErrorsSchema = z.object({ mean: z.number(), max: z.number() })

/** A virtual board whose cycle model was fitted to rows of a real one. */
export const twinSchema = z.object({
  /** Its board, e.g. "twin:arty". */
  id: z.string(),
  name: z.string(),
  madeAtMs: z.number(),
  /** On the rows it was fitted on. */
  fit: twinErrorsSchema,
  /**
   * On rows not seen: those of the judge, or half of the rows judging a fit on the other half. Null without unseen rows.
   */
  heldOut: twinErrorsSchema.nullable(),
  fitRows: z.number(),
  heldOutRows: z.number(),
  /** Rows that were measured with another version of the kernels, by their instruction counts. */
  otherCodeRows: z.number(),
  /** Build of the kernels that were counted for the fit; null where it was not kept. */
  kernelBuild: z.number().nullable(),
  /** Why it cannot be used until it is fitted again; null when it can. */
  outdated: z.string().nullable(),
  seed: z.number(),
  /** What the core was found to be, as people say it. */
  structure: z.string(),
  /** Cycles of each parameter of the cycle model. */
  cycles: z.record(z.string(), z.number())
})

/** A virtual twin of a measured board, with its errors. */
export type Twin = z.infer<typeof twinSchema>

const rows = z.array(kernelRowSchema).max(4096)

export const boardTwinCommands = {
  /** Makes or replaces the twin of that name: a Job. It is a board from then on; `board.forget` removes it. */
  'board.fitTwin': command(
    z.object({
      name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,39}$/, 'lower-case letters, digits, dots and dashes'),
      /** Null: those that the twin of that name was fitted to, with its judge and ISA, and its clock unless one is given. */
      rows: rows.nullable(),
      /** Rows that only judge. */
      judge: rows.nullable().default(null),
      seed: z.number().int().min(0).max(0xffff_ffff).default(1),
      /** Of the real board; null: the twin reports none. */
      clockHz: z.number().int().min(1).max(0xffff_ffff).nullable().default(null),
      /** ISA of the real board's monitor ("rv32im", "rv32imac"), null: found out. */
      isa: z.string().nullable().default(null)
    }),
    z.object({ jobId: z.string() })
  ),
  'board.twins': command(nothing, z.object({ twins: z.array(twinSchema) }))
}
