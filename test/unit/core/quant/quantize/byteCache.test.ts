import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { createByteCache } from '@core/quant/quantize/byteCache'
import { createByteMemory } from '@core/quant/quantize/byteMemory'

describe('memory of bytes', () => {
  it('joins what is given back with free neighbours, in any order', () => {
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0]
    ]) {
      const memory = createByteMemory(192)
      const arrays = [memory.cut(64)!, memory.cut(1)!, memory.cut(64)!]
      expect(arrays.map(({ byteOffset }) => byteOffset)).toEqual([0, 64, 128])
      expect(memory.cut(0)).toBeNull()
      for (const at of order) memory.giveBack(arrays[at]!)
      expect(memory.cut(192)).not.toBeNull()
    }
  })

  it('cuts arrays that do not overlap', () => {
    const memory = createByteMemory(64 * 100)
    const random = createRandom(1)
    const held: Uint8Array[] = []
    for (let n = 0; n < 2000; n++) {
      const bytes = memory.cut(random.integer(600))
      if (bytes === null) memory.giveBack(held.splice(random.integer(held.length), 1)[0]!)
      else {
        bytes.fill(n)
        held.push(bytes)
        for (const other of held)
          if (other !== bytes)
            expect(
              other.byteOffset >= bytes.byteOffset + bytes.length ||
                bytes.byteOffset >= other.byteOffset + other.length
            ).toBe(true)
      }
    }
  })
})

describe('cache of bytes', () => {
  const line = 64

  it('writes over what has left it, and over nothing that is held', () => {
    // Room for 24 lines, of which entries may be 16, one of them 2 at most.
    const cache = createByteCache(16 * line)
    const first = cache.take(2 * line).fill(1)
    cache.set('first', first, first.length)
    for (let n = 0; n < 100; n++) {
      const bytes = cache.take(2 * line).fill(2)
      cache.set(`${n}`, bytes, bytes.length)
      cache.drop(bytes)
      expect(first[0]).toBe(1)
    }
    expect(cache.get('first')).toBeUndefined()
    cache.drop(first)
    const arrays = Array.from({ length: 4 }, () => cache.take(2 * line).fill(3))
    expect(new Set(arrays.map(({ buffer }) => buffer)).size).toBe(1)
    expect(first[0]).toBe(3)
  })

  it('finds what was used last and forgets the oldest', () => {
    const cache = createByteCache(16 * line)
    const put = (key: string): void => {
      const bytes = cache.take(2 * line)
      cache.set(key, bytes, bytes.length)
      cache.drop(bytes)
    }
    for (let n = 0; n < 8; n++) put(`${n}`)
    expect(cache.get('0')).toHaveLength(2 * line)
    put('8')
    expect(cache.get('0')).toBeDefined()
    expect(cache.get('1')).toBeUndefined()
  })

  it('gives more than its memory holds, and keeps no entry that would push out most others', () => {
    const cache = createByteCache(16 * line)
    const large = cache.take(1000 * line)
    expect(large).toHaveLength(1000 * line)
    cache.set('large', large, large.length)
    expect(cache.get('large')).toBeUndefined()
    const held = Array.from({ length: 30 }, (_, n) => cache.take(line).fill(n))
    for (const [n, bytes] of held.entries()) expect(bytes.every((value) => value === n)).toBe(true)
    for (const bytes of [large, ...held]) cache.drop(bytes)
  })

  it('keeps its entries where an array of more than half the memory is taken', () => {
    const cache = createByteCache(16 * line)
    const kept = cache.take(2 * line).fill(1)
    cache.set('kept', kept, kept.length)
    cache.drop(kept)
    // 24 lines in all: 12 are the longest array that lies in them.
    const long = cache.take(12 * line + 1)
    expect(long.buffer).not.toBe(kept.buffer)
    const half = cache.take(12 * line)
    expect(half.buffer).toBe(kept.buffer)
    expect(cache.get('kept')).toBe(kept)
    for (const bytes of [long, half]) cache.drop(bytes)
    expect(kept.every((value) => value === 1)).toBe(true)
  })

  it('never changes what is held or kept, whatever is taken, held, kept and dropped', () => {
    const random = createRandom(3)
    const changed: string[] = []
    for (const limit of [0, 100, 16 * line, 100 * line]) {
      const cache = createByteCache(limit)
      let [next, found] = [0, 0]
      /** Holds of ours, one for each time an array is in here, with the byte that fills it. */
      const held: { bytes: Uint8Array; fill: number }[] = []
      const kept = new Map<string, number>()
      for (let n = 0; n < 1000; n++) {
        const own = held[random.integer(Math.max(1, held.length))]
        const key = `${random.integer(12)}`
        const action = random.integer(5)
        if (action === 0 && held.length < 20) {
          const fill = next++ % 256
          held.push({ bytes: cache.take(random.integer(limit + 50)).fill(fill), fill })
        } else if (action === 1 && own !== undefined) {
          cache.set(key, own.bytes, own.bytes.length)
          if (cache.get(key) === own.bytes) kept.set(key, own.fill)
        } else if (action === 2 && own !== undefined) {
          cache.hold(own.bytes)
          held.push(own)
        } else if (action === 3) {
          const entry = cache.get(key)
          if (entry !== undefined && held.length < 20) {
            found++
            cache.hold(entry)
            held.push({ bytes: entry, fill: kept.get(key)! })
          }
        } else if (own !== undefined) {
          held.splice(held.indexOf(own), 1)
          cache.drop(own.bytes)
        }
        const isIntact = (bytes: Uint8Array, fill: number): boolean => bytes.every((value) => value === fill)
        if (!held.every(({ bytes, fill }) => isIntact(bytes, fill))) changed.push(`held ${limit}:${n}`)
        if (![...kept].every(([name, fill]) => isIntact(cache.get(name) ?? new Uint8Array(), fill)))
          changed.push(`kept ${limit}:${n}`)
      }
      if (limit > 0) expect(found).toBeGreaterThan(20)
    }
    expect(changed).toEqual([])
  })

  it('keeps arrays of other origin and leaves them alone', () => {
    const cache = createByteCache(16 * line)
    const other = new Uint8Array(new SharedArrayBuffer(line)).fill(7)
    cache.hold(other)
    cache.set('other', other, other.length)
    cache.set('other', other, other.length)
    expect(cache.get('other')).toBe(other)
    cache.drop(other)
    cache.drop(other)
    for (let n = 0; n < 50; n++) {
      const bytes = cache.take(2 * line).fill(n)
      cache.set(`${n}`, bytes, bytes.length)
      cache.drop(bytes)
    }
    expect(cache.get('other')).toBeUndefined()
    expect(other[0]).toBe(7)
  })
})
