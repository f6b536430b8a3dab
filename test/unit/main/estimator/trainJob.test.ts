import { expect, it } from 'vitest'
import type { StageSample } from '@core/estimator/samples/stageSample'
import { trainJob, type EstimatorServiceDeps } from '@main/estimator/estimatorJobs'
import type { JobContext } from '@main/jobs/jobService'
import { estimatorContract } from '@shared/contract/estimator'

it('trains on a collection of very many samples', async () => {
  const sample: StageSample = { knobs: { n: 1 }, stages: { prefill: 1 }, dataSet: 'net', origin: 'measured' }
  let trainedOn = 0
  const deps = {
    collected: async () => Array<StageSample>(200_000).fill(sample),
    tasks: {
      run: async (_name: string, work: { samples: readonly StageSample[] }) => {
        trainedOn = work.samples.length
        throw new Error('far enough')
      }
    }
  } as unknown as EstimatorServiceDeps
  const request = estimatorContract.commands['estimator.train'].in.parse({ collections: ['id1'] })
  const context = { id: 'job', signal: new AbortController().signal } as JobContext
  await expect(trainJob(deps, request).run(context)).rejects.toThrow('far enough')
  expect(trainedOn).toBe(200_000)
})
