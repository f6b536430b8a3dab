import { AppError } from '../../shared/errors'
import { inputBits, type Bits } from '../quant/scheme'

/** Widths a layer may have; absent: those of bitWidths. */
export interface AllowedBits {
  readonly layer: string
  readonly weightBits?: readonly Bits[] | undefined
  readonly activationBits?: readonly Bits[] | undefined
}

const parts = { weightBits: 'weights', activationBits: 'activations' } as const
const partNames = Object.keys(parts) as (keyof typeof parts)[]

/**
 * What a search may give its layers: `widths` (null: the usual ones), but what pins say where they say anything. The first
 * layer's activations are the input, of which `widths` says nothing.
 */
export function allowedOf(
  layers: readonly string[],
  widths: readonly Bits[] | null,
  pins: readonly AllowedBits[]
): AllowedBits[] {
  if (widths === null) return [...pins]
  const isPinned = (layer: string, part: keyof typeof parts): boolean =>
    pins.some((pin) => pin.layer === layer && pin[part] !== undefined)
  const general = layers.map((layer, at) => ({
    layer,
    ...(isPinned(layer, 'weightBits') ? {} : { weightBits: widths }),
    ...(at === 0 || isPinned(layer, 'activationBits') ? {} : { activationBits: widths })
  }))
  return [...general, ...pins]
}

/**
 * Refuses what no scheme can keep, or what would be overlooked.
 * @throws AppError search.invalid where the weights or activations of a layer are given twice, or the input without 8 bits
 */
export function checkAllowed(allowed: readonly AllowedBits[], layers: readonly string[]): void {
  const twice = firstTwice(allowed)
  if (twice !== null) {
    throw invalid(
      `The ${parts[twice.part]} of layer "${twice.layer}" are given twice.`,
      'Give the weights and the activations of a layer once.'
    )
  }
  const [first] = layers
  const input = allowed.find(({ layer }) => layer === first)?.activationBits
  if (input === undefined || input.includes(inputBits)) return
  throw invalid(
    `The activations of layer "${first}" are the input, which has ${inputBits} bits.`,
    'Leave its activations free.'
  )
}

/** The first part of a layer that two entries speak of; null: none. */
function firstTwice(allowed: readonly AllowedBits[]): { layer: string; part: keyof typeof parts } | null {
  const seen = new Set<string>()
  for (const entry of allowed) {
    for (const part of partNames) {
      if (entry[part] === undefined) continue
      const key = `${part} ${entry.layer}`
      if (seen.has(key)) return { layer: entry.layer, part }
      seen.add(key)
    }
  }
  return null
}

function invalid(message: string, hint: string): AppError {
  return new AppError('search.invalid', message, hint)
}
