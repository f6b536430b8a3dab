import type { GoodItem } from './item'

/** Where an item belongs by the name of its split. */
export type SplitPlace = Pick<GoodItem, 'split' | 'origin'>

/** Of items for which no split is named. */
export const unplaced: SplitPlace = { split: null, origin: null }

/** Names of splits as folders, manifests, tables and arrays have them. What is for training is drawn among the splits that are not test. */
const places: Readonly<Record<string, SplitPlace>> = {
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
export function placeOfSplit(text: string): SplitPlace | null {
  const name = text.toLowerCase()
  return Object.hasOwn(places, name) ? places[name] : null
}
