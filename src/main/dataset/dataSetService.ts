import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { datasetContract, DataSetInfo, DataSetRequest } from '../../shared/contract/dataset'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { JobService } from '../jobs/jobService'
import type { TaskPool } from '../threads/taskPool'
import { createDataSetFiles } from './dataSetFiles'
import type { datasetTasks } from './datasetTasks'
import { previewItems } from './preview'

type DatasetTasks = {
  [K in keyof typeof datasetTasks]: {
    input: Parameters<(typeof datasetTasks)[K]>[0]
    output: Awaited<ReturnType<(typeof datasetTasks)[K]>>
  }
}

/** The user's data sets: read once into the data folder, listed, looked at, removed. */
export interface DataSetService {
  readonly handlers: HandlersOf<typeof datasetContract>
  /** @throws AppError input.notFound */
  find(name: string): Promise<{ info: DataSetInfo; folder: string }>
}

/** Returns the service of data sets: add, list, preview, remove. */
export function createDataSetService(deps: {
  tasks: TaskPool<DatasetTasks>
  jobs: JobService
  emit: EmitterOf<typeof datasetContract>
  /** Where the sets lie. */
  root: string
  nowMs: () => number
}): DataSetService {
  const { tasks, jobs, emit, root, nowMs } = deps
  const files = createDataSetFiles(root)

  const add = async (given: DataSetRequest): Promise<{ jobId: string }> => {
    const request = { ...given, path: path.resolve(given.path) }
    await files.checkFree(request.name)
    const { jobId, result } = jobs.start({
      kind: 'dataset.add',
      title: `Read data set ${request.name}`,
      unit: 'items',
      leftBehind: 'Nothing of the set was kept.',
      async run({ signal, progress }) {
        const folder = await files.begin()
        try {
          const input = { request, folder, createdAtMs: nowMs() }
          await tasks.run('dataset.read', input, { signal, onProgress: progress })
          await files.keep(folder, request.name)
        } finally {
          await rm(folder, { recursive: true, force: true })
        }
        emit('dataset.changed', { name: request.name })
      }
    })
    // The job carries the failure to whoever looks at it.
    result.catch(() => undefined)
    return { jobId }
  }

  return {
    find: files.find,
    handlers: {
      'dataset.add': add,
      'dataset.list': async () => ({ dataSets: await files.list() }),
      'dataset.info': async ({ name }) => ({ dataSet: (await files.find(name)).info }),
      'dataset.remove': async ({ name }) => {
        await files.remove(name)
        emit('dataset.changed', { name })
        return { ok: true }
      },
      'dataset.preview': async ({ name, split, items }) => ({
        items: await previewItems((await files.find(name)).folder, split, items)
      })
    }
  }
}
