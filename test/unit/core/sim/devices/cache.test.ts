import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { Cache } from '@core/sim/devices/cache'

/** The textbook form: each set a list of lines, most recent first. */
class NaiveCache {
  private readonly sets: { line: number; dirty: boolean }[][]
  constructor(
    setCount: number,
    private readonly ways: number,
    private readonly missCycles: number,
    private readonly writeBackCycles: number
  ) {
    this.sets = Array.from({ length: setCount }, () => [])
  }
  access(line: number, write: boolean): number {
    const set = this.sets[line % this.sets.length]
    const at = set.findIndex((entry) => entry.line === line)
    const found = at >= 0 ? set.splice(at, 1)[0] : { line, dirty: false }
    let cycles = at >= 0 ? 0 : this.missCycles
    if (at < 0 && set.length === this.ways && set.pop()!.dirty) cycles += this.writeBackCycles
    found.dirty ||= write
    set.unshift(found)
    return cycles
  }
}

describe('cache', () => {
  it.each([
    [1024, 1, 16],
    [1024, 2, 16],
    [2048, 4, 32],
    [512, 8, 64]
  ])('of %i bytes in %i ways of %i-byte lines behaves like the textbook', (sizeBytes, ways, lineBytes) => {
    const cache = new Cache({ sizeBytes, ways, lineBytes, missCycles: 10 }, 10, 3)
    const naive = new NaiveCache(sizeBytes / lineBytes / ways, ways, 10, 3)
    const random = createRandom(ways)
    const cycles = Array.from({ length: 20_000 }, () => {
      const line = random.next() < 0.7 ? random.integer(20) : random.integer(300)
      const write = random.integer(2) as 0 | 1
      return [cache.access(line, write), naive.access(line, write === 1)]
    })
    expect(cycles.map(([own]) => own)).toEqual(cycles.map(([, expected]) => expected))
  })

  it('misses everything again after clear', () => {
    const cache = new Cache({ sizeBytes: 64, ways: 2, lineBytes: 16, missCycles: 5 })
    expect([cache.access(3, 0), cache.access(3, 0)]).toEqual([5, 0])
    cache.clear()
    expect(cache.access(3, 0)).toBe(5)
  })
})
