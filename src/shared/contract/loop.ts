import { z } from 'zod'
import { command, defineContract, nothing } from './framework/define'
import { appErrorSchema } from './job'
import { estimatorNameSchema, proxyKernelSchema } from './proxy'
import { storedRunStateSchema } from './run'

/** Loop: connect, profile, fit, search, deploy and check on one board, as one stored run. */
export const loopStepIdSchema = z.enum(['connect', 'profile', 'fit', 'search', 'deploy', 'check'])

/** A step of the guided loop. */
export type LoopStepId = z.infer<typeof loopStepIdSchema>

export const loopRequestSchema = z.object({
  boardId: z.string().min(1).default('virtual:small'),
  /** Null: the shipped LeNet-5. */
  modelId: z.string().nullable().default(null),
  /** Shapes per kernel to measure around those of the network. */
  spaceFilling: z.number().int().min(0).max(2000).default(12),
  estimator: estimatorNameSchema.default('auto'),
  /** Budget as a share of the all-8-bit network's cost. */
  budgetRatio: z.number().min(0.05).max(1).default(0.75),
  evaluations: z.number().int().min(4).max(500).default(20),
  /** Test images to run on the board. */
  images: z.number().int().min(1).max(10_000).default(250),
  /** Of design, fits and search. */
  seed: z.number().int().min(0).max(0xffff_ffff).default(1)
})

/** A guided loop to run. */
export type LoopRequest = z.infer<typeof loopRequestSchema>

export const loopStepSchema = z.object({
  id: loopStepIdSchema,
  state: z.enum(['waiting', 'running', 'done', 'failed']),
  /** The Job this step waits for. */
  jobId: z.string().nullable(),
  startedAtMs: z.number().nullable(),
  finishedAtMs: z.number().nullable(),
  /** What came out, one line each. */
  results: z.array(z.string()),
  error: appErrorSchema.nullable()
})

/** A step of a guided loop with its state and result. */
export type LoopStep = z.infer<typeof loopStepSchema>

export const loopSchema = z.object({
  id: z.string(),
  jobId: z.string().nullable(),
  state: storedRunStateSchema,
  startedAtMs: z.number(),
  finishedAtMs: z.number().nullable(),
  request: loopRequestSchema,
  steps: z.array(loopStepSchema),
  /** What the steps made; null until the step that makes it. */
  board: z
    .object({ kind: z.string(), name: z.string(), isa: z.string(), buildId: z.number().nullable() })
    .nullable(),
  modelId: z.string().nullable(),
  campaignId: z.string().nullable(),
  /** Samples of the campaign. */
  samples: z.number().nullable(),
  proxies: z.array(z.object({ kernel: proxyKernelSchema, proxyId: z.string() })),
  searchId: z.string().nullable(),
  deploymentId: z.string().nullable()
})

/** A guided loop as it is stored. */
export type Loop = z.infer<typeof loopSchema>

const started = z.object({ loopId: z.string(), jobId: z.string() })

export const loopContract = defineContract({
  commands: {
    /** Job: the whole loop on one board; stored after every step. */
    'loop.run': command(loopRequestSchema, started),
    'loop.get': command(z.object({ loopId: z.string() }), z.object({ loop: loopSchema })),
    /** Newest first. */
    'loop.list': command(nothing, z.object({ loops: z.array(loopSchema) })),
    /** Goes on with a cancelled, failed or interrupted loop: finished steps stay, the step that ran is resumed. */
    'loop.resume': command(z.object({ loopId: z.string() }), started)
  },
  events: {
    /** After every change of a step. */
    'loop.changed': loopSchema
  }
})
