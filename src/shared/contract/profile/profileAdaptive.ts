import { adaptiveStops } from '../../vocabulary'
import { z } from 'zod'
import { bitPairSchema, kernelSchema, kernelShapeSchema } from './profileShapes'
import { storedRunStateSchema } from '../run'

/** Adaptive profiling: a board measures one kernel where its proxy is least sure, until it is good enough. */
export const adaptiveRequestSchema = z.object({
  boardId: z.string().min(1),
  kernel: kernelSchema.exclude(['flatten', 'argmax']).default('conv2d'),
  /** Layers of this model join the pool, which spreads around them. */
  modelId: z.string().nullable().default(null),
  shapes: z.array(kernelShapeSchema).max(5000).default([]),
  /** Shapes that may be measured, beside the model's. */
  poolShapes: z.number().int().min(4).max(1000).default(48),
  /** Shapes held out: measured first, at a few bit pairs each, and never fitted; the curve is the error on them. */
  judgeShapes: z.number().int().min(0).max(100).default(8),
  /** Empty: every pair the board has. */
  pairs: z.array(bitPairSchema).default([]),
  repetitions: z.number().int().min(1).max(64).default(2),
  seed: z.number().int().min(0).max(0xffff_ffff).default(1),
  firstRows: z.number().int().min(6).max(1000).default(16),
  batchRows: z.number().int().min(1).max(1000).default(16),
  /** Stop when the error on unseen shapes, percent, is at most this; 0 never stops. */
  targetMape: z.number().min(0).max(1000).default(5),
  /** Stop before measuring takes longer than this; the held-out shapes and the comparison come on top. */
  budgetSeconds: z.number().positive().max(86_400).default(60),
  /** Afterwards measure rows drawn by chance for the same board seconds, to compare with. */
  compareUniform: z.boolean().default(true),
  /** Shapes whose guess is longer than this are left out. */
  longestMs: z.number().positive().default(60_000)
})

/** An adaptive run to start. */
export type AdaptiveRequest = z.infer<typeof adaptiveRequestSchema>

export const adaptiveStepSchema = z.object({
  rows: z.number(),
  /** Time spent measuring the rows; those known from earlier count with the time they took then. */
  boardSeconds: z.number(),
  /** Percent; five groups of the shapes measured so far. Null while there are too few. */
  unseenShapeMape: z.number().nullable(),
  /** Percent; on the held-out shapes. Null without any. */
  judgeMape: z.number().nullable()
})

/** A step of an adaptive run with its errors. */
export type AdaptiveStep = z.infer<typeof adaptiveStepSchema>

export const adaptiveRunSchema = z.object({
  id: z.string(),
  boardId: z.string(),
  boardName: z.string(),
  state: storedRunStateSchema,
  jobId: z.string().nullable(),
  startedAtMs: z.number(),
  finishedAtMs: z.number().nullable(),
  error: z.string().nullable(),
  request: adaptiveRequestSchema,
  /** Rows that may be measured, and rows held out. */
  poolRows: z.number(),
  judgeRows: z.number(),
  /** Why the adaptive part ended. */
  stopped: z.enum(adaptiveStops).nullable(),
  adaptive: z.array(adaptiveStepSchema),
  uniform: z.array(adaptiveStepSchema),
  /** Rows that both parts could take from Samples measured before this run. */
  knownRows: z.number()
})

/** An adaptive run as it is stored. */
export type AdaptiveRun = z.infer<typeof adaptiveRunSchema>
