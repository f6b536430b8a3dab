import { z } from 'zod'

const readings = z.array(z.number().nullable())

/** Min/max envelope: bucket i covers [fromMs + i*stepMs, +stepMs); null where no reading fell. */
export const envelopeSchema = z.object({
  fromMs: z.number(),
  stepMs: z.number(),
  min: readings,
  max: readings,
  mean: readings
})

/** Smallest and largest power by pixel, for traces. */
export type Envelope = z.infer<typeof envelopeSchema>
