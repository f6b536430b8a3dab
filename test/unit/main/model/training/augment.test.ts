import { describe, expect, it } from 'vitest'
import { createRandom, type Random } from '@core/math/random'
import { augmentInto } from '@main/model/training/augment'

/** Two rows, three columns, two channels; the pixel at [y][x] has 10 y + x + 1 in the first and 100 more in the second. */
const pixels = Uint8Array.of(1, 101, 2, 102, 3, 103, 11, 111, 12, 112, 13, 113)
const shape = [2, 3, 2] as const

/** Draws these whole numbers, then this fraction. */
const drawing = (dy: number, dx: number, fraction: number): Random => {
  const draws = [dy, dx]
  return { integer: () => draws.shift()!, next: () => fraction } as unknown as Random
}
function augmented(how: Parameters<typeof augmentInto>[6], scale = 1, offset = 0): number[] {
  const out = new Float32Array(14).fill(-1)
  augmentInto(pixels, shape, scale, offset, out, 1, how)
  expect([out[0], out[13]]).toEqual([-1, -1])
  return [...out.subarray(1, 13)]
}

describe('a training image', () => {
  it('is turned to channels first, scaled behind its offset', () => {
    expect(augmented(null)).toEqual([1, 2, 3, 11, 12, 13, 101, 102, 103, 111, 112, 113])
    expect(augmented(null, 2, -1).slice(0, 3)).toEqual([0, 2, 4])
  })

  it('is shifted with zeros moving in', () => {
    // Draws from 0 to 2 shift of one pixel: 2 takes from below and from the right.
    expect(augmented({ random: drawing(2, 1, 0), shift: 1, mirror: false })).toEqual([
      ...[11, 12, 13, 0, 0, 0],
      ...[111, 112, 113, 0, 0, 0]
    ])
    expect(augmented({ random: drawing(1, 2, 0), shift: 1, mirror: false }).slice(0, 6)).toEqual([
      2, 3, 0, 12, 13, 0
    ])
    expect(augmented({ random: drawing(0, 0, 0), shift: 1, mirror: false }).slice(0, 6)).toEqual([
      0, 0, 0, 0, 1, 2
    ])
    // Zeros are pixels of value 0: they have the offset, too.
    expect(augmented({ random: drawing(0, 0, 0), shift: 1, mirror: false }, 1, 5)[0]).toBe(5)
  })

  it('is mirrored left-right in half of all cases', () => {
    const mirrored = (fraction: number): number[] =>
      augmented({ random: drawing(0, 0, fraction), shift: 0, mirror: true }).slice(0, 6)
    expect(mirrored(0.49)).toEqual([3, 2, 1, 13, 12, 11])
    expect(mirrored(0.5)).toEqual([1, 2, 3, 11, 12, 13])
  })

  it('is shifted as far to either side', () => {
    const random = createRandom(2)
    const first = new Set<number>()
    for (let round = 0; round < 200; round++) first.add(augmented({ random, shift: 1, mirror: false })[4]!)
    // The pixel in the middle of the second row takes that of any neighbour, or none from below.
    expect([...first].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 11, 12, 13])
  })
})
