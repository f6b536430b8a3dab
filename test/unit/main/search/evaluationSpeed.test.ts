import { describe, expect, it } from 'vitest'
import { timeEvaluations } from '@main/search/evaluationSpeed'
import type { SearchMeasure, SearchModels } from '@main/search/searchNeeds'

/** Evaluations that end when the test says so, on a clock the test sets. */
function rig(before: Parameters<typeof timeEvaluations>[2] = null) {
  let nowMs = 1_000
  const ends: ((found: SearchMeasure) => void)[] = []
  const models = {
    measure: () => new Promise<SearchMeasure>((resolve) => ends.push(resolve))
  } as unknown as SearchModels
  const timed = timeEvaluations(models, () => nowMs, before)
  const start = () => timed.models.measure('m', null, 'search', 'ptq', new AbortController().signal)
  return {
    ...timed,
    start,
    at: (ms: number) => void (nowMs = ms),
    end: (index: number, computedMs: number | null) =>
      ends[index]!({
        ...{
          accuracy: 1,
          kl: 0,
          crossEntropy: 0,
          mse: 0,
          metrics: {},
          images: 1,
          right: new Uint8Array([1])
        },
        computedMs
      })
  }
}

describe('speed of evaluations', () => {
  it('adds the time of each, and the wall time while one or more are under way', async () => {
    const { start, at, end, speed } = rig()
    at(2_000)
    const one = start()
    at(2_100)
    const other = start()
    at(2_500)
    end(0, 450)
    await one
    at(2_700)
    end(1, 550)
    await other
    // Nothing runs: this time does not count.
    at(9_000)
    expect(speed()).toEqual({ evaluationMs: 1_000, wallMs: 700, evaluations: 2 })
  })

  it('leaves known results out and goes on from what was counted before', async () => {
    const { start, at, end, speed } = rig({ evaluationMs: 100, wallMs: 50, evaluations: 3 })
    at(2_000)
    const known = start()
    end(0, null)
    await known
    expect(speed()).toEqual({ evaluationMs: 100, wallMs: 50, evaluations: 3 })
    const running = start()
    at(2_030)
    expect(speed()).toEqual({ evaluationMs: 100, wallMs: 80, evaluations: 3 })
    end(1, 20)
    await running
    expect(speed()).toEqual({ evaluationMs: 120, wallMs: 80, evaluations: 4 })
  })

  it('notes when the trace reached each length, also over a resumption', async () => {
    const { start, at, end, kept } = rig({ evaluationMs: 9, wallMs: 50, evaluations: 1, keptAtMs: [40] })
    at(2_000)
    const one = start()
    at(2_300)
    end(0, 300)
    await one
    expect(kept(2).keptAtMs).toEqual([40, 350])
    // The same length again, and one that skips a scheme, belong to another trace.
    expect(kept(2).keptAtMs).toEqual([40, 350])
    expect(kept(9).keptAtMs).toEqual([40, 350])
  })

  it('notes nothing where a trace was begun without times', () => {
    const { kept } = rig({ evaluationMs: 9, wallMs: 50, evaluations: 1 })
    expect(kept(5)).toEqual({ evaluationMs: 9, wallMs: 50, evaluations: 1 })
  })
})
