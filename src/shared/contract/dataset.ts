import { z } from 'zod'
import { audioFeatureKinds, elementTypes, imageSplits, tasks } from '../vocabulary'
import { command, defineContract, done, nothing } from './framework/define'

/** Data set: items a network is fitted, chosen and judged on, read once from the user's files. */
export const taskSchema = z.enum(tasks)

export const dataFormatSchema = z.enum([
  'idx',
  'npy',
  'npz',
  'csv',
  'cifar',
  'images',
  'manifest',
  'wav',
  'text'
])

/** Format of the files of a data set. */
export type DataFormat = z.infer<typeof dataFormatSchema>

const splitNameSchema = z.enum(imageSplits)
const sideSchema = z.number().int().min(1).max(4096)

/** What is done to every item; stored with the set. */
export const preparationSchema = z.object({
  /** Order of the axes in the source. */
  layout: z.enum(['hwc', 'chw']).default('hwc'),
  /** Height and width; null keeps the source's. */
  size: z.tuple([sideSchema, sideSchema]).nullable().default(null),
  fit: z.enum(['stretch', 'crop']).default('stretch'),
  grey: z.boolean().default(false),
  /** x = (value * scale - mean[c]) / std[c]. Null: bytes mean what the network's file says, floats themselves. */
  normalise: z
    .object({
      scale: z.number().positive(),
      mean: z.array(z.number()).min(1).max(64),
      std: z.array(z.number().positive()).min(1).max(64)
    })
    .nullable()
    .default(null)
})

/** How items become inputs of a network. */
export type Preparation = z.infer<typeof preparationSchema>

export const audioSchema = z.object({
  kind: z.enum(audioFeatureKinds),
  rateHz: z.number(),
  samples: z.number(),
  frameLength: z.number(),
  frameStep: z.number(),
  melBins: z.number(),
  lowHz: z.number(),
  highHz: z.number(),
  coefficients: z.number(),
  framesPerItem: z.number()
})

export const dataSetRequestSchema = z.object({
  path: z.string().min(1),
  name: z
    .string()
    .min(1)
    .max(60)
    .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u, 'letters, digits, space, dot, underscore and minus'),
  /** Null: classification where there are labels, regression where there are targets, unlabelled otherwise. */
  task: taskSchema.nullable().default(null),
  /** Null: decided by the files. */
  format: dataFormatSchema.nullable().default(null),
  preparation: preparationSchema.default({
    layout: 'hwc',
    size: null,
    fit: 'stretch',
    grey: false,
    normalise: null
  }),
  /** Number of classes, where the labels at hand do not show all of them. */
  classes: z.number().int().min(2).max(100_000).nullable().default(null),
  /** Names of all classes in the order of the network's outputs; null: names are sorted, whole numbers stand for themselves. */
  classNames: z
    .array(z.string().min(1).max(200))
    .min(2)
    .max(100_000)
    .refine((names) => new Set(names).size === names.length, 'a class is named twice')
    .nullable()
    .default(null),
  /** CSV: name of the class column, names of the columns to predict. */
  labelColumn: z.string().nullable().default(null),
  targetColumns: z.array(z.string()).default([]),
  /** CSV: names of columns that are not used. */
  ignoreColumns: z.array(z.string()).default([]),
  /** Text: bytes per item. */
  context: z.number().int().min(1).max(4096).default(64),
  /** WAV: mfcc (keyword spotting) or logMel (anomaly detection), parameters of MLPerf Tiny. */
  features: z.enum(audioFeatureKinds).default('mfcc'),
  shares: z
    .object({
      calibration: z.number().min(0).max(1),
      tune: z.number().min(0).max(1),
      search: z.number().min(0).max(1)
    })
    .default({ calibration: 0.1, tune: 0.1, search: 0.3 }),
  seed: z.number().int().min(0).max(0xffff_ffff).default(1)
})

/** A data set to add. */
export type DataSetRequest = z.infer<typeof dataSetRequestSchema>

export const dataSetInfoSchema = z.object({
  /** Hash of values, labels, splits and preparation, first 16 hex digits. */
  id: z.string(),
  name: z.string(),
  request: dataSetRequestSchema,
  format: dataFormatSchema,
  task: taskSchema,
  element: z.enum(elementTypes),
  /** Height, width, channels; a vector is 1, 1, n. */
  shape: z.tuple([z.number(), z.number(), z.number()]),
  items: z.number(),
  /** Least and greatest stored value. */
  range: z.object({ low: z.number(), high: z.number() }),
  /** Names by class number; empty where there are no classes. */
  classes: z.array(z.string()),
  /** Numbers to predict per item; 0 without labels, 1 for a class. */
  targetWidth: z.number(),
  splits: z.array(
    z.object({
      split: splitNameSchema,
      items: z.number(),
      /** Items of each class; empty where there are no classes. */
      histogram: z.array(z.number())
    })
  ),
  /** Items left out, counted and the first ones named. */
  skipped: z.object({
    count: z.number(),
    first: z.array(z.object({ name: z.string(), reason: z.string() }))
  }),
  /** Items that have an equal one in another split. */
  leaks: z.object({
    items: z.number(),
    pairs: z.array(
      z.object({
        names: z.tuple([z.string(), z.string()]),
        splits: z.tuple([splitNameSchema, splitNameSchema])
      })
    )
  }),
  /** What was taken another way than it may have been meant, or not read; sentences. */
  notes: z.array(z.string()).default([]),
  /** Parameters of sound features; null for everything else. */
  audio: audioSchema.nullable(),
  sizeBytes: z.number(),
  createdAtMs: z.number(),
  /** Null: a record that can be used. Otherwise why it cannot. */
  problem: z.string().nullable().default(null)
})

/** A stored data set. */
export type DataSetInfo = z.infer<typeof dataSetInfoSchema>

export const previewItemSchema = z.object({
  name: z.string(),
  split: splitNameSchema,
  label: z.string().nullable(),
  /** At most 64 a side; larger pictures are made smaller. */
  shape: z.tuple([z.number(), z.number(), z.number()]),
  values: z.array(z.number())
})

export const datasetContract = defineContract({
  commands: {
    /** Reads files into the data folder; a Job that ends with dataset.changed. */
    'dataset.add': command(dataSetRequestSchema, z.object({ jobId: z.string() })),
    'dataset.list': command(nothing, z.object({ dataSets: z.array(dataSetInfoSchema) })),
    'dataset.info': command(z.object({ name: z.string() }), z.object({ dataSet: dataSetInfoSchema })),
    /** Deletes the copy in the data folder; the user's files stay. */
    'dataset.remove': command(z.object({ name: z.string() }), done),
    /** A few items of a split to look at. */
    'dataset.preview': command(
      z.object({
        name: z.string(),
        split: splitNameSchema,
        items: z.number().int().min(1).max(48).default(12)
      }),
      z.object({ items: z.array(previewItemSchema) })
    )
  },
  events: {
    /** The list is another one. */
    'dataset.changed': z.object({ name: z.string() })
  }
})
