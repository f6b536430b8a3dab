import { z } from 'zod'

/** Values of a tensor in equal bins: what a model's weights and activations look like. */
export const tensorRangeSchema = z.object({
  /** Layer that has the weights, or whose output it is. */
  layer: z.string(),
  /** Finite values that were counted. */
  values: z.number(),
  /** Values that are not finite; they are in no bin. */
  notFinite: z.number(),
  zeros: z.number(),
  least: z.number(),
  largest: z.number(),
  /** Where the first bin begins, and how wide a bin is; real units of the tensor. */
  binStart: z.number(),
  binWidth: z.number(),
  counts: z.array(z.number())
})

/** Distribution of a tensor. */
export type TensorRange = z.infer<typeof tensorRangeSchema>

/** Weights and activations of a float network. */
export const modelRangesSchema = z.object({
  modelId: z.string(),
  /** Name of the data set whose calibration items were passed through. */
  dataSet: z.string(),
  weights: z.array(tensorRangeSchema),
  /** Outputs of all nodes over the items so far; empty until the first items are through. */
  activations: z.array(tensorRangeSchema),
  /** Calibration items that are through, and of how many; of so many of the split are ranges fitted. */
  items: z.number(),
  total: z.number()
})

/** Weights and activations of a float network, as far as they are known. */
export type ModelRanges = z.infer<typeof modelRangesSchema>
