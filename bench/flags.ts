import { parseArgs, type ParseArgsConfig } from 'node:util'
import { AppError } from '../src/shared/errors'

/** What a flag's value must be: null, or what is wanted where a text is something else ("a whole number from 1"). */
export type FlagCheck = (text: string) => string | null

/** Whole numbers from `min`. */
export const whole =
  (min = 1): FlagCheck =>
  (text) => {
    const value = numberOf(text)
    return Number.isInteger(value) && value >= min ? null : `a whole number from ${min}`
  }

/** Numbers greater than 0, and at most `max` where one is given. */
export const positive =
  (max = Infinity): FlagCheck =>
  (text) => {
    const value = numberOf(text)
    const wanted = max === Infinity ? 'a number greater than 0' : `a number greater than 0 and at most ${max}`
    return Number.isFinite(value) && value > 0 && value <= max ? null : wanted
  }

/** One of some names. */
export const oneOf =
  (names: readonly string[]): FlagCheck =>
  (text) =>
    names.includes(text) ? null : `one of ${names.join(', ')}`

/** Values with commas between them, each of which passes a check. */
export const listOf =
  (check: FlagCheck): FlagCheck =>
  (text) => {
    const wrong = text
      .split(',')
      .map(check)
      .find((wanted) => wanted !== null)
    return wrong === undefined ? null : `${wrong}, or several with commas between them`
  }

/**
 * Flags of a bench: `parseArgs` of Node whose complaints are AppErrors with a hint, and a check of the values of some flags. A
 * bench would otherwise compute with NaN, or end somewhere deep inside with a TypeError.
 * @throws AppError input.invalid for an unknown flag and for a value that is not what its check wants
 */
export function readFlags<T extends ParseArgsConfig>(
  config: T,
  checks: { readonly [name in keyof T['options']]?: FlagCheck } = {}
): ReturnType<typeof parseArgs<T>> {
  const read = parsed(config)
  for (const [name, check] of Object.entries(checks) as [string, FlagCheck | undefined][]) {
    const text = (read.values as Record<string, unknown>)[name]
    const wanted = check !== undefined && typeof text === 'string' ? check(text) : null
    if (wanted === null) continue
    throw new AppError('input.invalid', `--${name} cannot be "${String(text)}".`, `Give ${wanted}.`)
  }
  return read
}

function parsed<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config)
  } catch (error) {
    const flags = Object.entries(config.options ?? {}).map(([name, { type }]) =>
      type === 'boolean' ? `--${name}` : `--${name} VALUE`
    )
    const [message] = (error as Error).message.split('. ')
    throw new AppError('input.invalid', `${message.replace(/\.$/, '')}.`, `Flags: ${flags.join(', ')}.`)
  }
}

/** NaN where the text is not a number; an empty text is none. */
function numberOf(text: string): number {
  return text.trim() === '' ? NaN : Number(text)
}
