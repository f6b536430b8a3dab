/** How long a page may take to show something, ms: a busy machine takes seconds to load one. */
const maxLoadMs = 20_000
/** How often it is looked for, ms. */
const stepMs = 50

/**
 * The element that `find` returns, once a page that was opened shows it; null where it does not in time, or `isWanted` no longer
 * holds meanwhile.
 */
export async function untilShown<E extends Element>(
  find: () => E | null,
  isWanted: () => boolean
): Promise<E | null> {
  for (let waitedMs = 0; waitedMs < maxLoadMs && isWanted() && find() === null; waitedMs += stepMs)
    await new Promise((resolve) => setTimeout(resolve, stepMs))
  return isWanted() ? find() : null
}
