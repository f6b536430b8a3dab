import { expect, it } from 'vitest'
import { createJobService } from '@main/jobs/jobService'
import { modelHandlers, type HandledModels } from '@main/model/modelHandlers'
import { plainNetwork } from '../../../support/smallNetworks'

const context = { signal: new AbortController().signal }

it('what was measured on one data set is not shown for another', async () => {
  const jobs = createJobService({ emit: () => undefined, nowMs: () => 0, newId: () => 'job' })
  const service: Partial<HandledModels> = {
    name: async () => 'network',
    graph: async () => plainNetwork(),
    evaluate: async () => ({ accuracy: 0.5, metrics: { accuracy: 0.5 } }) as never,
    useDataSet: async () => undefined
  }
  const handlers = modelHandlers({
    service: service as HandledModels,
    ...{ evaluations: {} as never, results: undefined, files: {} as never, library: {} as never },
    ...{ jobs, emit: () => undefined }
  })
  const rows = async () => (await handlers['model.sensitivities']({ modelId: 'm' }, context)).rows
  await handlers['model.sensitivity']({ modelId: 'm', bits: [4] }, context)
  await jobs.idle()
  expect((await rows()).length).toBeGreaterThan(0)
  await handlers['model.useDataSet']({ modelId: 'm', dataSet: 'own' }, context)
  expect(await rows()).toEqual([])
})
