import { trainingMethods } from '../../../shared/vocabulary'
import { z } from 'zod'
import { parseJson } from '../../store/recordTable'
import type { Judged } from '../modelTasks'
import { isOfItems, quantizerVersion, type ResultKey, type ResultStore } from './resultStore'

/** A result that another host published: its stored text, not validated yet, and the name of that host. */
export interface ForeignResult {
  readonly host: string
  readonly judged: string
  readonly atMs: number
}

/** Looks a result up among those of other hosts; null where none has it or none can be read. */
export type FindForeignResult = (key: ResultKey & { quantizer: number }) => Promise<ForeignResult | null>

const finite = z.number().finite()
const share = finite.min(0).max(1)
const maxImages = 10_000_000

const foreignSchema = z
  .object({
    images: z.number().int().min(1).max(maxImages),
    correct: z.number().int().min(0).nullable(),
    accuracy: finite,
    metrics: z.record(z.string().max(40), finite),
    right: z.base64().max(2 * maxImages),
    kl: finite,
    crossEntropy: finite.min(0),
    mse: finite.min(0),
    fittedOn: z.object({ items: finite, available: finite }).nullable().default(null),
    durationMs: finite.min(0)
  })
  .transform((stored) => ({ ...stored, right: new Uint8Array(Buffer.from(stored.right, 'base64')) }))
  .refine(({ right, images }) => right.length === images || right.length === 0, 'right: not one of each item')
  .refine(({ right }) => right.every((one) => one <= 1), 'right: neither 0 nor 1')
  .refine(({ correct, images }) => correct === null || correct <= images, 'correct: more than there are')
  .refine(
    ({ correct, accuracy }) => correct === null || share.safeParse(accuracy).success,
    'accuracy: no share'
  )

/** A foreign result as evaluations use it, or why it is none. */
export const readForeign = (text: string): ReturnType<typeof parseJson<Judged>> =>
  parseJson<Judged>(text, foreignSchema)

/**
 * Results kept here first; then those of other hosts, which are kept here from then on, marked with their host. Only
 * float results and integer ones without retraining: these are the same wherever they were computed. One of another
 * number of items than the split has here is left alone: it cannot be compared item by item.
 */
export function withForeignResults(
  results: ResultStore,
  find: FindForeignResult,
  reused: (host: string) => void
): ResultStore {
  return {
    ...results,
    async get(key, items = null) {
      const kept = await results.get(key, items)
      if (kept !== null || (trainingMethods.includes(key.method) && key.scheme !== 'float')) return kept
      const found = await find({ ...key, quantizer: quantizerVersion })
      if (found === null) return null
      const { value } = readForeign(found.judged)
      if (value === null || !isOfItems(value, items)) return null
      await results.put(key, value, found.atMs, found.host)
      reused(found.host)
      return { judged: value, atMs: found.atMs }
    }
  }
}
