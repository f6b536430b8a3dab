import { countOf } from '../units'

/** Most layers that are named; the others are counted. */
const named = 2

/**
 * Which layers keep a network from being predicted: "not every kernel of conv1, lstm and 3 more layers has a proxy or Samples of this
 * board" (a convolution has two, its product and its requantisation). Null where none does, or all do: then no layer is the reason.
 */
export function unpredictedText(
  layers: readonly { readonly name: string; readonly predicted: number | null }[]
): string | null {
  const missing = layers.filter(({ predicted }) => predicted === null).map(({ name }) => name)
  if (missing.length === 0 || missing.length === layers.length) return null
  const more = missing.length - named
  const names = missing.slice(0, named).join(', ')
  const subject = more > 0 ? `${names} and ${countOf(more, 'more layer')}` : names
  return `not every kernel of ${subject} has a proxy or Samples of this board`
}
