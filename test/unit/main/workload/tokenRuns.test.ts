import { describe, expect, it } from 'vitest'
import { tokenRuns } from '@main/workload/runner/tokenRuns'
import type { Subject } from '@main/workload/runner/subject'

const window = 200

/** A network of one length whose passes give zeros; a session that was released gives an error, as that of onnxruntime does. */
function fixedNetwork() {
  let open = 0
  let most = 0
  const subject = {
    network: {
      model: {
        inputs: [{ name: 'ids', elementType: 'int64', dims: [1, window] }],
        outputs: [{ name: 'scores', elementType: 'float32', dims: null }],
        ...{ initializers: [], nodes: [] }
      }
    },
    test: { test: [{ inputs: { ids: Array.from({ length: window }, (_, at) => (at < 4 ? at + 5 : 0)) } }] },
    open: () => {
      let isReleased = false
      most = Math.max(most, ++open)
      return Promise.resolve({
        run: () =>
          isReleased
            ? Promise.reject(new Error('Session already disposed.'))
            : Promise.resolve({ scores: { data: new Float32Array(4) } }),
        release: () => {
          isReleased = true
          open--
          return Promise.resolve()
        }
      })
    }
  }
  return { subject: subject as unknown as Subject, mostOpen: () => most }
}

it('keeps the sessions of all passes that are prepared together, whatever ran before', async () => {
  const { subject, mostOpen } = fixedNetwork()
  const runs = (await tokenRuns(subject))!
  expect(runs).toMatchObject({ window, isOpen: true, maxLengths: 64 })
  // Those of the third line that are open already are the oldest of all.
  const prepared = [
    [10, 31],
    [50, 33],
    [10, 64],
    [60, 64],
    [130, 64]
  ] as const
  for (const [first, count] of prepared) {
    const passes = []
    for (let at = 0; at < count; at++) passes.push(await runs.prepare(1, first + at))
    for (const pass of passes) await expect(pass()).resolves.toBeDefined()
  }
  expect(mostOpen()).toBe(64)
})

describe('a network of one length', () => {
  /** Scores of every token, as far as the input goes; `part` is added in networks of a shorter window. */
  const networkOf = (ids: number[][], part: number, dims: (number | string)[] = [1, 6]) => {
    const lengths: unknown[] = []
    let opened = 0
    const subject = {
      network: {
        model: {
          inputs: [{ name: 'ids', elementType: 'int64', dims }],
          outputs: [{ name: 'scores', elementType: 'float32', dims: null }],
          ...{ initializers: [], nodes: [] }
        }
      },
      test: { test: ids.map((one) => ({ inputs: { ids: one } })) },
      open: () => {
        const isShort = opened++ > 0
        return Promise.resolve({
          run: ({ ids: given }: { ids: { dims: number[]; data: BigInt64Array } }) => {
            lengths.push(given.dims)
            const scores = Array.from(given.data, (id) => Number(id) + (isShort ? part : 0))
            return Promise.resolve({ scores: { data: Float32Array.from(scores) } })
          },
          release: () => Promise.resolve()
        })
      }
    }
    return { subject: subject as unknown as Subject, lengths }
  }
  const padded = [9, 8, 7, 0, 0, 0]

  it('is shortened where a shorter one says the same of a sample without its padding', async () => {
    const { subject, lengths } = networkOf([padded], 0)
    expect(await tokenRuns(subject)).toMatchObject({ window: 6, isOpen: true, maxLengths: 64 })
    // Up to where the last token begins to repeat.
    expect(lengths).toEqual([
      [1, 6],
      [1, 3]
    ])
    expect(await tokenRuns(networkOf([padded], 0.0009).subject)).toMatchObject({ isOpen: true })
  })

  it('keeps its length where a shorter one says something else, or no sample is padded', async () => {
    const whole = { isOpen: false, maxLengths: Infinity }
    expect(await tokenRuns(networkOf([padded], 0.002).subject)).toMatchObject(whole)
    expect(await tokenRuns(networkOf([[1, 2, 3, 4, 5, 6]], 0).subject)).toMatchObject(whole)
    const { subject, lengths } = networkOf([padded], 1)
    const runs = (await tokenRuns(subject))!
    await (
      await runs.prepare(2, 4)
    )()
    expect(lengths.at(-1)).toEqual([2, 6])
  })

  it('is tried with the first padded sample', async () => {
    const { subject, lengths } = networkOf(
      [
        [1, 2, 3, 4, 5, 6],
        [5, 4, 0, 0, 0, 0]
      ],
      0
    )
    expect(await tokenRuns(subject)).toMatchObject({ isOpen: true })
    expect(lengths[1]).toEqual([1, 2])
  })

  it('of open length is taken as long as each pass', async () => {
    const { subject, lengths } = networkOf([padded], 0, [1, 'tokens'])
    const runs = (await tokenRuns(subject))!
    expect(runs).toMatchObject({ isOpen: true, maxLengths: Infinity })
    await (
      await runs.prepare(1, 4)
    )()
    expect(lengths).toEqual([[1, 4]])
  })

  it('is none of tokens where its input is something else, or one token long', async () => {
    expect(await tokenRuns(networkOf([[3]], 0).subject)).toBeNull()
    expect(await tokenRuns(networkOf([padded], 0, [1, 6, 2]).subject)).toBeNull()
  })
})
