import { describe, expect, it } from 'vitest'
import type { LabelledImages } from '@core/model/dataSet'
import { moreItems } from '@main/model/data/moreItems'

/** Items of `size` bytes, calibration ones of 1 and tuning ones of 2. */
function library(calibration: number, tune: number, size: number) {
  return {
    load: async (split: string): Promise<LabelledImages> => {
      const count = split === 'tune' ? tune : calibration
      return {
        count,
        pixels: new Uint8Array(count * size).fill(split === 'tune' ? 2 : 1),
        labels: new Uint8Array(count)
      }
    }
  }
}

describe('items of a reconstruction', () => {
  it('are the calibration items and the tuning items behind them', async () => {
    const { count, pixels } = await moreItems(library(3, 2, 4))
    expect(count).toBe(5)
    expect([...pixels]).toEqual([...new Array<number>(12).fill(1), ...new Array<number>(8).fill(2)])
  })

  it('end after 2,000 tuning items or 16 MiB, but no calibration item is left out', async () => {
    expect((await moreItems(library(10, 5000, 4))).count).toBe(2010)
    expect((await moreItems(library(10, 50, 2 ** 20))).count).toBe(16)
    expect((await moreItems(library(20, 50, 2 ** 20))).count).toBe(20)
  })
})
