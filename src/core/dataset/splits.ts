import { createRandom } from '../math/random'
import { splitNames, type Origin, type SplitName } from './item'

/** Shares of the items of each class that go to calibration, tune and search; the rest is test. */
export interface SplitShares {
  readonly calibration: number
  readonly tune: number
  readonly search: number
}

export const usualShares: SplitShares = { calibration: 0.1, tune: 0.1, search: 0.3 }

/** What is known of each item when splits are drawn; arrays run over items. */
export interface SplitBasis {
  /** Class numbers; -1 or another constant where there are none. */
  readonly classes: Int32Array
  /** Index into splitNames where the files name a split, -1 elsewhere. */
  readonly given: Int8Array
  /** 1 train, 2 test, 0 unknown. */
  readonly origins: Uint8Array
}

export const originCodes: Readonly<Record<Origin, number>> = { train: 1, test: 2 }

/**
 * The items of each split in seeded, shuffled order, so that any prefix of a split is close to stratified. What the
 * files say counts first: a named split, then "test" for items of a test file. Everything else is drawn per class;
 * where there is a test file, nothing of the training file goes to test.
 */
export function drawSplits(basis: SplitBasis, shares: SplitShares, seed: number): Map<SplitName, Int32Array> {
  const random = createRandom(seed)
  const chosen = new Map<SplitName, number[]>(splitNames.map((name) => [name, []]))
  const strata = new Map<string, number[]>()
  const hasTestFile = basis.origins.includes(originCodes.test)
  for (let item = 0; item < basis.classes.length; item++) {
    const given = basis.given[item]!
    if (given >= 0) chosen.get(splitNames[given]!)!.push(item)
    else if (basis.origins[item] === originCodes.test) chosen.get('test')!.push(item)
    else {
      const key = String(basis.classes[item]!)
      const stratum = strata.get(key) ?? []
      strata.set(key, stratum)
      stratum.push(item)
    }
  }
  const hasTest = hasTestFile || basis.given.includes(splitNames.indexOf('test'))
  const drawn = shareOut(
    [...strata.entries()].sort(([a], [b]) => Number(a) - Number(b)).map(([, items]) => random.shuffle(items)),
    shares,
    hasTest
  )
  for (const [name, items] of drawn) chosen.get(name)!.push(...items)
  return new Map(splitNames.map((name) => [name, random.shuffle(Int32Array.from(chosen.get(name)!))]))
}

/**
 * Cuts every class by the same shares. Fractions carry over from class to class, so that many small classes fill
 * every split in the right proportion.
 */
function shareOut(
  strata: readonly number[][],
  shares: SplitShares,
  hasTest: boolean
): Map<SplitName, number[]> {
  const wanted: Record<SplitName, number> = {
    ...shares,
    test: Math.max(0, 1 - shares.calibration - shares.tune - shares.search)
  }
  if (hasTest) wanted.test = 0
  const total = splitNames.reduce((sum, name) => sum + wanted[name], 0) || 1
  const out = new Map<SplitName, number[]>(splitNames.map((name) => [name, []]))
  let seen = 0
  for (const items of strata) {
    for (const item of items) {
      seen++
      // The split that is furthest behind its share takes the item.
      let neediest: SplitName = 'calibration'
      let need = -Infinity
      for (const name of splitNames) {
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
  readonly splits: readonly [SplitName, SplitName]
}

export interface Leaks {
  /** Items that have an equal one in another split. */
  readonly items: number
  /** The first pairs, at most `mostPairs`. */
  readonly pairs: readonly Leak[]
}

const mostPairs = 20

/** Finds items with the same key (hash of their values) in different splits. */
export function findLeaks(keys: readonly string[], splits: ReadonlyMap<SplitName, Int32Array>): Leaks {
  const splitOf = new Int8Array(keys.length).fill(-1)
  for (const [name, items] of splits) for (const item of items) splitOf[item] = splitNames.indexOf(name)
  const groups = new Map<string, number[]>()
  for (const [item, key] of keys.entries()) {
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  const pairs: Leak[] = []
  let items = 0
  for (const group of groups.values()) {
    const first = group[0]!
    const other = group.find((item) => splitOf[item] !== splitOf[first])
    if (other === undefined) continue
    items += group.length
    if (pairs.length < mostPairs) {
      pairs.push({
        items: [first, other],
        splits: [splitNames[splitOf[first]!]!, splitNames[splitOf[other]!]!]
      })
    }
  }
  return { items, pairs }
}
