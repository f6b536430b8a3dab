import { z } from 'zod'
import type { DecoderErrors, DecoderProxy } from '../../core/lm/cost/decoderProxy'
import { AppError } from '../../shared/errors'
import { readRegularFile } from '../files/readRegularFile'

/** Of the terms that a proxy is fitted to: costs of other terms cannot be used. */
const version = 2
const headSchema = z.object({ format: z.literal('bitbench decoder proxy'), version: z.number() })

const amount = z.number().nonnegative()
const proxyFileSchema = z.object({
  format: z.literal('bitbench decoder proxy'),
  version: z.literal(version),
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
    ...{ format: 'bitbench decoder proxy', version, ...about },
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
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes))
    const head = headSchema.safeParse(json)
    if (head.success && head.data.version !== version) throw otherVersion(file, head.data.version)
    return proxyFileSchema.parse(json)
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError(
      'proxy.invalid',
      `${file} holds no decoder proxy.`,
      'Measure one: bitbench lm profile --board BOARD --out FILE.',
      { cause }
    )
  }
}

const otherVersion = (file: string, found: number): AppError =>
  new AppError(
    'proxy.invalid',
    `${file} is a decoder proxy of version ${found}; version ${version} is read.`,
    found < version
      ? 'What a token costs is predicted from other work now: measure the board again with bitbench lm profile --board BOARD --out FILE.'
      : 'It comes from a later version of Bitbench: use that one, or measure the board again with bitbench lm profile.'
  )
