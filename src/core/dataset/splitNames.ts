import type { GoodItem } from './item'

type Place = Pick<GoodItem, 'split' | 'origin'>

/** Names of splits as folders, manifests and tables have them. What is for training is drawn among the splits that are not test. */
const places: Readonly<Record<string, Place>> = {
  train: { split: null, origin: 'train' },
  test: { split: 'test', origin: 'test' },
  val: { split: 'search', origin: null },
  valid: { split: 'search', origin: null },
  validation: { split: 'search', origin: null },
  calibration: { split: 'calibration', origin: null },
  tune: { split: 'tune', origin: null },
  search: { split: 'search', origin: null }
}

/** Where items of a named split belong, whatever its case; null where the text names none. */
export function placeOfSplit(text: string): Place | null {
  const name = text.toLowerCase()
  return Object.hasOwn(places, name) ? places[name] : null
}
