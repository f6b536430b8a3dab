import type { WorkloadStep } from '../../../shared/contract/workload'
import { AppError } from '../../../shared/errors'
import { countOf } from '../../../shared/units'

/**
 * What is to be said of a run whose steps have all been tried; null when every one is done.
 *
 * @throws tool.failed when none is done: such a run has measured nothing
 */
export function outcomeOf(steps: readonly WorkloadStep[]): string | null {
  const tried = steps.filter(({ state }) => state !== 'skipped')
  const failed = tried.filter(({ state }) => state === 'failed')
  if (failed.length === 0) return null
  if (failed.length < tried.length) {
    return `${countOf(failed.length, 'step')} of ${tried.length} failed; each says why.`
  }
  const [{ id, reason }] = failed
  throw new AppError(
    'tool.failed',
    `Nothing was measured: ${failed.length === 1 ? 'the only step' : `all ${failed.length} steps`} failed, the first (${id}) with: ${reason}`,
    'Mend what the steps say; to resume the run tries them again.'
  )
}

/** The steps as a resumed run takes them up: what failed is tried again, what is done is not. */
export function stepsToResume(steps: readonly WorkloadStep[]): WorkloadStep[] {
  return steps.map((step) => (step.state === 'failed' ? { ...step, state: 'waiting', reason: null } : step))
}
