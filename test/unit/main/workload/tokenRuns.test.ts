import { expect, it } from 'vitest'
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
