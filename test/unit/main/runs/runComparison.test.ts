import { describe, expect, it } from 'vitest'
import { createRunComparison } from '@main/runs/runComparison'
import type { ComparedLoop } from '@core/compare/compareLoops'
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
    ({
      id,
      kind: kinds[id],
      name: id === 'p1' ? 'First' : null,
      title: `Title ${id}`,
      startedAtMs: 0
    }) as Run,
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
  ...{ estimator: none, collection: none },
  board: async (id) => ({ name: `Board ${id}`, newestAtMs: 7, samples: [] }),
  loop: async (id) =>
    ({
      ...{ samples: null, search: null, deployment: null, proxies: [] },
      loop: {
        ...{ id, board: null, proxies: [], state: 'failed' },
        request: { boardId: 'virtual:small', budgetRatio: 0.75, seed: id === 'r1' ? 1 : 2 },
        steps: [{ id: 'connect', state: 'done', startedAtMs: 1000, finishedAtMs: id === 'r1' ? 3000 : 5500 }]
      }
    }) as unknown as ComparedLoop
})
const compare = (ids: string[]) => handlers['run.compare']({ ids }, { signal: new AbortController().signal })

describe('run.compare', () => {
  it('puts runs of one kind side by side under their names', async () => {
    const found = await compare(['p1', 'p2'])
    expect(found.runs).toEqual([
      { id: 'p1', title: 'First', startedAtMs: 0 },
      { id: 'p2', title: 'Title p2', startedAtMs: 0 }
    ])
    expect(found.figures[0]).toMatchObject({
      name: 'Error on unseen shapes',
      values: [4, 8.5],
      how: 'difference'
    })
    expect(comparisonText(found)).toContain('Error on unseen shapes (%): A 4  B 8.5; B - A 4.5\n')
    expect(comparisonText(found)).toContain(
      'Without values to compare: Error on unseen shapes, mean of the shapes, Error on unseen rows'
    )
  })

  it('puts boards side by side, and no board beside a run', async () => {
    const found = await compare(['board:virtual:small', 'board:b2'])
    expect(found.kind).toBe('board')
    expect(found.runs).toEqual([
      { id: 'board:virtual:small', title: 'Board virtual:small', startedAtMs: 7 },
      { id: 'board:b2', title: 'Board b2', startedAtMs: 7 }
    ])
    await expect(compare(['board:b2', 'p1'])).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(compare(['board:b2', 'board:b2'])).rejects.toMatchObject({ code: 'input.invalid' })
  })

  it('puts guided loops side by side that did not come far', async () => {
    const found = await compare(['r1', 'r2'])
    expect(found.figures).toEqual([
      {
        ...{ name: 'Time of the step connect', unit: 's', values: [2, 4.5] },
        against: [null, { value: 2.5, low: null, high: null }],
        how: 'difference'
      }
    ])
    expect(found.rows).toContainEqual({ name: 'seed', cells: ['1', '2'] })
    expect(found.notes).toEqual(['Not compared, as not all of them have it: Deploy, Search, Profile.'])
  })

  it('refuses runs of different kinds and one run twice', async () => {
    await expect(compare(['p1', 's1'])).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(compare(['p1', 'p1'])).rejects.toMatchObject({ code: 'input.invalid' })
  })
})
