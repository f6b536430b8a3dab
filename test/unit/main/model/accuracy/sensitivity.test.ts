import { describe, expect, it } from 'vitest'
import { measureSensitivity } from '@main/model/accuracy/sensitivity'

describe('sensitivity of a network', () => {
  it('lowers one layer at a time, leaves the first inputs alone, and names the score', async () => {
    const seen: string[] = []
    const steps: [number, number][] = []
    const rows = await measureSensitivity(
      ['a', 'b'],
      [4],
      async (scheme) => {
        seen.push(scheme.map(({ weightBits, activationBits }) => `${weightBits}/${activationBits}`).join(' '))
        return { accuracy: 0.983, metrics: { auc: 0.983, mse: 4 } }
      },
      (done, total) => steps.push([done, total])
    )
    expect(seen).toEqual(['4/8 8/8', '8/8 4/8', '8/8 8/4'])
    expect(rows).toEqual([
      { layer: 'a', what: 'weight', bits: 4, accuracy: 0.983, metric: 'AUC' },
      { layer: 'b', what: 'weight', bits: 4, accuracy: 0.983, metric: 'AUC' },
      { layer: 'b', what: 'activation', bits: 4, accuracy: 0.983, metric: 'AUC' }
    ])
    expect(steps).toEqual([[3, 3]])
  })
})
