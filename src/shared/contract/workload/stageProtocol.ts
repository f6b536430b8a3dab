import { z } from 'zod'

/**
 * The part of the runners' protocol that measures latency by stage and position (docs/workloads.md). A runner that is started with
 * BITBENCH_WORKLOAD_STAGES=1 prints `knobs` before its plan, and does the verb `latency` as often as it is sent.
 */
export const knobValueSchema = z.union([z.number(), z.string()])

/** Whole numbers from min to max, or the values of a list. */
export const knobValuesSchema = z.union([
  z
    .object({ min: z.number().int().min(0), max: z.number().int().min(0) })
    .refine(({ min, max }) => min <= max, 'min is above max'),
  z.object({ values: z.array(knobValueSchema).min(1).max(1000) })
])

/** What a knob can be set to. */
export type KnobValues = z.infer<typeof knobValuesSchema>

/** Name of the knob that is the number of decode steps: a field of its own in samples. */
export const outputTokensKnob = 'outputTokens'

/** What a runner can set and which stages it times. `outputTokens` is among the knobs where there is a decode stage. */
export const knobsEventSchema = z.object({
  event: z.literal('knobs'),
  knobs: z.array(z.object({ name: z.string().min(1), is: knobValuesSchema })).max(50),
  stages: z.array(z.string().min(1)).min(1).max(1000),
  /** Sums of knobs that may not be exceeded: the window of a language model. */
  limits: z
    .array(z.object({ sumOf: z.array(z.string()).min(1), max: z.number() }))
    .max(50)
    .default([])
})

/** What a runner can set and which stages it times. */
export type KnobsEvent = z.infer<typeof knobsEventSchema>

/** Times of one repetition, ms. With times by position the decode stage is their sum and is left out of `stagesMs`. */
export const stagesEventSchema = z.object({
  event: z.literal('stages'),
  /** Of the request. */
  id: z.string().min(1),
  stagesMs: z.record(z.string(), z.number().positive()),
  /** One time per output token. */
  decodePerTokenMs: z.array(z.number().positive()).min(1).max(100_000).optional()
})

/** Measure one configuration; a `stages` event per repetition, then `done` or `error` with the id. */
export const latencyRequestSchema = z.object({
  do: z.literal('latency'),
  id: z.string().min(1),
  knobs: z.record(z.string(), knobValueSchema),
  outputTokens: z.number().int().min(1).optional(),
  repetitions: z.number().int().min(1).max(1000)
})

/** A configuration to measure. */
export type LatencyRequest = z.infer<typeof latencyRequestSchema>
