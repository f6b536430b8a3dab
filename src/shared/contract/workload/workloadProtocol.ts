import { z } from 'zod'
import { knobsEventSchema, latencyRequestSchema, stagesEventSchema } from './stageProtocol'
import { layerTypeSchema, taskMetricSchema, workloadPrecisionSchema } from './workloadRows'

/**
 * What a runner prints, one JSON object a line, and what it is sent, one JSON object a line (docs/workloads.md). A runner
 * loads, runs, times and changes a network; it computes no statistics. Every runner of version 1 fits here, and so does
 * the phase line that the GPU recorder has always read. Unknown events are counted and otherwise ignored.
 */
export const workloadProtocol = 1

/** benchmark: a precision of the whole network; layer: one layer in a loop; predictions: outputs of one variant. */
export const stepKinds = ['benchmark', 'layer', 'predictions'] as const
export const stepKindSchema = z.enum(stepKinds)

/** Kind of a step of a runner. */
export type StepKind = z.infer<typeof stepKindSchema>

/**
 * A step that a runner can do, in any order and any number of times. Ids: `benchmark:<precision>`,
 * `layer:<layer>`, `predictions:baseline`, `predictions:precision:<precision>`, `predictions:<change>:<layer>`.
 */
export const runnerStepSchema = z.object({
  id: z.string().min(1),
  kind: stepKindSchema,
  /** The runner's guess for one trial. */
  seconds: z.number().nonnegative().optional()
})

/** A step that a runner offers. */
export type RunnerStep = z.infer<typeof runnerStepSchema>

const count = z.number().int().nonnegative()

/** First line: who runs on what. */
export const helloEventSchema = z.object({
  event: z.literal('hello'),
  protocol: z.number().int(),
  runner: z.string(),
  runtime: z.string(),
  device: z.string(),
  deviceName: z.string().optional(),
  pciBusId: z.string().optional(),
  /** Number of processor threads that the runtime may use. */
  threads: count.optional(),
  precisions: z.array(workloadPrecisionSchema),
  /** Name of the network; its tables are written under it. */
  model: z.string().optional(),
  task: taskMetricSchema.optional(),
  /** Samples per forward pass of a benchmark. */
  batch: z.number().int().positive().optional(),
  /** Further facts in words: tokenizer, window, stride, how launches are repeated. */
  notes: z.array(z.string()).default([])
})

export const planEventSchema = z.object({
  event: z.literal('plan'),
  steps: z.array(runnerStepSchema),
  seconds: z.number().nonnegative().optional()
})

export const layerEventSchema = z.object({
  event: z.literal('layer'),
  id: z.string().min(1),
  type: layerTypeSchema,
  class: z.string(),
  parameters: count,
  macs: count,
  inputShapes: z.array(z.array(count)).default([]),
  /** Calls in one forward pass. */
  calls: count.default(1),
  /** The measured layer of equal class and shapes; absent: this one is measured itself. */
  sameAs: z.string().optional(),
  /** Layers that use the same weights. */
  sharedWith: z.array(z.string()).default([])
})

/** A layer that a runner found. */
export type LayerEvent = z.infer<typeof layerEventSchema>

/** The GPU recorder's phase line; `ns` is the runner's own monotonic clock. */
export const phaseEventSchema = z.object({
  event: z.literal('phase'),
  name: z.string().min(1),
  state: z.enum(['begin', 'end']),
  repetitions: z.number().positive().optional(),
  ns: z.number().nonnegative().optional(),
  /** At the end of a looped layer: copies of its inputs, their bytes together, and the cache that they should exceed. */
  copies: z.number().int().positive().optional(),
  copiedBytes: z.number().nonnegative().optional(),
  cacheBytes: z.number().positive().optional()
})

/** Begin or end of a phase. */
export type PhaseEvent = z.infer<typeof phaseEventSchema>

/** Durations of single forward passes, at most 1000 a line. */
export const latencyEventSchema = z.object({
  event: z.literal('latency'),
  name: z.string().min(1),
  us: z.array(z.number().nonnegative()).max(1000)
})

/**
 * Outputs of one variant of the network, rows x columns log-probabilities (natural), row by row. Small ones inline, large ones
 * in a file of little-endian float32. `labels`: the right column of each row, -1 where a row does not count.
 */
export const predictionsEventSchema = z
  .object({
    event: z.literal('predictions'),
    name: z.string().min(1),
    rows: count,
    columns: z.number().int().positive(),
    values: z.array(z.number()).optional(),
    file: z.string().optional(),
    labels: z.array(z.number().int()).optional(),
    /** Sample that each row belongs to (a language model has a row per token); absent: a row is a sample. */
    samples: z.array(count).optional()
  })
  .refine(({ values, file }) => (values === undefined) !== (file === undefined), 'values or file, not both')

/** Predictions of a step. */
export type PredictionsEvent = z.infer<typeof predictionsEventSchema>

/** Bytes of weights of one precision as the runtime holds them. */
export const weightsEventSchema = z.object({
  event: z.literal('weights'),
  precision: workloadPrecisionSchema,
  bytes: count
})

/** A step that this runner or runtime cannot do. */
export const skippedEventSchema = z.object({
  event: z.literal('skipped'),
  id: z.string(),
  reason: z.string()
})

export const logEventSchema = z.object({
  event: z.literal('log'),
  level: z.enum(['info', 'warning', 'error']).default('info'),
  text: z.string()
})

/** A requested step has ended; without `id`: the runner has. */
export const doneEventSchema = z.object({ event: z.literal('done'), id: z.string().optional() })

/** A step failed (`id`), or the runner itself. */
export const errorEventSchema = z.object({
  event: z.literal('error'),
  id: z.string().optional(),
  /** outOfMemory, unsupported, failed, or a word of the runner's own. */
  code: z.string(),
  message: z.string()
})

export const runnerEventSchema = z.discriminatedUnion('event', [
  helloEventSchema,
  knobsEventSchema,
  planEventSchema,
  layerEventSchema,
  stagesEventSchema,
  phaseEventSchema,
  latencyEventSchema,
  predictionsEventSchema,
  weightsEventSchema,
  skippedEventSchema,
  logEventSchema,
  doneEventSchema,
  errorEventSchema
])

/** A line that a runner prints. */
export type RunnerEvent = z.infer<typeof runnerEventSchema>

/** A line of one kind. */
export type RunnerEventOf<K extends RunnerEvent['event']> = Extract<RunnerEvent, { event: K }>

/** What a runner is sent. `forMs`: least duration of the looped phase; steps without a loop ignore it. */
export const runnerRequestSchema = z.discriminatedUnion('do', [
  z.object({
    do: z.literal('run'),
    ids: z.array(z.string()).min(1),
    forMs: z.number().positive().optional(),
    /** Last-level cache of the GPU by its name, for runners whose runtime does not say it. */
    cacheBytes: z.number().positive().optional()
  }),
  latencyRequestSchema,
  z.object({ do: z.literal('stop') })
])

/** A line that a runner reads. */
export type RunnerRequest = z.infer<typeof runnerRequestSchema>
