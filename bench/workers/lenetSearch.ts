import path from 'node:path'
import { workloadsOf } from '../../src/core/model/workload'
import { schemeKey, type Scheme } from '../../src/core/quant/scheme'
import { bopsCosts } from '../../src/core/search/costs/costModels'
import { defaultBatch, runSearch } from '../../src/core/search/runSearch'
import { createSpace, tableCost } from '../../src/core/search/space'
import { createModelFiles } from '../../src/main/model/files/modelFiles'
import { builtPath, resourcePath } from '../../src/main/paths'
import type { Tasks } from '../../src/main/taskRegistry'
import type { TaskPool } from '../../src/main/threads/taskPool'

/** The threads' program. */
export const workerFile = builtPath('main', 'taskWorker.js')

/** One evaluation of a scheme, as a pool returns it. */
type Evaluated = Tasks['model.evaluate']['output']

/** The search that benches of workers time: the shipped LeNet-5 at 0.4 of int8's bit operations, seed 1. */
export interface LenetSearch {
  readonly layers: readonly string[]
  evaluate(scheme: Scheme, split?: 'search' | 'test'): Promise<Evaluated>
  /** Returns schemes and their losses, one a line. `onEvaluated` gets each evaluation as it ends, `onBatch` is called behind the last. */
  run(
    evaluations: number,
    onEvaluated?: (evaluated: Evaluated) => void,
    onBatch?: () => void
  ): Promise<string>
}

/** Returns the search, evaluated by a pool. */
export async function openLenetSearch(pool: Pick<TaskPool<Tasks>, 'run'>): Promise<LenetSearch> {
  const modelsFolder = resourcePath('models')
  const file = path.join(modelsFolder, 'lenet5-fashion.onnx')
  const { graph } = await createModelFiles({ modelsFolder, openedFile: null }).open(file)
  const workloads = workloadsOf(graph)
  const space = createSpace({
    layers: workloads.map(({ layer }) => layer),
    macs: workloads.map(({ macs }) => macs),
    costs: [tableCost(bopsCosts(workloads))]
  })
  const evaluate: LenetSearch['evaluate'] = (scheme, split = 'search') =>
    pool.run('model.evaluate', { file, modelsFolder, scheme, split, method: 'ptq' })
  return {
    layers: space.layers,
    evaluate,
    async run(evaluations, onEvaluated = () => undefined, onBatch = () => undefined) {
      let running = 0
      const plan = { space, strategy: 'auto', objective: 'kl', batch: defaultBatch, seed: 1 } as const
      const { trace } = await runSearch(
        { ...plan, budgetRatios: [0.4], evaluations },
        {
          async evaluate(scheme) {
            running++
            const evaluated = await evaluate(scheme)
            onEvaluated(evaluated)
            if (--running === 0) onBatch()
            const { accuracy, kl, crossEntropy, mse } = evaluated
            return { accuracy, kl, crossEntropy, mse }
          }
        }
      )
      return trace.map(({ scheme, kl }) => `${schemeKey(scheme)} ${kl}`).join('\n')
    }
  }
}
