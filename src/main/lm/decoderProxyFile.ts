import { z } from 'zod'
import type { DecoderErrors, DecoderProxy } from '../../core/lm/cost/decoderProxy'
import { AppError } from '../../shared/errors'
import { readRegularFile } from '../files/readRegularFile'

const amount = z.number().nonnegative()
const proxyFileSchema = z.object({
  format: z.literal('bitbench decoder proxy'),
  version: z.literal(2),
  board: z.object({ id: z.string(), name: z.string(), buildId: z.number(), clockHz: z.number().nullable() }),
  unit: z.enum(['cycles', 'instructions']),
  origin: z.string(),
  seed: z.number(),
  decoders: z.number(),
  /** On decoders that were not fitted, in percent. */
  errors: z.object({
    samples: z.number(),
    stepMape: amount,
    stepMedian: amount,
    largest: amount,
    partMape: z.record(z.string(), amount)
  }),
  costs: z.record(z.string(), amount)
})

/** What a board takes for the kernels of a decoder, as kept in a file. */
export type DecoderProxyFile = z.infer<typeof proxyFileSchema>

/** The text of a proxy's file. */
export function writeDecoderProxy(
  proxy: DecoderProxy,
  errors: DecoderErrors,
  about: Pick<DecoderProxyFile, 'board' | 'unit' | 'origin' | 'seed' | 'decoders'>
): string {
  const file: DecoderProxyFile = {
    ...{ format: 'bitbench decoder proxy', version: 2, ...about },
    errors: { ...errors, partMape: { ...errors.partMape } },
    costs: { ...proxy.costs }
  }
  return `${JSON.stringify(file, null, 2)}\n`
}

/** Reads a proxy's file. @throws AppError data.missing, proxy.invalid */
export async function readDecoderProxy(file: string): Promise<DecoderProxyFile> {
  const bytes = await readRegularFile(file, { maxBytes: 2 ** 20 }).catch((cause: unknown) => {
    throw new AppError(
      'data.missing',
      `The decoder proxy ${file} cannot be read: ${AppError.from(cause).message}`,
      'Measure one: bitbench lm profile --board BOARD --out FILE.',
      { cause }
    )
  })
  try {
    return proxyFileSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (cause) {
    throw new AppError(
      'proxy.invalid',
      `${file} holds no decoder proxy.`,
      'Measure one: bitbench lm profile --board BOARD --out FILE.',
      { cause }
    )
  }
}
