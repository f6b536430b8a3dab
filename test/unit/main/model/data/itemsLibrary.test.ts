import { describe, expect, it } from 'vitest'
import { retrainedOnText } from '@main/cli/model/ownData'
import { itemsLibrary, retrainedOn } from '@main/model/data/itemsLibrary'
import { isRetrained } from '@main/model/modelWorkspace'
import type { ItemSet } from '@core/dataset/itemSet'
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

describe('the library of a data set', () => {
  it('holds real values of 16 MiB at most while it reads, and gives the items that one read gives', async () => {
    const size = 224 * 224 * 3
    const parts: number[] = []
    const set = {
      ...{ name: 'set', shape: [224, 224, 3], targetWidth: 1, count: () => 31 },
      async read(_split: string, from: number, count: number) {
        const taken = Math.min(count, 31 - from)
        parts.push(4 * taken * size)
        const bytes = new Uint8Array(taken * size)
        for (let at = 0; at < taken; at++) bytes.fill(from + at + 1, at * size, (at + 1) * size)
        const targets = Float32Array.from({ length: taken }, (_, at) => 100 + from + at)
        return { count: taken, bytes, reals: new Float32Array(0), targets }
      }
    } as unknown as ItemSet
    const { count, pixels, labels } = await itemsLibrary(set).load('calibration')
    expect(Math.max(...parts)).toBeLessThanOrEqual(16 * 2 ** 20)
    expect([count, pixels.length]).toEqual([31, 31 * size])
    const items = Array.from({ length: 31 }, (_, at) => at)
    expect(items.map((at) => [pixels[at * size], pixels[(at + 1) * size - 1], labels[at]])).toEqual(
      items.map((at) => [at + 1, at + 1, 100 + at])
    )
  })
})
