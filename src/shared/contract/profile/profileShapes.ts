import { z } from 'zod'
import { kernelNames } from '../../vocabulary'

/** What a board can measure: kernels with their sizes and bit widths. */
export const kernelSchema = z.enum(kernelNames)

/**
 * A kernel with its sizes as the board's `bench` takes them (docs/protocol.md): matmul n m k; conv2d h w c k ks stride
 * pad; depthwiseConv2d h w c ks stride pad; maxPool and avgPool h w c ks stride; add, flatten, argmax n; requantize
 * pixels channels; product n m k; softmax, layerNorm, rmsNorm rows count; table, gather n; rope heads pairs; rnn,
 * lstm, gru, gruAfter steps hidden.
 */
export const kernelShapeSchema = z.object({
  kernel: kernelSchema,
  dims: z.array(z.number().int().min(0).max(65_535)).min(1).max(8)
})

/** A kernel and its dimensions. */
export type RequestedShape = z.infer<typeof kernelShapeSchema>

export const bitPairSchema = z.object({
  activationBits: z.number().int().min(1).max(8),
  weightBits: z.number().int().min(1).max(8)
})

/** Bits of activations and weights. */
export type BitPair = z.infer<typeof bitPairSchema>
