import { normal95 } from '../math/normal'

/** How a scheme differs from int8 on the same items. */
export interface Paired {
  readonly images: number
  /** Items int8 gets right and the scheme does not. */
  readonly lost: number
  /** The other way round. */
  readonly gained: number
  /** Accuracy minus int8's, 0..1. */
  readonly difference: number
  /** Half the width of the 95 % interval of the difference. */
  readonly margin: number
}

/**
 * Difference of two shares measured on the same items with its 95 % interval (Agresti and Min, Statistics in Medicine 24,
 * 2005: half an item added to each of the four cells). Much narrower than intervals of both shares: items that both get
 * right or wrong do not count.
 * @param right 1 where the scheme is right, one byte per item; `reference` the same for int8
 * @returns null where one side has no items: the task has no right and wrong, or what is right was not kept
 * @throws RangeError when the lengths differ
 */
export function comparePaired(right: Uint8Array, reference: Uint8Array): Paired | null {
  if (right.length === 0 || reference.length === 0) return null
  if (right.length !== reference.length) throw new RangeError('Both sides need the same items.')
  let lost = 0
  let gained = 0
  for (let at = 0; at < right.length; at++) {
    if (right[at] === reference[at]) continue
    if (reference[at] === 1) lost++
    else gained++
  }
  return pairedOf(right.length, lost, gained)
}

/** Returns the paired difference of accuracy of two networks on the same images, with its 95 % margin. */
export function pairedOf(images: number, lost: number, gained: number): Paired {
  const smoothed = images + 2
  const spread = lost + gained + 1 - (gained - lost) ** 2 / smoothed
  return {
    images,
    lost,
    gained,
    difference: images === 0 ? 0 : (gained - lost) / images,
    margin: (normal95 * Math.sqrt(Math.max(0, spread))) / smoothed
  }
}
