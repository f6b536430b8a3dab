import { median } from '@core/math/median'
import type { Sample } from '@shared/contract/profile'
import type { PairCell } from '../../charts/pairCell'

/**
 * Median cost per multiply-accumulate of every bit pair, in the unit that all the samples have. Samples without
 * multiplications (pooling, add, ...) have no such cost and are left out.
 */
export function costPerMac(samples: readonly Sample[]): PairCell[] {
  const byPair = new Map<string, { activationBits: number; weightBits: number; values: number[] }>()
  for (const { activationBits, weightBits, time, macs } of samples) {
    if (macs <= 0) continue
    const key = `${activationBits} ${weightBits}`
    const group = byPair.get(key) ?? { activationBits, weightBits, values: [] }
    byPair.set(key, group)
    group.values.push(time / macs)
  }
  return [...byPair.values()].map(({ activationBits, weightBits, values }) => ({
    activationBits,
    weightBits,
    value: median(values),
    samples: values.length
  }))
}
