import { z } from 'zod'

/** A network as a compiler for the BitFusion accelerator takes it, with the analytic model's cycles. */
const extentSchema = z.object({
  batch: z.number(),
  outputWidth: z.number(),
  outputHeight: z.number(),
  inputChannels: z.number(),
  outputChannels: z.number()
})

/** What BitFusion is made of; sizes of the published tables where absent. */
export const bitFusionHardwareSchema = z.object({
  rows: z.number().int().min(1).max(4096),
  columns: z.number().int().min(1).max(4096),
  activationSramBytes: z
    .number()
    .int()
    .min(64)
    .max(2 ** 32),
  weightSramBytes: z
    .number()
    .int()
    .min(64)
    .max(2 ** 32),
  outputSramBytes: z
    .number()
    .int()
    .min(64)
    .max(2 ** 32),
  dramBitsPerCycle: z
    .number()
    .int()
    .min(1)
    .max(2 ** 20),
  batch: z.number().int().min(1).max(1024),
  outputBits: z.number().int().min(1).max(64),
  minBits: z.number().int().min(1).max(32),
  maxBits: z.number().int().min(1).max(32)
})

export const bitFusionNodeSchema = z.object({
  name: z.string(),
  op: z.string(),
  /** Names of the nodes it reads; "input" is the network's. */
  inputs: z.array(z.string()),
  /** Of its first input, [channels, height, width] for images. */
  inputShape: z.array(z.number()),
  outputShape: z.array(z.number()),
  window: z
    .object({ kernel: z.array(z.number()), stride: z.array(z.number()), pad: z.array(z.number()) })
    .nullable(),
  relu: z.boolean(),
  /** Multiply-accumulates per image. */
  macs: z.number(),
  /** How it runs on the array; null for nodes without weights, which do not. Counts are per batch. */
  array: z
    .object({
      weightBits: z.number(),
      activationBits: z.number(),
      outputBits: z.number(),
      /** A depthwise layer runs channel by channel. */
      repeats: z.number(),
      tile: extentSchema,
      steps: extentSchema,
      /** Dimensions with more than one step, outermost loop first. */
      order: z.array(z.string()),
      bufferBytes: z.object({ activations: z.number(), weights: z.number(), outputs: z.number() }),
      dramBytes: z.object({
        activations: z.number(),
        weights: z.number(),
        sumsIn: z.number(),
        sumsOut: z.number()
      }),
      computeCycles: z.number(),
      cycles: z.number()
    })
    .nullable()
})
/** A node of the network and how it runs on the array. */
export type BitFusionNode = z.infer<typeof bitFusionNodeSchema>

export const bitFusionGraphSchema = z.object({
  format: z.literal('bitbench.bitfusion'),
  version: z.literal(1),
  network: z.string(),
  hardware: bitFusionHardwareSchema,
  batch: z.number(),
  nodes: z.array(bitFusionNodeSchema),
  /** Sum over the layers, per batch. Estimated by the analytic model. */
  cycles: z.number()
})
/** A network on the array. */
export type BitFusionGraph = z.infer<typeof bitFusionGraphSchema>

/** Widths per weighted layer, in network order: whole numbers from 1 to 8 on the usual array. */
export const arraySchemeSchema = z.array(
  z.object({ layer: z.string(), weightBits: z.number().int(), activationBits: z.number().int() })
)
