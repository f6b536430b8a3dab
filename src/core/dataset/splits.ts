import { createRandom } from '../math/random'
import type { ItemOrigin } from './item'
import { imageSplits } from '../../shared/vocabulary'
import type { ImageSplit } from '../../shared/vocabulary'

/** Shares of the items of each class that go to calibration, tune and search; the rest is test. */
export interface SplitShares {
  readonly calibration: number
  readonly tune: number
  readonly search: number
}

/** Shares of the training items unless the user gives others; the rest trains. */
export const usualShares: SplitShares = { calibration: 0.1, tune: 0.1, search: 0.3 }

/** What is known of each item when splits are drawn; arrays run over items. */
export interface SplitBasis {
  /** Class numbers; -1 or another constant where there are none. */
  readonly classes: Int32Array
  /** Index into imageSplits where the files name a split, -1 elsewhere. */
  readonly given: Int8Array
  /** 1 train, 2 test, 0 unknown. */
  readonly origins: Uint8Array
}

/** Codes of origins in arrays over items; 0: unknown. */
export const originCodes: Readonly<Record<ItemOrigin, number>> = { train: 1, test: 2 }

/**
 * The items of each split in seeded, shuffled order, so that any prefix of a split is close to stratified. What the
 * files say counts first: a named split, then "test" for items of a test file. Everything else is drawn per class;
 * where there is a test file, nothing of the training file goes to test.
 */
export function drawSplits(
  basis: SplitBasis,
  shares: SplitShares,
  seed: number
): Map<ImageSplit, Int32Array> {
  const random = createRandom(seed)
  const chosen = new Map<ImageSplit, number[]>(imageSplits.map((name) => [name, []]))
  const strata = new Map<string, number[]>()
  const hasTestFile = basis.origins.includes(originCodes.test)
  for (let item = 0; item < basis.classes.length; item++) {
    const given = basis.given[item]
    if (given >= 0) chosen.get(imageSplits[given])!.push(item)
    else if (basis.origins[item] === originCodes.test) chosen.get('test')!.push(item)
    else {
      const key = String(basis.classes[item])
      const stratum = strata.get(key) ?? []
      strata.set(key, stratum)
      stratum.push(item)
    }
  }
  const hasTest = hasTestFile || basis.given.includes(imageSplits.indexOf('test'))
  const drawn = shareOut(
    [...strata.entries()].sort(([a], [b]) => Number(a) - Number(b)).map(([, items]) => random.shuffle(items)),
    shares,
    hasTest
  )
  for (const [name, items] of drawn) chosen.get(name)!.push(...items)
  return new Map(imageSplits.map((name) => [name, random.shuffle(Int32Array.from(chosen.get(name)!))]))
}

/**
 * Cuts every class by the same shares. Fractions carry over from class to class, so that many small classes fill
 * every split in the right proportion.
 */
function shareOut(
  strata: readonly number[][],
  shares: SplitShares,
  hasTest: boolean
): Map<ImageSplit, number[]> {
  const wanted: Record<ImageSplit, number> = {
    ...shares,
    test: Math.max(0, 1 - shares.calibration - shares.tune - shares.search)
  }
  if (hasTest) wanted.test = 0
  const total = imageSplits.reduce((sum, name) => sum + wanted[name], 0) || 1
  const out = new Map<ImageSplit, number[]>(imageSplits.map((name) => [name, []]))
  let seen = 0
  for (const items of strata) {
    for (const item of items) {
      seen++
      // The split that is furthest behind its share takes the item.
      let neediest: ImageSplit = 'calibration'
      let need = -Infinity
      for (const name of imageSplits) {
        const missing = (wanted[name] / total) * seen - out.get(name)!.length
        if (wanted[name] > 0 && missing > need) [need, neediest] = [missing, name]
      }
      out.get(neediest)!.push(item)
    }
  }
  return out
}

/** Two equal items in different splits. */
export interface Leak {
  readonly items: readonly [number, number]
  readonly splits: readonly [ImageSplit, ImageSplit]
}

/** Equal items that stand in different splits. */
export interface Leaks {
  /** Items that have an equal one in another split. */
  readonly items: number
  /** The first pairs, at most `maxPairs`. */
  readonly pairs: readonly Leak[]
}

const maxPairs = 20

/** Finds items with the same key (hash of their values) in different splits. */
export function findLeaks(keys: readonly string[], splits: ReadonlyMap<ImageSplit, Int32Array>): Leaks {
  const splitOf = new Int8Array(keys.length).fill(-1)
  for (const [name, items] of splits) for (const item of items) splitOf[item] = imageSplits.indexOf(name)
  const groups = new Map<string, number[]>()
  for (const [item, key] of keys.entries()) {
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  const pairs: Leak[] = []
  let items = 0
  for (const group of groups.values()) {
    const first = group[0]
    const other = group.find((item) => splitOf[item] !== splitOf[first])
    if (other === undefined) continue
    items += group.length
    if (pairs.length < maxPairs) {
      pairs.push({
        items: [first, other],
        splits: [imageSplits[splitOf[first]], imageSplits[splitOf[other]]]
      })
    }
  }
  return { items, pairs }
}
