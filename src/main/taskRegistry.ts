import { twinTasks } from './board/twins/twinTasks'
import { datasetTasks } from './dataset/datasetTasks'
import { estimatorTasks } from './estimator/estimatorTasks'
import { createLmTasks } from './lm/lmTasks'
import { modelTasks } from './model/modelTasks'
import { onnxAccess } from './model/files/onnxAccess'
import { profileTasks } from './profile/profileTasks'
import { proxyTasks } from './proxy/proxyTasks'
import { workloadTasks } from './workload/workloadTasks'

/**
 * Every task a worker can run, by `<noun>.<verb>`. Add a noun's tasks here with one import and one spread; the types
 * of TaskPool.run follow from this table.
 */
export const taskHandlers = {
  ...twinTasks,
  ...estimatorTasks,
  ...createLmTasks(onnxAccess),
  ...profileTasks,
  ...modelTasks,
  ...datasetTasks,
  ...proxyTasks,
  ...workloadTasks
}

type Handlers = typeof taskHandlers

/** Input and output of every task, derived from its function. */
export type Tasks = {
  [K in keyof Handlers]: Handlers[K] extends (input: infer I, context: never) => infer O
    ? { input: I; output: Awaited<O> }
    : never
}
