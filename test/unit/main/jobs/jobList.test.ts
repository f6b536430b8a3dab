import { expect, it } from 'vitest'
import { createJobList } from '@main/jobs/jobList'
import type { RunningJob } from '@main/jobs/runningJob'

const job = (id: string, finishedAtMs: number | null): RunningJob =>
  ({ job: { id, finishedAtMs } }) as unknown as RunningJob

it('keeps 200 jobs, dropping the oldest ended ones and no running one', () => {
  const list = createJobList()
  const ids = (): string[] => list.all().map((running) => running.job.id)
  for (let number = 0; number < 200; number++) list.add(job(`${number}`, number === 0 ? null : number))
  expect(ids()).toHaveLength(200)
  expect(ids().slice(0, 3)).toEqual(['0', '1', '2'])
  list.add(job('new', null))
  expect(ids()).toHaveLength(200)
  expect(ids().slice(0, 3)).toEqual(['0', '2', '3'])
  expect(() => list.find('1')).toThrow('There is no job 1.')
  list.clear()
  expect(ids()).toEqual(['0', 'new'])
})
