import { describe, expect, it } from 'vitest'
import { createProgressLine } from '@main/cli/framework/localClient'
import type { Job } from '@shared/contract/job'

const job = (change: Partial<Job>): Job =>
  ({
    title: 'data set x',
    done: 0,
    total: 0,
    unit: 'items',
    note: '',
    remainingMs: null,
    finishedAtMs: null,
    ...change
  }) as Job

function linesOf(jobs: readonly Job[]): string[] {
  const lines: string[] = []
  const show = createProgressLine((line) => lines.push(line), { isTTY: false } as NodeJS.WriteStream)
  jobs.forEach(show)
  return lines
}

describe('progress in a file or pipe', () => {
  it('is one line for a job that fails before it began', () => {
    expect(linesOf([job({}), job({}), job({ finishedAtMs: 5 })])).toEqual(['  data set x …'])
  })

  it('is one line for each tenth, and the last one', () => {
    const steps = Array.from({ length: 101 }, (_, done) => job({ done, total: 100 }))
    expect(linesOf([...steps, job({ done: 100, total: 100, finishedAtMs: 9 })])).toHaveLength(11)
    const cut = linesOf([job({ done: 5, total: 100 }), job({ done: 6, total: 100, finishedAtMs: 9 })])
    expect(cut).toEqual(['  data set x: 5/100 items ', '  data set x: 6/100 items '])
  })
})
