import { describe, expect, it } from 'vitest'
import { retrainedOnText } from '@main/cli/model/ownData'
import { retrainedOn } from '@main/model/data/itemsLibrary'
import { isRetrained } from '@main/model/modelWorkspace'
import { parseScheme, uniformScheme } from '@core/quant/scheme'

const splits = (calibration: number, tune: number) => [
  { split: 'calibration', items: calibration },
  { split: 'tune', items: tune },
  { split: 'test', items: 99 }
]

describe('items that retraining takes', () => {
  it('are all of a small set, and the text says nothing', () => {
    const taken = retrainedOn({ shape: [28, 28, 1], splits: splits(100, 20_000) })
    expect(taken).toEqual({ items: 20_100, available: 20_100 })
    expect(retrainedOnText(taken)).toBe('')
    expect(retrainedOnText(null)).toBe('')
  })

  it('are 512 and 20,000 of a large one, or what 256 MiB hold, and the text says so', () => {
    const taken = retrainedOn({ shape: [28, 28, 1], splits: splits(600, 40_000) })
    expect(taken).toEqual({ items: 20_512, available: 40_600 })
    expect(retrainedOnText(taken)).toBe(', retrained on 20,512 of 40,600 calibration and tuning items')
    // 224 * 224 * 3 bytes: 2^28 of them hold 1,783 items.
    expect(retrainedOn({ shape: [224, 224, 3], splits: splits(600, 4000) })).toEqual({
      items: 512 + 1783,
      available: 4600
    })
  })

  it('count only where widths are low enough for the method', () => {
    const layers = ['a', 'b']
    expect(isRetrained(uniformScheme(layers, 8, 8), 'distill')).toBe(false)
    expect(isRetrained(parseScheme('w8a8,w4a8', layers), 'distill')).toBe(true)
    expect(isRetrained(parseScheme('w8a8,w4a8', layers), 'retrain')).toBe(false)
    expect(isRetrained(parseScheme('w8a8,w8a2', layers), 'retrain')).toBe(true)
    expect(isRetrained(uniformScheme(layers, 1, 1), 'ptq')).toBe(false)
    expect(isRetrained(uniformScheme(layers, 1, 1), 'reconstruct')).toBe(false)
  })
})
