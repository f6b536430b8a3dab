import { describe, expect, it } from 'vitest'
import { createRunComparison } from '@main/runs/runComparison'
import type { ComparedProxy } from '@core/compare/compareProxies'
import type { Run } from '@shared/contract/run'
import { comparisonText } from '@main/cli/run/runComparisonText'

const kinds: Record<string, Run['kind']> = {
  p1: 'proxy',
  p2: 'proxy',
  s1: 'search',
  r1: 'loop',
  r2: 'loop'
}
const none = (): Promise<never> => Promise.reject(new Error('not asked for'))
const { handlers } = createRunComparison({
  run: async (id) =>
    ({ id, kind: kinds[id], name: id === 'p1' ? 'First' : null, title: `Title ${id}` }) as Run,
  proxy: async (id) =>
    ({
      points: [],
      proxy: {
        ...{
          kernel: 'matmul',
          estimator: 'physics',
          boardId: null,
          rows: 10,
          trainMape: 1,
          randomMape: null
        },
        unseenShapeMape: id === 'p1' ? 4 : 8.5
      }
    }) as unknown as ComparedProxy,
  ...{ search: none, deployment: none, samples: none, recording: none, workload: none },
  ...{ estimator: none, collection: none }
})
const compare = (ids: string[]) => handlers['run.compare']({ ids }, { signal: new AbortController().signal })

describe('run.compare', () => {
  it('puts runs of one kind side by side under their names', async () => {
    const found = await compare(['p1', 'p2'])
    expect(found.runs).toEqual([
      { id: 'p1', title: 'First' },
      { id: 'p2', title: 'Title p2' }
    ])
    expect(found.figures[0]).toMatchObject({ name: 'Error on unseen shapes', values: [4, 8.5], how: null })
    expect(comparisonText(found)).toContain('Error on unseen shapes (%): A 4  B 8.5')
    expect(comparisonText(found)).toContain('Error on unseen rows (%): A –  B –')
  })

  it('refuses runs of different kinds, one run twice, and kinds that are not compared', async () => {
    await expect(compare(['p1', 's1'])).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(compare(['p1', 'p1'])).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(compare(['r1', 'r2'])).rejects.toMatchObject({ code: 'input.unsupported' })
  })
})
