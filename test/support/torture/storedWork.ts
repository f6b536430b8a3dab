import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Random } from '@core/math/random'
import { collectionRequestSchema } from '@shared/contract/estimator/collection'
import { dataSetRequestSchema } from '@shared/contract/dataset'
import { workloadRequestSchema } from '@shared/contract/workload'
import type { ServedHost } from '../servedHost'

/** Work that stores something beside board runs and recordings: workloads, collections, data sets, sessions, texts. */
export function storedWork(host: ServedHost, random: Random, folder: string): (() => Promise<unknown>)[] {
  return [
    () =>
      host.call(
        'workload.start',
        workloadRequestSchema.parse({
          runner: { kind: 'onnx', model: 'gloss-classifier', samples: 4 },
          ...{ precisions: ['fp32'], kinds: ['benchmark'], phaseMs: 10, trials: 2, idleMs: 0, power: false }
        })
      ),
    () =>
      host.call(
        'estimator.collect',
        collectionRequestSchema.parse({
          runner: { kind: 'onnx', model: 'gloss-language' },
          knobs: { promptTokens: { min: 2, max: 6 }, outputTokens: { min: 2, max: 3 } },
          ...{ configurations: 4, repetitions: 2, seed: random.integer(1000) }
        })
      ),
    async () => {
      const { dataSets } = await host.call('dataset.list', {})
      const name = `set ${random.integer(4)}`
      if (dataSets.some((set) => set.name === name)) return await host.call('dataset.remove', { name })
      const file = path.join(folder, 'table.csv')
      const rows = Array.from({ length: 500 }, (_, at) => `${at % 13},${at % 7},class${at % 3}`)
      writeFileSync(file, `a,b,label\n${rows.join('\n')}\n`)
      return await host.call(
        'dataset.add',
        dataSetRequestSchema.parse({ path: file, name, labelColumn: 'label' })
      )
    },
    async () => {
      const { examples } = await host.call('session.examples', {})
      const { name } = examples[random.integer(examples.length)]!
      return await host.call('session.openExample', { name })
    },
    () => host.call('session.export', { file: path.join(folder, 'all.bbsession') })
  ]
}
