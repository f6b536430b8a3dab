import { describe, expect, it } from 'vitest'
import { readForeign, withForeignResults, type ForeignResult } from '@main/model/accuracy/sharedResults'
import type { ResultKey, ResultStore } from '@main/model/accuracy/resultStore'

/** The text of a result of four items, of which three are right. */
const textOf = (more: object = {}): string =>
  JSON.stringify({
    ...{ images: 4, correct: 3, accuracy: 0.75, metrics: { accuracy: 0.75 }, right: 'AQEAAQ==' },
    ...{ kl: 0.1, crossEntropy: 0.2, mse: 0.3, fittedOn: null, durationMs: 5, ...more }
  })

describe('a result of another host', () => {
  it('is read with which items are right', () => {
    expect(readForeign(textOf()).value).toMatchObject({ images: 4, right: Uint8Array.of(1, 1, 0, 1) })
    expect(readForeign(textOf({ right: '' })).value).toMatchObject({ right: new Uint8Array(0) })
    // A score that counts nothing may have any size.
    expect(readForeign(textOf({ correct: null, accuracy: 31.5 })).value).toMatchObject({ accuracy: 31.5 })
    expect(readForeign(textOf({ correct: 4, accuracy: 1 })).value).not.toBeNull()
  })

  it.each([
    { images: 0 },
    { images: 10_000_001, right: '' },
    { correct: 5 },
    { correct: -1 },
    { accuracy: 1.01 },
    { accuracy: -0.01 },
    { right: 'AQEA' },
    { right: 'AgEAAQ==' },
    { crossEntropy: -1 },
    { durationMs: -1 },
    { kl: null },
    { metrics: { ['x'.repeat(41)]: 1 } }
  ])('is refused with %j', (more) => {
    expect(readForeign(textOf(more)).value).toBeNull()
  })
  it('is refused where it is no JSON', () => {
    expect(readForeign('{').value).toBeNull()
  })
})

describe('results with those of other hosts', () => {
  const key = (method: string, scheme = 'w8a8'): ResultKey => ({ method, scheme }) as unknown as ResultKey
  function storeOf(kept: object | null, found: ForeignResult | null) {
    const put: unknown[][] = []
    const reused: string[] = []
    const asked: unknown[] = []
    const own = {
      get: () => Promise.resolve(kept),
      put: (...args: unknown[]) => Promise.resolve(void put.push(args))
    } as unknown as ResultStore
    const find = (one: unknown): Promise<ForeignResult | null> => {
      asked.push(one)
      return Promise.resolve(found)
    }
    const results = withForeignResults(own, find, (host) => void reused.push(host))
    return { results, put, reused, asked }
  }
  const foreign: ForeignResult = { host: 'lab', judged: textOf(), atMs: 77 }

  it('come from here first', async () => {
    const kept = { judged: {}, atMs: 1 }
    const { results, asked } = storeOf(kept, foreign)
    expect(await results.get(key('minmax'))).toBe(kept)
    expect(asked).toEqual([])
  })

  it('come from another host and are kept with its name', async () => {
    const { results, put, reused } = storeOf(null, foreign)
    expect(await results.get(key('minmax'))).toMatchObject({ judged: { images: 4 }, atMs: 77 })
    expect(put[0]!.slice(2)).toEqual([77, 'lab'])
    expect(reused).toEqual(['lab'])
  })

  it('are not taken of retrained networks, but of their float form', async () => {
    const { results, asked } = storeOf(null, foreign)
    expect(await results.get(key('retrain'))).toBeNull()
    expect(asked).toEqual([])
    expect(await results.get(key('retrain', 'float'))).not.toBeNull()
  })

  it('are none where no host has one, none can be read, or the items are others', async () => {
    expect(await storeOf(null, null).results.get(key('minmax'))).toBeNull()
    expect(await storeOf(null, { ...foreign, judged: '{}' }).results.get(key('minmax'))).toBeNull()
    const { results, put } = storeOf(null, foreign)
    expect(await results.get(key('minmax'), 5)).toBeNull()
    expect(put).toEqual([])
    expect(await results.get(key('minmax'), 4)).not.toBeNull()
  })
})
