import { describe, expect, it } from 'vitest'
import { compareLoops, type ComparedLoop } from '@core/compare/compareLoops'
import type { Deployment } from '@shared/contract/deploy'
import type { Sample } from '@shared/contract/profile'

const sample = (time: number): Sample =>
  ({
    ...{ kernel: 'matmul', dims: [1, 8, 8], weightBits: 8, activationBits: 8, unit: 'cycles', time }
  }) as Sample
const deployment = (measured: number): Deployment =>
  ({
    ...{ unit: 'cycles', layers: [], measured, relativeError: -0.03, boardAccuracy: 0.9, imagesDone: 250 },
    ...{ request: { modelId: 'lenet5', scheme: [] }, plan: null }
  }) as unknown as Deployment
const loop = (seed: number, changes: Partial<ComparedLoop> = {}): ComparedLoop =>
  ({
    ...{ samples: null, proxies: [], search: null, deployment: null },
    loop: {
      ...{ id: `l${seed}`, state: 'done', board: { name: 'Virtual board, small' }, proxies: [] },
      request: { boardId: 'virtual:small', estimator: 'auto', budgetRatio: 0.75, evaluations: 20, seed },
      steps: [
        { id: 'profile', state: 'done', startedAtMs: 1000, finishedAtMs: 1000 + 500 * seed },
        { id: 'deploy', state: seed === 1 ? 'done' : 'failed', startedAtMs: 0, finishedAtMs: 4000 }
      ]
    },
    ...changes
  }) as unknown as ComparedLoop

describe('guided loops side by side', () => {
  it('compare what each step made, under the name of the step', () => {
    const found = compareLoops([
      loop(1, { deployment: deployment(100), samples: [sample(10)] }),
      loop(2, { deployment: deployment(80), samples: [sample(12)] })
    ])
    expect(found.figures.find(({ name }) => name === 'Deploy: Measured per image')?.values).toEqual([100, 80])
    const ratio = found.figures.find(({ name }) => name.startsWith('Profile: matmul'))!
    expect(ratio).toMatchObject({ values: [10, 12], against: [null, { value: 1.2, low: null, high: null }] })
    expect(found.notes).toEqual(['Not compared, as not all of them have it: Search.'])
    expect(found.rows.find(({ name }) => name === 'budget')?.cells).toEqual(['75 % of int8', '75 % of int8'])
  })

  it('give the time of a step only where it was finished', () => {
    const { figures } = compareLoops([loop(1), loop(2)])
    expect(figures.map(({ name, values }) => [name, values])).toEqual([
      ['Time of the step profile', [0.5, 1]],
      ['Time of the step deploy', [4, null]]
    ])
  })

  it('leave out a proxy that one of them did not fit, and say so', () => {
    const fitted = loop(1)
    const kernel = { kernel: 'matmul', proxyId: 'p' } as const
    const found = compareLoops([
      { ...fitted, loop: { ...fitted.loop, proxies: [kernel] }, proxies: [null] },
      loop(2)
    ])
    expect(found.notes[0]).toContain('Fit of matmul')
  })
})
