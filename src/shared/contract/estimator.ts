import { samplePresetNames, stageModelNames } from '../vocabulary'
import { z } from 'zod'
import { collectionRequestSchema, collectionSchema } from './estimator/collection'
import { command, decimalSchema, defineContract, done, nothing, originSchema } from './framework/define'

/** Estimator: latency by stage (vision encoder, prefill, decode, operators) over knobs, in ms. */
export const presetNameSchema = z.enum(samplePresetNames)
export const stageModelNameSchema = z.enum(stageModelNames)

/** Files (CSV, JSON, Parquet) or folders of data sets, on the host. */
const samplePathsSchema = z.array(z.string().min(1)).min(1).max(50)

/** Percentages in percent; relative is MAE / mean of the measured times. */
export const latencyErrorsSchema = z.object({
  count: z.number(),
  maeMs: z.number(),
  rmseMs: z.number(),
  mape: z.number(),
  r2: z.number().nullable(),
  p95Ms: z.number(),
  relative: z.number()
})

const evaluationSchema = z.object({
  stages: z.record(z.string(), latencyErrorsSchema),
  decodePerToken: latencyErrorsSchema.nullable(),
  total: latencyErrorsSchema,
  verdicts: z.array(
    z.object({
      what: z.string(),
      relative: z.number(),
      thresholds: z.record(z.string(), z.number()),
      verdict: z.string()
    })
  ),
  perConfiguration: z.array(
    z.object({
      configuration: z.string(),
      samples: z.number(),
      prefillMaeMs: z.number().nullable(),
      decodeMaeMs: z.number().nullable(),
      totalMaeMs: z.number(),
      totalMape: z.number()
    })
  ),
  definitions: z.record(z.string(), z.string())
})

/** One line of the training log; errors are those of held-out configurations. */
export const trainedEpochSchema = z.object({
  epoch: z.number(),
  trainLoss: z.number(),
  validationLoss: z.number(),
  prefillMaeMs: z.number().nullable(),
  decodeMaeMs: z.number().nullable(),
  relative: z.number().nullable()
})

export const estimatorSummarySchema = z.object({
  id: z.string(),
  title: z.string(),
  model: stageModelNameSchema,
  stages: z.array(z.string()),
  rows: z.object({ train: z.number(), validation: z.number() }),
  origin: originSchema,
  seed: z.number(),
  createdAtMs: z.number(),
  /** MAPE of the total on held-out configurations, percent. */
  totalMape: z.number()
})

const rangeSchema = z.object({
  min: z.number(),
  max: z.number(),
  /** Names of other knobs with which a narrower range was measured. */
  byLevel: z
    .array(z.object({ knob: z.string(), level: z.string(), min: z.number(), max: z.number() }))
    .optional()
})

const knobSchema = rangeSchema.extend({
  name: z.string(),
  /** Measured names; null for a number. */
  levels: z.array(z.string()).nullable()
})

const guardOutcomeSchema = z.object({
  candidates: z.number(),
  accepted: z.number(),
  measureShare: z.number(),
  violationsWithout: z.number(),
  violationsWith: z.number().nullable(),
  falseReject: z.number().nullable(),
  falseAccept: z.number().nullable()
})

/** Measured on held-out configurations. Shares are 0..1. */
const guardrailSchema = z.object({
  budgetDefinition: z.string(),
  margin: z.number(),
  byFraction: z.array(
    z.object({
      fraction: z.number(),
      budgetMs: z.number(),
      margin: guardOutcomeSchema,
      interval: guardOutcomeSchema
    })
  ),
  tradeOff: z.object({
    fraction: z.number(),
    margins: z.array(guardOutcomeSchema.extend({ margin: z.number() })),
    interval: guardOutcomeSchema
  })
})

export const estimatorDetailSchema = z.object({
  estimator: estimatorSummarySchema,
  knobs: z.array(knobSchema),
  outputTokens: rangeSchema.nullable(),
  /** On held-out configurations. */
  evaluation: evaluationSchema,
  history: z.array(trainedEpochSchema),
  /** Share of held-out totals inside their 90 % interval; null where not measurable. */
  coverage: z.number().nullable(),
  position: z.object({
    identifiable: z.boolean(),
    rows: z.number(),
    slope: z.number(),
    fittedSlope: z.number().nullable(),
    low: z.number().nullable(),
    high: z.number().nullable()
  }),
  dropped: z.object({ byThreshold: z.number(), byConfiguration: z.number() }),
  guardrail: guardrailSchema,
  /** Total of held-out samples, at most 600. */
  points: z.array(z.object({ configuration: z.string(), measuredMs: z.number(), predictedMs: z.number() }))
})

/** Error with n configurations measured on the target: means over draws, percent and ms. */
export const stageTransferPointSchema = z.object({
  method: z.string(),
  title: z.string(),
  n: z.number(),
  seeds: z.number(),
  totalMape: z.number(),
  totalDeviation: z.number(),
  operatorMape: z.number(),
  totalMaeMs: z.number(),
  totalP95Ms: z.number(),
  calibrationSeconds: z.number()
})

const configurationSchema = z.object({
  knobs: z.record(z.string(), z.union([z.number(), z.string()])),
  outputTokens: z.number().int().min(1).optional()
})

/** A sample as it was read or measured; times in ms. */
const stageSampleSchema = z.object({
  knobs: z.record(z.string(), z.union([z.number(), z.string()])),
  stages: z.record(z.string(), z.number()),
  outputTokens: z.number().optional(),
  decodePerTokenMs: z.array(z.number()).readonly().optional(),
  device: z.string().optional(),
  dataSet: z.string(),
  origin: originSchema
})

const started = z.object({ jobId: z.string() })

export const estimatorContract = defineContract({
  commands: {
    'estimator.list': command(nothing, z.object({ estimators: z.array(estimatorSummarySchema) })),
    /** Job `estimator.train`; epochs arrive as estimator.epoch, the result as estimator.trained. */
    'estimator.train': command(
      z.object({
        /** Files and folders; may be empty with `collections`. */
        paths: z.array(z.string().min(1)).max(50).default([]),
        /** Collections by id: their samples are trained on too. */
        collections: z.array(z.string().min(1)).max(50).default([]),
        preset: presetNameSchema.default('vlm'),
        decimal: decimalSchema.optional(),
        model: stageModelNameSchema.default('physical'),
        seed: z.number().int().min(0).default(3407),
        epochs: z.number().int().min(1).max(2000).default(50),
        /** Decode beyond this many ms per token is dropped; null keeps all. */
        maxDecodePerTokenMs: z.number().positive().nullable().default(60),
        title: z.string().max(120).optional()
      }),
      started
    ),
    /** Job `estimator.collect`: measures stage times over knobs with a runner; stored after every configuration. */
    'estimator.collect': command(collectionRequestSchema, started.extend({ id: z.string() })),
    'estimator.collections': command(nothing, z.object({ collections: z.array(collectionSchema) })),
    'estimator.collection': command(
      z.object({ id: z.string() }),
      z.object({ collection: collectionSchema, samples: z.array(stageSampleSchema) })
    ),
    /** Writes the samples of a collection as JSON lines, which every verb of the estimator reads. */
    'estimator.exportSamples': command(
      z.object({ id: z.string(), file: z.string().min(1) }),
      z.object({ file: z.string(), samples: z.number() })
    ),
    'estimator.detail': command(z.object({ id: z.string() }), estimatorDetailSchema),
    'estimator.remove': command(z.object({ id: z.string() }), done),
    'estimator.predict': command(
      z.object({
        id: z.string(),
        configurations: z.array(configurationSchema).min(1).max(10_000),
        level: z.number().min(0.5).max(0.99).default(0.9)
      }),
      z.object({
        predictions: z.array(
          z.object({
            stagesMs: z.record(z.string(), z.number()),
            totalMs: z.number(),
            lowMs: z.number(),
            highMs: z.number(),
            decodePerTokenMs: z.number().nullable(),
            warnings: z.array(z.string())
          })
        )
      })
    ),
    /** Job `estimator.transfer`; its curve is fetched by estimator.transferCurve. */
    'estimator.transfer': command(
      z.object({
        source: samplePathsSchema,
        target: samplePathsSchema,
        preset: presetNameSchema.default('vidur'),
        decimal: decimalSchema.optional(),
        sizes: z.array(z.number().int().min(2).max(10_000)).min(1).max(12).default([10, 25, 50, 100]),
        seeds: z.number().int().min(1).max(50).default(3)
      }),
      started
    ),
    'estimator.transferCurve': command(
      nothing,
      z.object({
        title: z.string(),
        points: z.array(stageTransferPointSchema),
        chosen: z.record(z.string(), z.string())
      })
    )
  },
  events: {
    'estimator.epoch': z.object({ jobId: z.string(), epoch: trainedEpochSchema }),
    /** A collection began, measured a configuration or ended. */
    'estimator.collected': collectionSchema,
    'estimator.trained': z.object({ jobId: z.string(), estimator: estimatorSummarySchema }),
    'estimator.transferred': z.object({ jobId: z.string() })
  }
})

/** A trained estimator in the list. */
export type EstimatorSummary = z.infer<typeof estimatorSummarySchema>

/** A trained estimator with its evaluation. */
export type EstimatorDetail = z.infer<typeof estimatorDetailSchema>

/** Losses after an epoch. */
export type TrainedEpochJson = z.infer<typeof trainedEpochSchema>

/** Error of a transfer at a number of samples. */
export type StageTransferPointJson = z.infer<typeof stageTransferPointSchema>
