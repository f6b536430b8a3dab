import type { Limit } from '../costs/limit'
import type { Genes, SearchSpace } from '../space'
import { maximalSteps } from './maximal'

/** The maximal schemes of one search, listed once. */
export interface MaximalListing {
  /** Lists in pieces of a few milliseconds with `pause` between them; resolves at the end, or early once `isStopped` returns true. */
  inPieces(pause: () => Promise<void>, isStopped: () => boolean): Promise<void>
  /** The schemes, null when there are too many to list; what is not listed yet is listed at once. */
  whole(): readonly Genes[] | null
}

/** A listing that has not begun; both of its functions go on from where the other stopped. */
export function createListing(space: SearchSpace, limits: readonly Limit[]): MaximalListing {
  const steps = maximalSteps(space, limits)
  let listed: readonly Genes[] | null | undefined
  const isListedAfterStep = (): boolean => {
    if (listed !== undefined) return true
    const step = steps.next()
    if (step.done === true) listed = step.value
    return listed !== undefined
  }
  return {
    async inPieces(pause, isStopped) {
      while (!isStopped() && !isListedAfterStep()) await pause()
    },
    whole() {
      while (!isListedAfterStep());
      return listed!
    }
  }
}
