import type { DataSetInfo, DataSetRequest } from '../../shared/contract/dataset'
import type { TaskContext } from '../threads/task'
import { ingest } from './ingest'
import { openSource } from './sources'

/** Reading of data sets; runs in worker threads (taskRegistry.ts). */
export const datasetTasks = {
  'dataset.read': async (
    input: { request: DataSetRequest; folder: string; createdAtMs: number },
    context: TaskContext
  ): Promise<DataSetInfo> =>
    ingest(await openSource(input.request), input.request, input.folder, input.createdAtMs, context)
}
