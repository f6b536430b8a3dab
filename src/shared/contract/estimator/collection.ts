import { z } from 'zod'
import { runStates } from '../../vocabulary'
import { runnerChoiceSchema, workloadSubjectSchema } from '../workload'
import { knobsEventSchema, knobValueSchema, knobValuesSchema } from '../workload/stageProtocol'

/** A collection: stage times that a runner measures over a space-filling choice of configurations. */
export const collectionRequestSchema = z.object({
  runner: runnerChoiceSchema,
  /** Knobs by name, `outputTokens` too; those that are left out take all that the runner offers. */
  knobs: z.record(z.string(), knobValuesSchema).default({}),
  /** Configurations to measure; fewer where the knobs have fewer. */
  configurations: z.number().int().min(1).max(10_000).default(40),
  /** Timed runs of every configuration. */
  repetitions: z.number().int().min(1).max(1000).default(5),
  seed: z.number().int().min(0).default(3407)
})

/** What to collect. */
export type CollectionRequest = z.infer<typeof collectionRequestSchema>

export const collectionSubjectSchema = workloadSubjectSchema.omit({ task: true, batch: true })

/** What is measured: network, runtime, device. */
export type CollectionSubject = z.infer<typeof collectionSubjectSchema>

export const collectionStepSchema = z.object({
  knobs: z.record(z.string(), knobValueSchema),
  outputTokens: z.number().int().nullable()
})

/** One configuration of the design. */
export type CollectionStep = z.infer<typeof collectionStepSchema>

export const collectionSchema = z.object({
  id: z.string(),
  jobId: z.string().nullable(),
  state: z.enum(runStates),
  startedAtMs: z.number(),
  finishedAtMs: z.number().nullable(),
  request: collectionRequestSchema,
  /** Null until the runner has said what it is and can. */
  subject: collectionSubjectSchema.nullable(),
  offer: knobsEventSchema.omit({ event: true }).nullable(),
  /** In the order of measuring: every first part of it is spread too. */
  steps: z.array(collectionStepSchema),
  /** Configurations that were measured, and that the runner refused. */
  measured: z.number().int(),
  failed: z.number().int(),
  /** The runner's reason for the first refusal. */
  firstFailure: z.string().nullable(),
  message: z.string().nullable()
})

/** A collection with how far it is. */
export type Collection = z.infer<typeof collectionSchema>
