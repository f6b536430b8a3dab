import { describe, expect, it } from 'vitest'
import { predictionText } from '@main/cli/deploy/deployEnergy'
import type { EnergyReport } from '@shared/contract/energy'

const measured = (netJ: { mean: number; low: number; high: number } | null): EnergyReport =>
  ({
    summaries: [
      { name: 'idle', netJ: null },
      { name: 'inference', netJ }
    ]
  }) as unknown as EnergyReport
const around = (mean: number, half: number) => ({ mean, low: mean - half, high: mean + half })

describe('the energy that proxies predicted', () => {
  it.each([
    [4.4e-4, "Predicted by proxies of this board's energy: 440 µJ, 10.0 % above what was measured."],
    [3.6e-4, "Predicted by proxies of this board's energy: 360 µJ, 10.0 % below what was measured."]
  ])('%f J stands beside what was measured', (predictedJ, text) => {
    expect(predictionText(measured(around(4e-4, 1e-5)), predictedJ)).toEqual([text])
  })

  it('is compared with nothing where no energy was seen for sure', () => {
    const alone = /: 440 µJ\.$/
    expect(predictionText(measured(null), 4.4e-4)[0]).toMatch(alone)
    expect(predictionText(measured(around(1e-6, 2e-6)), 4.4e-4)[0]).toMatch(alone)
    expect(predictionText(measured(around(-1e-6, 1e-7)), 4.4e-4)[0]).toMatch(alone)
  })

  it('is left out where there is none', () => {
    expect(predictionText(measured(around(1, 0.1)), null)).toEqual([])
  })
})
