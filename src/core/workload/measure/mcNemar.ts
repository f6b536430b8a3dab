import type { McNemar } from '../../../shared/contract/workload/workloadRows'

/**
 * McNemar's exact test: of the samples that only one of two classifiers gets right, as many would be expected on either
 * side if they were equally good. Two-sided binomial p, doubled tail, at most 1.
 */
export function mcNemarTest(lost: number, gained: number): McNemar {
  const n = lost + gained
  let logTerm = -n * Math.LN2
  let tail = 0
  for (let i = 0; i <= Math.min(lost, gained); i++) {
    tail += Math.exp(logTerm)
    logTerm += Math.log((n - i) / (i + 1))
  }
  return { lost, gained, p: n === 0 ? 1 : Math.min(1, 2 * tail) }
}
