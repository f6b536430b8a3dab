import type { SearchSpeed } from '../../shared/contract/search'
import type { SearchModels } from './searchNeeds'

/**
 * Returns the models with a count of how long their evaluations take. `kept` notes the time at which a trace reached a length,
 * except in a search that an older version began without times: trace and times would not match.
 *
 * @param before counted by earlier runs of the same search; it is added to
 */
export function timeEvaluations(
  models: SearchModels,
  nowMs: () => number,
  before: SearchSpeed | null
): { models: SearchModels; speed(): SearchSpeed; kept(trace: number): SearchSpeed } {
  const { evaluationMs, wallMs, evaluations } = before ?? { evaluationMs: 0, wallMs: 0, evaluations: 0 }
  const sum = { evaluationMs, wallMs, evaluations }
  const keptAtMs = [...(before?.keptAtMs ?? [])]
  let underWay = 0
  let sinceMs = 0
  const upToNow = (): void => {
    if (underWay > 0) sum.wallMs += Math.max(0, nowMs() - sinceMs)
    sinceMs = nowMs()
  }
  return {
    models: {
      ...models,
      async measure(...request) {
        upToNow()
        underWay++
        try {
          const found = await models.measure(...request)
          if (found.computedMs !== null) {
            sum.evaluationMs += found.computedMs
            sum.evaluations++
          }
          return found
        } finally {
          upToNow()
          underWay--
        }
      }
    },
    speed,
    kept(trace) {
      upToNow()
      if (keptAtMs.length === trace - 1) keptAtMs.push(sum.wallMs)
      return speed()
    }
  }

  function speed(): SearchSpeed {
    upToNow()
    return { ...sum, ...(keptAtMs.length > 0 ? { keptAtMs: [...keptAtMs] } : {}) }
  }
}
