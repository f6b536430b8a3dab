import { describe, expect, it } from 'vitest'
import { createTaskbarProgress } from '@main/hosts/taskbarProgress'

const job = (id: string, done: number, total: number, finishedAtMs: number | null = null) => ({
  event: 'job.changed',
  payload: {
    ...{
      id,
      kind: 'a.b',
      title: id,
      state: finishedAtMs === null ? 'running' : 'done',
      done,
      total,
      unit: 'x'
    },
    ...{ ratePerSecond: null, remainingMs: null, note: '', startedAtMs: 0, finishedAtMs },
    ...{ resumable: false, error: null }
  }
})

describe('progress in the taskbar', () => {
  it('is the mean share of what runs, runs without a total, and goes away at the end', () => {
    const shown: number[] = []
    const listen = createTaskbarProgress((share) => shown.push(share))
    listen({ event: 'app.settingsChanged', payload: {} })
    listen({ event: 'job.changed', payload: 'nonsense' })
    expect(shown).toEqual([])
    listen(job('a', 0, 0))
    listen(job('a', 1, 4))
    listen(job('a', 1, 4))
    listen(job('b', 3, 4))
    listen(job('a', 9, 4))
    listen(job('a', 4, 4, 1))
    listen(job('b', 4, 4, 1))
    expect(shown).toEqual([2, 0.25, 0.5, 0.88, 0.75, -1])
  })
})
