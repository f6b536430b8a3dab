import { z } from 'zod'
import { originSchema } from '../framework/define'

/** The three tables of a workload run: benchmark of precisions, energy per layer, prediction impact. */

/**
 * One figure with its confidence interval. `value` null: unavailable (never 0), and `reason` says why. `n` counts what
 * the interval is over: trials, samples or tokens, as the field's comment says. `low` and `high` are null where one
 * observation gives no spread. INVALID: shown, but must not be quoted.
 */
export const figureSchema = z.object({
  value: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  n: z.number().int().min(0),
  origin: originSchema,
  verdict: z.enum(['VALID', 'INVALID', 'unavailable']),
  /** Why INVALID or unavailable; null when VALID. */
  reason: z.string().nullable()
})

/** A value with interval, origin and verdict. */
export type MeasuredFigure = z.infer<typeof figureSchema>

/** Number formats that a runner may offer. int8Dynamic: activations are scaled at run time; int4: weights only. */
export const workloadPrecisions = ['fp32', 'fp16', 'bf16', 'int8Dynamic', 'int8Static', 'int4'] as const
export const workloadPrecisionSchema = z.enum(workloadPrecisions)

/** Precision that a network runs at. */
export type WorkloadPrecision = z.infer<typeof workloadPrecisionSchema>

/** What a group of operators of a network does. */
export const layerTypes = [
  'embedding',
  'attention',
  'ffn',
  'norm',
  'convolution',
  'pooling',
  'head',
  'classifier',
  'other'
] as const
export const layerTypeSchema = z.enum(layerTypes)

/** Type of a layer, for sums. */
export type LayerType = z.infer<typeof layerTypeSchema>

/** accuracy: share of samples whose label is predicted; perplexity: exp of the mean negative log-likelihood per token. */
export const taskMetricSchema = z.enum(['accuracy', 'perplexity'])

/** What a task is judged by. */
export type TaskMetric = z.infer<typeof taskMetricSchema>

/** Degrees Celsius that the trials of a step started at, least and most. */
export const startTemperatureSchema = z.object({ minC: z.number(), maxC: z.number() })

/** Range of start temperatures. */
export type StartTemperature = z.infer<typeof startTemperatureSchema>

/** How many copies of its inputs (and weights, where they would stay in a cache) a looped layer took in turn. */
export const loopCopiesSchema = z.object({
  count: z.number().int().positive(),
  /** All copies together. */
  bytes: z.number().nonnegative(),
  /** The cache that they should not fit into; null where it is not known. */
  cacheBytes: z.number().positive().nullable()
})

/** Copies of a looped layer. */
export type LoopCopies = z.infer<typeof loopCopiesSchema>

/** One precision of the whole network. Energy is that of the GPU, idle power included (total) or not (net). */
export const benchmarkRowSchema = z.object({
  precision: workloadPrecisionSchema,
  /** Samples per forward pass. */
  batch: z.number().int(),
  /** Of one forward pass; n: forward passes timed. */
  latencyMeanUs: figureSchema,
  latencyP50Us: figureSchema,
  latencyP95Us: figureSchema,
  /** Mean latency at fp32 by that at this precision; n: trials. */
  speedup: figureSchema,
  /** n: trials. */
  throughputPerS: figureSchema,
  /** Per sample, idle power included; n: trials. */
  energyTotalJ: figureSchema,
  /** Per sample, without idle power. */
  energyNetJ: figureSchema,
  meanPowerW: figureSchema,
  metric: taskMetricSchema,
  /** Accuracy 0..1 or perplexity; n: samples or tokens. */
  quality: figureSchema,
  /** Weights as the runtime holds them, shared ones counted once, bytes; null where the runner does not say. */
  weightBytes: z.number().nullable(),
  /** Null without a GPU. */
  startC: startTemperatureSchema.nullable().default(null)
})

/** A row of the precision benchmark. */
export type BenchmarkRow = z.infer<typeof benchmarkRowSchema>

/** One layer looped with the inputs that it gets inside the network. All figures are per call. */
export const layerRowSchema = z.object({
  layer: z.string(),
  type: layerTypeSchema,
  /** Operator or module class as the runtime names it. */
  className: z.string(),
  /** Further layers that use the same weights (a language model's head shares its embedding). */
  sharedWith: z.array(z.string()),
  parameters: z.number(),
  macs: z.number(),
  /** Calls in one forward pass. */
  calls: z.number().int(),
  /** The layer of equal class and shapes that was measured in its place; null when measured itself. */
  sameAs: z.string().nullable(),
  /** n: trials. */
  timeUs: figureSchema,
  energyTotalJ: figureSchema,
  energyNetJ: figureSchema,
  meanPowerW: figureSchema,
  /** calls x time of this layer by the sum over all layers, 0..1. */
  timeShare: z.number().nullable(),
  /** The same of total energy; null without energy. */
  energyShare: z.number().nullable(),
  /** Null without a GPU. */
  startC: startTemperatureSchema.nullable().default(null),
  /** Null where the runner did not say. */
  copies: loopCopiesSchema.nullable().default(null)
})

/** A row of the layer table. */
export type LayerRow = z.infer<typeof layerRowSchema>

/** How the output of a layer is replaced. skip: by its input. */
export const ablationKinds = ['zero', 'mean', 'skip'] as const
export const ablationKindSchema = z.enum(ablationKinds)

/** How a layer is taken out. */
export type AblationKind = z.infer<typeof ablationKindSchema>

/** Changes that give one layer alone a lower precision, and what that precision is called for the whole network. */
export const alonePrecisions = { fp16: 'fp16', int8: 'int8Dynamic', int4: 'int4' } as const

/** A layer alone at a lower precision. */
export type AloneChange = keyof typeof alonePrecisions
/** Every such change, the mildest first. */
export const aloneChanges = ['fp16', 'int8', 'int4'] as const satisfies readonly AloneChange[]

/** Ablation of a layer, or this layer alone at a lower precision. */
export const impactChangeSchema = z.enum([...ablationKinds, ...aloneChanges])

/** A change of a layer whose impact is measured. */
export type ImpactChange = z.infer<typeof impactChangeSchema>

/** McNemar's test on the same samples; only discordant ones count. */
export const mcNemarSchema = z.object({
  /** Samples right before and wrong after the change. */
  lost: z.number().int(),
  /** Samples wrong before and right after. */
  gained: z.number().int(),
  /** Two-sided exact p; 1 without discordant samples. */
  p: z.number()
})

/** McNemar's test on the samples that changed. */
export type McNemar = z.infer<typeof mcNemarSchema>

/**
 * Largest mean KL that the rounding of float32 log-probabilities can make, nats (core/math/klDivergence.ts). A KL up to it is 0 with
 * this as the upper end. Absent in runs of earlier versions, and where probabilities became 0.
 */
export const klRoundingSchema = z.number().optional()

/** What changing one layer does to the predictions. */
export const impactRowSchema = z.object({
  layer: z.string(),
  type: layerTypeSchema,
  change: impactChangeSchema,
  /** KL(original || changed), nats, mean over samples or tokens (n); bootstrap interval. */
  klNats: figureSchema,
  klRoundingNats: klRoundingSchema,
  metric: taskMetricSchema,
  /** The task metric after the change. */
  quality: figureSchema,
  /** Accuracy: after - before, 0..1 (n: samples). Perplexity: after - before (n: tokens). */
  qualityChange: figureSchema,
  /** Perplexity after / before; null for classifiers. */
  perplexityRatio: figureSchema.nullable(),
  /** Null for language models. */
  mcNemar: mcNemarSchema.nullable(),
  /** Share of samples or tokens whose first choice differs, 0..1. */
  changedShare: z.number(),
  /**
   * Mean of the two ranks below, each by the number of layers: 1 is the largest impact among the rows of this change.
   * Null with fewer than two layers.
   */
  impactScore: z.number().nullable(),
  /** Rank of klNats among the rows of this change, 1 = least; ties share their mean rank. */
  klRank: z.number().nullable(),
  /** Rank of the loss of quality (accuracy lost, or perplexity ratio). */
  qualityRank: z.number().nullable()
})

/** A row of the impact table. */
export type ImpactRow = z.infer<typeof impactRowSchema>

/** Sum of layers x calls against the whole network at the same precision; outside 80..120 % the layers are INVALID. */
export const closureSchema = z.object({
  timePercent: z.number().nullable(),
  energyPercent: z.number().nullable(),
  verdict: z.enum(['VALID', 'INVALID', 'unavailable']),
  reason: z.string().nullable()
})

/** Sum of the layers against the whole network. */
export type Closure = z.infer<typeof closureSchema>

/** Everything that a run found. */
export const workloadTablesSchema = z.object({
  benchmark: z.array(benchmarkRowSchema),
  layers: z.array(layerRowSchema),
  closure: closureSchema,
  impacts: z.array(impactRowSchema),
  /** What a reader of the energy figures has to know beside them, as sentences. */
  notes: z.array(z.string()).default([])
})

/** The tables of a workload run. */
export type WorkloadTables = z.infer<typeof workloadTablesSchema>
