import { z } from 'zod'
import { countUnits } from '../../vocabulary'
import { originSchema } from '../framework/define'

/** One whole network as it was run on a board: all layers at the same bits. */
export const calibrationPointSchema = z.object({
  /** Weight and activation bits of every layer. */
  bits: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)]),
  /** Per image, every output verified against the host. */
  measured: z.number(),
  /** What the present proxies say of it without calibration; null where one is missing. */
  predicted: z.number().nullable()
})

/**
 * Two-point calibration of one network on one board: measured = factor x predicted + constant through both points.
 * The measurements are stored; factor and constant follow from the present proxies.
 */
export const calibrationSchema = z.object({
  boardId: z.string(),
  boardName: z.string(),
  modelId: z.string(),
  modelName: z.string(),
  unit: z.enum(countUnits),
  origin: originSchema,
  /** Firmware it was measured with: with another one it is not used. */
  buildId: z.number(),
  images: z.number(),
  measuredAtMs: z.number(),
  fewest: calibrationPointSchema,
  most: calibrationPointSchema,
  /** Null while a proxy is missing. */
  line: z.object({ factor: z.number(), constant: z.number() }).nullable()
})

/** What corrects a network's predictions on a board. */
export type NetworkCalibration = z.infer<typeof calibrationSchema>
