import { workloadsOf } from '../../src/core/model/workload'
import { schemeKey, type Scheme } from '../../src/core/quant/scheme'
import { bopsCosts } from '../../src/core/search/costs/costModels'
import { defaultBatch, runSearch } from '../../src/core/search/runSearch'
import { createSpace, tableCost } from '../../src/core/search/space'
import { readNetwork } from '../../src/main/model/files/readNetwork'
import { builtPath, resourcePath } from '../../src/main/paths'
import type { Tasks } from '../../src/main/taskRegistry'
import { createPause } from '../../src/main/threads/pause'
import type { TaskPool } from '../../src/main/threads/taskPool'

/** The threads' program. */
export const workerFile = builtPath('main', 'taskWorker.js')

/** Splits that every data set has to judge on. */
export const judgedSplits = ['search', 'test'] as const
export type JudgedSplit = (typeof judgedSplits)[number]

/** One evaluation of a scheme, as a pool returns it. */
type Evaluated = Tasks['model.evaluate']['output']

/** The search that benches of workers time: a network at 0.4 of int8's bit operations, seed 1. */
export interface NetworkSearch {
  readonly layers: readonly string[]
  evaluate(scheme: Scheme, split?: JudgedSplit): Promise<Evaluated>
  /** Returns schemes and their losses, one a line. `onEvaluated` gets each evaluation as it ends, `onBatch` is called behind the last. */
  run(
    evaluations: number,
    onEvaluated?: (evaluated: Evaluated) => void,
    onBatch?: () => void
  ): Promise<string>
}

/** Returns the search of a network's file, evaluated by a pool on a split's items. */
export async function openNetworkSearch(
  pool: Pick<TaskPool<Tasks>, 'run'>,
  file: string,
  judged: JudgedSplit = 'search'
): Promise<NetworkSearch> {
  const modelsFolder = resourcePath('models')
  const { graph } = await readNetwork(file)
  const workloads = workloadsOf(graph)
  const space = createSpace({
    layers: workloads.map(({ layer }) => layer),
    macs: workloads.map(({ macs }) => macs),
    costs: [tableCost(bopsCosts(workloads))]
  })
  const evaluate: NetworkSearch['evaluate'] = (scheme, split = judged) =>
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
          pause: createPause(),
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
