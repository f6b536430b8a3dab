import { scoreNames } from '../score'
import { imageSplits, quantMethods } from '../vocabulary'
import { z } from 'zod'
import { kernelShapeSchema } from './profile/profileShapes'
import { command, defineContract, nothing } from './framework/define'
import { modelRangesSchema } from './model/modelRanges'

/** Model: a network read from an ONNX file, its layers, and the accuracy of schemes on it. */
export const bitsSchema = z.literal([8, 7, 6, 5, 4, 3, 2, 1])

export const layerBitsSchema = z.object({
  layer: z.string(),
  weightBits: bitsSchema,
  activationBits: bitsSchema
})
export const schemeSchema = z.array(layerBitsSchema).min(1)

/** Bits of every weighted layer. */
export type SchemeJson = z.infer<typeof schemeSchema>

/** Where images come from: fitting scales, short retraining, choosing schemes, reporting. Never mixed. */
export const splitSchema = z.enum([...imageSplits, 'fullTest'])

/** Split of a data set that a network is judged on. */
export type Split = z.infer<typeof splitSchema>

/**
 * How the accuracy of a scheme is obtained: post-training quantization; short retraining where bits are below 4; or, where bits
 * are below 8, the same towards the float network's outputs without looking at a label.
 */
export const methodSchema = z.enum(quantMethods)

/** How weights are quantized. */
export type QuantMethod = z.infer<typeof methodSchema>

export const modelCardSchema = z.object({
  name: z.string(),
  dataset: z.string(),
  /** What `testAccuracy` is; accuracy if absent. AUC: of the reconstruction error of anomalies. */
  metric: z.enum(['accuracy', 'AUC']).optional(),
  /** Of the float network on the whole test set, 0..1, as printed by the training script. */
  testAccuracy: z.number().nullable(),
  testImages: z.number().nullable(),
  seed: z.number().nullable(),
  recipe: z.string(),
  licence: z.string()
})

/** Where a shipped network comes from, and how good it is. */
export type ModelCard = z.infer<typeof modelCardSchema>

export const modelSummarySchema = z.object({
  /** Hash of the file's bytes, first 16 hex digits. */
  id: z.string(),
  name: z.string(),
  path: z.string(),
  shipped: z.boolean(),
  sizeBytes: z.number(),
  card: modelCardSchema.nullable()
})

/** A model in the list. */
export type ModelSummary = z.infer<typeof modelSummarySchema>

export const modelNodeSchema = z.object({
  name: z.string(),
  op: z.string(),
  inputs: z.array(z.string()),
  /** Channels, height, width; a vector is one number. */
  outputShape: z.array(z.number()),
  macs: z.number(),
  parameters: z.number(),
  /** True on layers that have bits in a scheme. */
  weighted: z.boolean(),
  relu: z.boolean()
})

/** A node of a model's graph. */
export type ModelNode = z.infer<typeof modelNodeSchema>

/** What a proxy and a board need to know of one weighted layer. */
export const workloadSchema = z.object({
  layer: z.string(),
  kernel: z.enum(['matmul', 'conv2d', 'depthwiseConv2d']),
  /** What a campaign measures and a proxy predicts for the layer, and the factor on its time. */
  shape: kernelShapeSchema,
  scale: z.number(),
  /** Input rows x outputs x inner length of a matmul (n, m, k); null on convolutions. */
  matmul: z.object({ n: z.number(), m: z.number(), k: z.number() }).nullable(),
  /** Input height and width after padding, channels in and out, kernel side and stride; null on matmul. */
  conv: z
    .object({
      h: z.number(),
      w: z.number(),
      c: z.number(),
      k: z.number(),
      ksH: z.number(),
      ksW: z.number(),
      strideH: z.number(),
      strideW: z.number(),
      outH: z.number(),
      outW: z.number()
    })
    .nullable(),
  macs: z.number(),
  parameters: z.number()
})

/** Work of a layer. */
export type WorkloadJson = z.infer<typeof workloadSchema>

/** How an exporter quantized a tensor: bits, scales (least and largest of so many) and the code of 0. */
export const exportedFormatSchema = z.object({
  bits: z.number(),
  /** Null in networks of plain integers, which have no real values. */
  scale: z.object({ count: z.number(), least: z.number(), largest: z.number() }).nullable(),
  zero: z.number()
})
/** What a quantized file (QDQ, QOperator, QONNX, RequantShift, int8 TFLite) was exported with. */
export const exportedSchema = z.object({
  /** The scheme "as exported", with the widths of the file; boards take 3 up to 4 and 5 to 7 up to 8. */
  scheme: schemeSchema,
  layers: z.array(
    z.object({
      layer: z.string(),
      weights: exportedFormatSchema.nullable(),
      activations: exportedFormatSchema.nullable()
    })
  )
})
/** The scheme a quantized file was exported with, and what it says of each layer. */
export type ExportedJson = z.infer<typeof exportedSchema>

export const modelInfoSchema = modelSummarySchema.extend({
  inputShape: z.array(z.number()),
  /** The data set it is judged on; null: the shipped images. */
  dataSet: z.string().nullable().default(null),
  /** The generated data set that its file names, on which it is judged where no other is bound; null: the shipped images. */
  ownData: z
    .object({
      name: z.string(),
      about: z.string(),
      splits: z.array(z.object({ split: z.enum(imageSplits), images: z.number() }))
    })
    .nullable()
    .default(null),
  outputCount: z.number(),
  /** Names of the file's outputs, the one that is used first; absent where it has one. */
  outputs: z.array(z.string()).optional(),
  /** Why it cannot be judged on its data set, and the remedy; absent where it can. */
  misfit: z.object({ code: z.string(), message: z.string(), hint: z.string() }).optional(),
  nodes: z.array(modelNodeSchema),
  weightedLayers: z.array(z.string()),
  workloads: z.array(workloadSchema),
  macs: z.number(),
  parameters: z.number(),
  /** Absent where the file is not quantized. */
  exported: exportedSchema.optional()
})

/** A model with its layers. */
export type ModelInfo = z.infer<typeof modelInfoSchema>

/** Items of the calibration split that a scheme was fitted on: a large split is cut to what fits in memory. */
export const fittedOnSchema = z.object({ items: z.number(), available: z.number() })

/** How many of how many calibration items a network was fitted on. */
export type FittedOn = z.infer<typeof fittedOnSchema>

export const evaluationSchema = z.object({
  modelId: z.string(),
  /** Null: the float network. */
  scheme: schemeSchema.nullable(),
  method: methodSchema,
  split: splitSchema,
  images: z.number(),
  /** Null where a task knows no right and wrong. */
  correct: z.number().nullable(),
  /** correct / images; of other tasks their score, at most 1: R², AUC, 1 / perplexity, agreement with float. */
  accuracy: z.number(),
  /** Metrics by name: accuracy; r2, mse, rmse, mae; auc, mse; perplexity; agreement, mse, kl. */
  metrics: z.record(z.string(), z.number()),
  /** Name of the data set. */
  dataSet: z.string(),
  /** Null: the float network, or a result kept by an older version. */
  fittedOn: fittedOnSchema.nullable(),
  durationMs: z.number(),
  /** When it was computed. */
  atMs: z.number(),
  cached: z.boolean()
})

/** Result of evaluating a scheme. */
export type SchemeAccuracy = z.infer<typeof evaluationSchema>

export const sensitivitySchema = z.object({
  layer: z.string(),
  /** Which of the two was lowered while all else stays at 8 bits. */
  what: z.enum(['weight', 'activation']),
  bits: bitsSchema,
  accuracy: z.number(),
  /** What the score is. */
  metric: z.enum(scoreNames).default('accuracy')
})

/** What lowering a layer's bits costs. */
export type Sensitivity = z.infer<typeof sensitivitySchema>

export const dataSetSchema = z.object({
  name: z.string(),
  origin: z.string(),
  splits: z.array(z.object({ split: splitSchema, images: z.number() }))
})

/** What stands in the way of reading or deploying a network. */
export const obstacleSchema = z.object({
  /** Name of the ONNX node; empty where the whole file is meant. */
  node: z.string(),
  operator: z.string(),
  message: z.string(),
  hint: z.string()
})

export const modelCheckSchema = z.object({
  /** The importer reads it and runs it in float. */
  readable: z.boolean(),
  /** Integers can be made of it at 8 bits. */
  deployable: z.boolean(),
  obstacles: z.array(obstacleSchema),
  /** Names of the file's outputs. */
  outputs: z.array(z.string()),
  /** The output that is used; null where the file is not read. */
  output: z.string().nullable(),
  /** Absent where the file is not quantized. */
  exported: exportedSchema.optional()
})

/** Whether a file can be read and deployed, and what stands in the way. */
export type ModelCheck = z.infer<typeof modelCheckSchema>

export const modelContract = defineContract({
  commands: {
    /** Shipped models and those opened in this data folder. */
    'model.list': command(nothing, z.object({ models: z.array(modelSummarySchema), dataSet: dataSetSchema })),
    /** Reads an ONNX file and remembers it. */
    'model.open': command(z.object({ path: z.string().min(1) }), z.object({ model: modelInfoSchema })),
    /** Whether a file can be read and deployed, with all that stands in the way; remembers nothing. */
    'model.check': command(z.object({ path: z.string().min(1) }), z.object({ check: modelCheckSchema })),
    /** Distributions of weights and of activations over the calibration items; a Job that sends model.rangesFound as they grow. */
    'model.measureRanges': command(z.object({ modelId: z.string() }), z.object({ jobId: z.string() })),
    /** Those measured last in this run; null before. */
    'model.ranges': command(
      z.object({ modelId: z.string() }),
      z.object({ ranges: modelRangesSchema.nullable() })
    ),
    /** Binds a data set to a model (null: the shipped images); every judgement of it is made there from now on. */
    'model.useDataSet': command(
      z.object({ modelId: z.string(), dataSet: z.string().nullable() }),
      z.object({ dataSet: z.string().nullable() })
    ),
    /** Opens the network with another of its outputs: a model of its own, with results of its own. */
    'model.useOutput': command(
      z.object({ modelId: z.string(), output: z.string() }),
      z.object({ model: modelInfoSchema })
    ),
    'model.info': command(z.object({ modelId: z.string() }), z.object({ model: modelInfoSchema })),
    /** Accuracy of a scheme (null: float) on a split; a Job that ends with the event model.evaluated. */
    'model.evaluate': command(
      z.object({
        modelId: z.string(),
        scheme: schemeSchema.nullable(),
        split: splitSchema.default('test'),
        method: methodSchema.default('ptq')
      }),
      z.object({ jobId: z.string() })
    ),
    /** Everything evaluated so far in this run, newest last. */
    'model.evaluations': command(
      z.object({ modelId: z.string() }),
      z.object({ evaluations: z.array(evaluationSchema) })
    ),
    /** Results kept in the data file, newest first; they are reused by searches and evaluations of every process. */
    'model.results': command(
      z.object({ modelId: z.string() }),
      z.object({
        results: z.array(
          z.object({
            modelId: z.string(),
            dataSetId: z.string(),
            split: z.string(),
            method: z.string(),
            scheme: z.string(),
            images: z.number(),
            correct: z.number().nullable(),
            accuracy: z.number(),
            metrics: z.record(z.string(), z.number()),
            fittedOn: fittedOnSchema.nullable(),
            durationMs: z.number(),
            atMs: z.number()
          })
        )
      })
    ),
    /** Forgets kept results of a model; null: of all. */
    'model.clearResults': command(
      z.object({ modelId: z.string().nullable() }),
      z.object({ cleared: z.number() })
    ),
    /** Accuracy with one layer's weights or activations lowered at a time; a Job that ends with model.sensitivityFound. */
    'model.sensitivity': command(
      z.object({ modelId: z.string(), bits: z.array(bitsSchema).default([4, 2, 1]) }),
      z.object({ jobId: z.string() })
    ),
    'model.sensitivities': command(
      z.object({ modelId: z.string() }),
      z.object({ rows: z.array(sensitivitySchema) })
    )
  },
  events: {
    'model.evaluated': evaluationSchema,
    'model.rangesFound': modelRangesSchema,
    'model.sensitivityFound': z.object({ modelId: z.string(), rows: z.array(sensitivitySchema) })
  }
})
