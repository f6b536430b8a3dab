import { z } from 'zod'
import {
  errorSplits,
  estimatorNames,
  proxyKernelNames,
  quantities,
  storedKernelNames,
  timeUnits,
  type ProxyKernelName
} from '../vocabulary'
import {
  command,
  decimalSchema,
  defineContract,
  done,
  nothing,
  unreadableRowSchema
} from './framework/define'
import { calibrationSchema } from './proxy/proxyCalibration'

/** Names as they were once; callers and data files may still hold them. */
const oldKernelNames = Object.keys(storedKernelNames) as (keyof typeof storedKernelNames)[]
const newKernelNames: Readonly<Record<string, ProxyKernelName>> = storedKernelNames

/** Proxy: a fitted model of the latency or energy of one kernel on one device, with its errors on held-out rows. */
export const proxyKernelSchema = z
  .enum([...proxyKernelNames, ...oldKernelNames])
  .transform((name) => newKernelNames[name] ?? (name as ProxyKernelName))
export const proxyUnitSchema = z.enum(timeUnits)
export const estimatorNameSchema = z.enum(estimatorNames)
export const splitNameSchema = z.enum(errorSplits)

/** mape and p95 in percent, mae in the samples' unit. */
export const errorMetricsSchema = z.object({
  count: z.number(),
  mape: z.number(),
  r2: z.number().nullable(),
  mae: z.number(),
  p95: z.number(),
  spearman: z.number().nullable()
})

/** Pooled over folds, with the spread of the folds' own MAPE. */
export const splitErrorsSchema = errorMetricsSchema.extend({
  foldMape: z.object({ mean: z.number(), deviation: z.number(), worst: z.number() }),
  int8Mape: z.number().nullable(),
  otherMape: z.number().nullable()
})

/** Where samples come from: CSV files, or what was measured on a board and is in the store. */
export const sampleSourceSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('files'),
    paths: z.array(z.string()).min(1),
    /** How their numbers are written; absent: as the files have it. */
    decimal: decimalSchema.optional()
  }),
  z.object({
    kind: z.literal('board'),
    boardId: z.string(),
    /** What was measured there; absent: latency. */
    quantity: z.enum(quantities).optional()
  })
])

export const sampleSetSchema = z.object({
  source: sampleSourceSchema,
  title: z.string(),
  kernel: proxyKernelSchema,
  unit: proxyUnitSchema,
  rows: z.number(),
  shapes: z.number()
})

export const proxySummarySchema = z.object({
  id: z.string(),
  title: z.string(),
  kernel: proxyKernelSchema,
  unit: proxyUnitSchema,
  /** The estimator requested, and the one it chose (auto -> residual). */
  requested: estimatorNameSchema,
  estimator: z.string(),
  /** In words: base, features, chosen configuration. */
  description: z.string(),
  rows: z.number(),
  shapes: z.number(),
  boardId: z.string().nullable(),
  seed: z.number(),
  createdAtMs: z.number(),
  trainMape: z.number(),
  randomMape: z.number().nullable(),
  unseenShapeMape: z.number().nullable(),
  /** Used by Search and Deploy for its kernel and what it predicts, latency or energy. */
  pinned: z.boolean()
})

const proxyListSchema = z.object({
  proxies: z.array(proxySummarySchema),
  /** Stored proxies that no longer fit, with what is wrong; `proxy.remove` removes them too. */
  unreadable: z.array(unreadableRowSchema)
})

/** One row of the comparison table. */
export const comparisonRowSchema = z.object({
  estimator: estimatorNameSchema,
  description: z.string(),
  fitMs: z.number(),
  splits: z.object({
    train: splitErrorsSchema,
    random: splitErrorsSchema,
    /** Absent where the samples have a single layer shape. */
    shape: splitErrorsSchema.optional(),
    loso: splitErrorsSchema.optional()
  })
})

/** One measured row with its held-out (unseen shape) prediction. */
export const proxyPointSchema = z.object({
  row: z.number(),
  shape: z.string(),
  activationBits: z.number(),
  weightBits: z.number(),
  macs: z.number(),
  measured: z.number(),
  predicted: z.number(),
  /** Bounds of the 90 % interval. */
  low: z.number(),
  high: z.number(),
  /** Of the Sample in the store, where it came from there. */
  sampleId: z.string().nullable()
})

export const proxyDetailSchema = z.object({
  proxy: proxySummarySchema,
  splits: z.object({
    train: splitErrorsSchema,
    random: splitErrorsSchema.optional(),
    shape: splitErrorsSchema.optional(),
    loso: splitErrorsSchema.optional()
  }),
  points: z.array(proxyPointSchema),
  /** Share of held-out rows inside the interval, beside the share it promises. */
  interval: z.object({ level: z.number(), coverage: z.number().nullable() }),
  /** Relative, sums to 1; empty where the estimator has none. */
  importance: z.array(z.object({ feature: z.string(), share: z.number() })),
  perPair: z.array(
    z.object({ activationBits: z.number(), weightBits: z.number(), count: z.number(), mape: z.number() })
  ),
  /** Unseen-shape error against the number of shapes fitted. */
  learningCurve: z.array(z.object({ shapes: z.number(), mape: z.number(), deviation: z.number() }))
})

/** Mean and spread over seeds of the error with N target rows; rows seen on the source and unseen shapes apart. */
export const transferPointSchema = z.object({
  method: z.string(),
  n: z.number(),
  seenMape: z.number(),
  seenDeviation: z.number(),
  unseenMape: z.number().nullable(),
  unseenDeviation: z.number().nullable()
})

/** Errors of one proxy measured here, MAPE in percent: fitted rows, random folds, unseen shapes. */
export const measuredErrorsSchema = z.object({
  /** What it is, and which configuration it chose on all rows. */
  description: z.string(),
  trainMape: z.number(),
  randomMape: z.number(),
  unseenShapeMape: z.number()
})

export const publishedRowSchema = z.object({
  dataset: z.string(),
  publishedOneStage: z.number(),
  publishedTwoStage: z.number(),
  /** The study's one-stage proxy. */
  oneStage: measuredErrorsSchema,
  /** The two-stage proxy with the study's rule: the configuration of least training error. */
  publishedRule: measuredErrorsSchema,
  /** The two-stage proxy with the configuration of least error on unseen shapes. */
  twoStage: measuredErrorsSchema
})

const fitInput = z.object({
  source: sampleSourceSchema,
  kernel: proxyKernelSchema,
  estimator: estimatorNameSchema.default('auto'),
  seed: z.number().int().default(1),
  title: z.string().optional()
})

const started = z.object({ jobId: z.string() })

export const proxyContract = defineContract({
  commands: {
    /** What can be fitted: campaigns in the store by board and kernel, and files imported this session. */
    'proxy.samples': command(nothing, z.object({ sets: z.array(sampleSetSchema) })),
    /** Reads CSV files; returns the sets found, with remarks (columns left out, axes swapped). */
    'proxy.import': command(
      z.object({
        paths: z.array(z.string()).min(1),
        kernel: proxyKernelSchema,
        /** How their numbers are written; absent: as the files have it. */
        decimal: decimalSchema.optional()
      }),
      z.object({ set: sampleSetSchema, warnings: z.array(z.string()) })
    ),
    'proxy.list': command(nothing, proxyListSchema),
    /** Job `proxy.fit`; ends with the event proxy.fitted. */
    'proxy.fit': command(fitInput, started),
    'proxy.detail': command(z.object({ id: z.string() }), proxyDetailSchema),
    'proxy.remove': command(z.object({ id: z.string() }), done),
    /** Makes it the proxy of its kernel, board and quantity for Search; unpins the one before. */
    'proxy.pin': command(z.object({ id: z.string(), pinned: z.boolean().default(true) }), done),
    /** Predictions with intervals for single layers. */
    'proxy.predict': command(
      z.object({
        id: z.string(),
        layers: z
          .array(z.object({ dims: z.array(z.number()), activationBits: z.number(), weightBits: z.number() }))
          .max(10_000),
        level: z.number().min(0.5).max(0.99).default(0.9)
      }),
      z.object({
        unit: proxyUnitSchema,
        predictions: z.array(z.object({ value: z.number(), low: z.number(), high: z.number() }))
      })
    ),
    /** Job `proxy.compare`: every estimator on every split; rows arrive as proxy.compared, the last call's stay. */
    'proxy.compare': command(
      z.object({
        source: sampleSourceSchema,
        kernel: proxyKernelSchema,
        estimators: z.array(estimatorNameSchema).optional(),
        seed: z.number().int().default(1)
      }),
      started
    ),
    'proxy.comparison': command(nothing, z.object({ title: z.string(), rows: z.array(comparisonRowSchema) })),
    /** Job `proxy.transfer`: curves over N; fetched by proxy.transferCurve. */
    'proxy.transfer': command(
      z.object({
        source: sampleSourceSchema,
        target: sampleSourceSchema,
        kernel: proxyKernelSchema,
        sizes: z.array(z.number().int().min(2)).default([5, 10, 25, 50, 100]),
        seeds: z.number().int().min(1).max(50).default(5)
      }),
      started
    ),
    'proxy.transferCurve': command(
      nothing,
      z.object({ title: z.string(), points: z.array(transferPointSchema) })
    ),
    /** Job `proxy.measurePublished`: the published table measured again on the given sets. */
    'proxy.measurePublished': command(
      z.object({
        sets: z
          .array(z.object({ dataset: z.string(), source: sampleSourceSchema, kernel: proxyKernelSchema }))
          .min(1)
      }),
      started
    ),
    'proxy.publishedTable': command(nothing, z.object({ rows: z.array(publishedRowSchema) })),
    /**
     * Job: runs the network on the board with all layers at 1 and all at 8 bits; from then on Search and Deploy predict
     * on the line through these two points. Ends with the event proxy.calibrated.
     */
    'proxy.calibrate': command(
      z.object({
        boardId: z.string(),
        modelId: z.string(),
        /** Test images per network. */
        images: z.number().int().min(1).max(100).default(4)
      }),
      started
    ),
    'proxy.calibrations': command(
      nothing,
      z.object({
        calibrations: z.array(calibrationSchema),
        unreadable: z.array(unreadableRowSchema.extend({ boardId: z.string(), modelId: z.string() }))
      })
    ),
    'proxy.forgetCalibration': command(z.object({ boardId: z.string(), modelId: z.string() }), done),
    /** Writes report.html and its figures (SVG, PNG) into a folder; returns the files. */
    'proxy.report': command(
      z.object({ id: z.string(), folder: z.string() }),
      z.object({ files: z.array(z.string()) })
    )
  },
  events: {
    'proxy.fitted': z.object({ jobId: z.string(), proxy: proxySummarySchema }),
    'proxy.compared': z.object({ jobId: z.string(), row: comparisonRowSchema }),
    'proxy.transferred': z.object({ jobId: z.string(), point: transferPointSchema }),
    'proxy.calibrated': z.object({ jobId: z.string(), calibration: calibrationSchema }),
    'proxy.listChanged': proxyListSchema
  }
})

/** A fitted proxy in the list. */
export type ProxySummary = z.infer<typeof proxySummarySchema>

/** A fitted proxy with its points and curves. */
export type ProxyDetail = z.infer<typeof proxyDetailSchema>

/** Errors of an estimator in the comparison. */
export type ComparisonRow = z.infer<typeof comparisonRowSchema>

/** Error of a transfer at a number of samples. */
export type TransferPoint = z.infer<typeof transferPointSchema>

/** Errors of proxies on a data set of the published study, as printed and as measured here, percent. */
export type PublishedRow = z.infer<typeof publishedRowSchema>

/** Where the samples of a fit come from. */
export type SampleSource = z.infer<typeof sampleSourceSchema>

/** Samples that a proxy can be fitted to. */
export type SampleSet = z.infer<typeof sampleSetSchema>
