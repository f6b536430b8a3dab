import { describe, expect, it } from 'vitest'
import { imageSplits } from '@shared/vocabulary'
import {
  findGeneratedSet,
  generatedSets,
  itemRandom,
  type Garment,
  type GeneratedSet
} from '@core/dataset/generated/generatedSets'
import { composeScene } from '@core/dataset/generated/scenes'
import { createRandom } from '@core/math/random'

const sizeOf = (set: GeneratedSet): number => set.shape.reduce((product, side) => product * side, 1)
const garment: Garment = { pixels: new Uint8Array(784).fill(255), label: 6 }

function make(set: GeneratedSet, split: (typeof imageSplits)[number] | 'training', at: number) {
  const bytes = new Uint8Array(sizeOf(set))
  const target = set.make(itemRandom(set, split, at), split, at, garment, bytes)
  return { bytes, target }
}

describe.each(generatedSets.map((set) => [set.name, set] as const))('%s', (_name, set) => {
  it('makes the same item again, and another one in every other place', () => {
    const first = make(set, 'test', 3)
    expect(make(set, 'test', 3)).toEqual(first)
    const places = [...imageSplits, 'training' as const].map((split) => make(set, split, 3).bytes.join())
    expect(new Set(places).size).toBe(places.length)
    expect(make(set, 'test', 4).bytes).not.toEqual(first.bytes)
  })

  it('uses the range of a byte without clipping much of it', () => {
    const values = [0, 1, 2, 3].flatMap((at) => [...make(set, 'search', at).bytes])
    const clipped = values.filter((value) => value === 0 || value === 255).length
    expect(clipped / values.length).toBeLessThan(0.05)
    expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(60)
  })
})

describe('labels', () => {
  it('words go around their twelve classes', () => {
    const set = findGeneratedSet('formant-words')!
    expect([0, 1, 11, 12].map((at) => make(set, 'test', at).target)).toEqual([0, 1, 11, 0])
    expect(set.classNames).toHaveLength(12)
  })

  it('anomalies are only where they are looked for', () => {
    const set = findGeneratedSet('machine-hum')!
    const targets = (split: 'training' | 'calibration' | 'tune' | 'search' | 'test') =>
      [0, 1, 2, 3].map((at) => make(set, split, at).target)
    expect(targets('search')).toEqual([0, 1, 0, 1])
    expect(targets('test')).toEqual([0, 1, 0, 1])
    for (const split of ['training', 'calibration', 'tune'] as const)
      expect(targets(split)).toEqual([0, 0, 0, 0])
  })

  it('a shirt is worn on the upper body and keeps its class among clothes', () => {
    expect(make(findGeneratedSet('fashion-scenes')!, 'test', 0).target).toBe(1)
    expect(make(findGeneratedSet('tinted-fashion')!, 'test', 0).target).toBe(6)
  })

  it('an unknown name is no set', () => {
    expect(findGeneratedSet('cifar10')).toBeUndefined()
  })
})

describe('composeScene', () => {
  it('shows a white garment in one tint over a darker background', () => {
    const out = new Uint8Array(32 * 32 * 3)
    composeScene(garment.pixels, { side: 32, smallest: 32, largest: 32 }, createRandom(1), out)
    const channel = (y: number, x: number, c: number): number => out[(y * 32 + x) * 3 + c]!
    for (const c of [0, 1, 2]) {
      expect(channel(16, 16, c)).toBeGreaterThan(110)
      // The whole side is covered: inner pixels differ by grain alone, at most 16.
      expect(Math.abs(channel(16, 16, c) - channel(10, 20, c))).toBeLessThanOrEqual(16)
    }
  })

  it('is background alone without a garment', () => {
    const out = new Uint8Array(32 * 32 * 3)
    composeScene(new Uint8Array(784), { side: 32, smallest: 26, largest: 32 }, createRandom(2), out)
    expect(Math.max(...out)).toBeLessThanOrEqual(118)
  })
})
