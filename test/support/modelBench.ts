import { vi } from 'vitest'
import { createJobService } from '@main/jobs/jobService'
import { createModelService } from '@main/model/modelService'
import { modelTasks } from '@main/model/modelTasks'
import { resourcePath } from '@main/paths'

/** The service of networks with its real tasks, run here instead of in a worker; the shipped networks and images. */
export function createModelBench(options: { openedFile?: string } = {}) {
  const emitted: { event: string; payload: unknown }[] = []
  const run = vi.fn(async (name: keyof typeof modelTasks, input: never) =>
    modelTasks[name](input, {
      signal: new AbortController().signal,
      progress: () => undefined,
      yieldToAbort: async () => undefined
    })
  )
  let ids = 0
  const jobs = createJobService({ emit: () => undefined, nowMs: () => 0, newId: () => `job${ids++}` })
  const service = createModelService({
    tasks: { run: run as never, close: async () => undefined },
    jobs,
    emit: (event, payload) => void emitted.push({ event, payload }),
    modelsFolder: resourcePath('models'),
    openedFile: options.openedFile ?? null
  })
  return { service, run, jobs, emitted }
}
