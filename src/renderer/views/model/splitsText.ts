import { countOf } from '@shared/units'

/**
 * What the splits of a data set are for, and whether items of one are in another as well.
 * @param equalItems how many have an equal one in another split
 */
export function splitsText(equalItems: number): string {
  const use = 'Scales are fitted on calibration, schemes are chosen on search, and only test is reported.'
  if (equalItems === 0) return `${use} No item is in two of them.`
  return `${use} ${countOf(equalItems, 'item')} ${equalItems === 1 ? 'has' : 'have'} an equal one in another split, so results can look better than they are.`
}
