import type { Estimator } from '../estimators/estimator'

/** A choice tries several candidates on several folds: about so many fits. */
const fitsPerChoice = 20

/** How much work of an estimator is done, in fits of what it comes to. */
export interface WorkCount {
  /** The same estimator, counting every fit and choice. */
  readonly estimator: Estimator
  /** Announces work to come; progress is reported against the sum. */
  expect(choices: number, fits: number): void
}

/**
 * Counts the fits inside long work, so that its progress moves while it runs: `onProgress` receives the share that is
 * done, 0..1. Choosing counts as the fits it takes.
 */
export function countFits(estimator: Estimator, onProgress: (share: number) => void): WorkCount {
  const chooses = estimator.choose !== undefined
  let expected = 0
  let done = 0
  const add = (fits: number): void => {
    done += fits
    if (expected > 0) onProgress(Math.min(1, done / expected))
  }
  const counting = (inner: Estimator, fits: number): Estimator => ({
    ...inner,
    fit(samples, options) {
      const model = inner.fit(samples, options)
      add(fits)
      return model
    },
    ...(inner.choose === undefined
      ? {}
      : {
          choose(samples, options) {
            const chosen = inner.choose!(samples, options)
            add(fitsPerChoice)
            return counting(chosen, 1)
          }
        })
  })
  return {
    // Fitted without choosing first, an estimator that chooses does both.
    estimator: counting(estimator, chooses ? fitsPerChoice + 1 : 1),
    expect(choices, fits) {
      expected += (chooses ? choices * fitsPerChoice : 0) + fits
    }
  }
}
