import type { OnnxModel, OnnxValue } from '../../../core/model/onnx/onnx'
import { AppError } from '../../../shared/errors'
import { tensorOf, type Feeds } from './testRows'

/** The key/value cache of an exported decoder: what one pass gives as `present` goes into the next one as `past`. */
export interface KeyValueCache {
  /** The input of token numbers, [batch, tokens]. */
  readonly tokens: OnnxValue
  readonly pairs: readonly { past: string; present: string }[]
  /** The input of a merged decoder that is true where the cache holds something; null: there is none. */
  readonly choice: string | null
}

const pastName = /^past_key_values\.(\d+)\.(key|value)$/

/**
 * Finds the cache by the names that transformers' and Optimum's exports use: inputs `past_key_values.N.key`, outputs
 * `present.N.key` (or `present_key_values.N.key`). Null for networks without one.
 */
export function keyValueCache(
  { inputs, outputs }: Pick<OnnxModel, 'inputs' | 'outputs'>,
  choice: string | null = null
): KeyValueCache | null {
  const pasts = inputs.filter(({ name }) => pastName.test(name))
  const given = new Set(outputs.map(({ name }) => name))
  const pairs = pasts.flatMap(({ name: past }) => {
    const rest = past.slice('past_key_values'.length)
    const present = [`present${rest}`, `present_key_values${rest}`].find((name) => given.has(name))
    return present === undefined ? [] : [{ past, present }]
  })
  const tokens = inputs.find((input) => isNumbering(input) && !/mask|position/i.test(input.name))
  return pasts.length > 0 && pairs.length === pasts.length && tokens !== undefined
    ? { tokens, pairs, choice }
    : null
}

/** Whether an input holds whole numbers [batch, tokens]: tokens, their mask or their positions. */
export const isNumbering = ({ dims, elementType }: OnnxValue): boolean =>
  dims?.length === 2 && (elementType === 'int64' || elementType === 'int32')

/** Where a pass stands: `before` tokens are in the cache, `tokens` new ones come. */
export interface CachePlace {
  readonly batch: number
  readonly before: number
  readonly tokens: number
}

/**
 * What an input of a network with a cache gets where the test set gives nothing: an empty cache, a mask of ones over all
 * tokens, their positions; and what chooses between the versions of a merged decoder. Null for other inputs.
 */
export function cacheInput(
  input: OnnxValue,
  place: CachePlace,
  choice: string | null = null
): Feeds[string] | null {
  const { name, elementType, dims, half } = input
  const { batch, before, tokens } = place
  if (name === choice) return tensorOf('bool', [before > 0 ? 1 : 0], dims?.length === 0 ? [] : [1])
  if (pastName.test(name)) {
    const [heads, size] = [dims?.[1], dims?.at(-1)]
    if (dims?.length !== 4 || typeof heads !== 'number' || typeof size !== 'number') throw openCache(name)
    return tensorOf(elementType, [], [batch, heads, 0, size], half)
  }
  if (!isNumbering(input)) return null
  const row = (from: number, count: number): number[] => Array.from({ length: count }, (_, at) => from + at)
  const rows = (one: readonly number[]): number[] => Array.from({ length: batch }, () => one).flat()
  if (/mask/i.test(name))
    return tensorOf(elementType, rows(row(0, before + tokens).map(() => 1)), [batch, before + tokens])
  if (/position/i.test(name)) return tensorOf(elementType, rows(row(before, tokens)), [batch, tokens])
  return null
}

function openCache(name: string): AppError {
  return new AppError(
    'input.unsupported',
    `The cache "${name}" has no fixed number of heads or no fixed size of one.`,
    'Export it as [batch, heads, past, size] with numbers for heads and size.'
  )
}
