import { describe, expect, it } from 'vitest'
import { layerCosts, partByPosition } from '@renderer/views/lm/stepFigures'

/** Two layers and what stands outside them, eight parts each. */
const step = (position: number, scale: number) => ({
  ...{ position, token: 1, cycles: 0, instructions: 0, equal: true, forced: false, text: '' },
  parts: Array.from({ length: 24 }, (_, at) => scale * at)
})

describe('figures of the steps of a text', () => {
  it('are the mean of each part of each layer, layers first', () => {
    const rows = layerCosts([step(0, 1), step(1, 3)], 2)
    expect(rows.map(({ layer }) => layer)).toEqual([0, 1, -1])
    // (8 + 24) / 2 and so on: twice the index.
    expect(rows[1]!.parts).toEqual([16, 18, 20, 22, 24, 26, 28, 30])
    expect(rows[1]!.total).toBe(184)
  })

  it('are 0 without a step, not NaN', () => {
    expect(layerCosts([], 1).map(({ total }) => total)).toEqual([0, 0])
  })

  it('follow one part over the positions, summed over layers', () => {
    // Part 3: indices 3, 11, 19.
    expect(partByPosition([step(4, 1), step(5, 2)], 3)).toEqual([
      { x: 4, y: 33 },
      { x: 5, y: 66 }
    ])
  })
})
