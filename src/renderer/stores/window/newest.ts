/**
 * For reads that overlap: call it at the beginning of each; the function that it returns says whether no newer one has
 * begun since, so that a slow reply does not replace what was chosen after it.
 */
export function createNewest(): () => () => boolean {
  let newest = 0
  return () => {
    const mine = ++newest
    return () => mine === newest
  }
}
