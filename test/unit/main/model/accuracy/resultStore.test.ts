import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Judged } from '@main/model/modelTasks'
import { createResultStore, resultMigrations, type ResultKey } from '@main/model/accuracy/resultStore'
import { openStore, type Store } from '@main/store/store'

const key: ResultKey = { modelId: 'm', dataSetId: 'd', split: 'search', method: 'ptq', scheme: 'float' }
const judged: Judged = {
  images: 3,
  correct: 2,
  accuracy: 2 / 3,
  metrics: { accuracy: 2 / 3 },
  right: Uint8Array.of(1, 0, 1),
  kl: 0.25,
  crossEntropy: NaN,
  mse: 0.5,
  fittedOn: { items: 64, available: 512 },
  durationMs: 12
}
let store: Store

beforeEach(async () => {
  store = await openStore({ file: ':memory:', migrations: [resultMigrations] })
})
afterEach(() => store.close())

it('returns a result as it was put, numbers that are none included', async () => {
  const results = createResultStore(store)
  await results.put(key, judged, 1000)
  expect(await results.get(key)).toEqual({ judged, atMs: 1000 })
  expect(await results.list('m')).toEqual([{ ...key, judged, atMs: 1000 }])
})

it.each([
  ['no JSON', 'half a rec'],
  ['a field missing', JSON.stringify({ images: 3, correct: 2 })],
  ['bytes that are no base64', JSON.stringify({ ...judged, right: 'not base64 at all!' })]
])('leaves out a row with %s, which is then computed again', async (_, text) => {
  const results = createResultStore(store)
  await results.put(key, judged, 1000)
  await store.run('UPDATE result SET judged = $1', [text])
  expect(await results.get(key)).toBeNull()
  expect(await results.list('m')).toEqual([])
})

it('reads results of versions that kept no number of calibration items', async () => {
  const results = createResultStore(store)
  await results.put(key, judged, 1000)
  const { fittedOn: _fittedOn, ...older } = judged
  const text = JSON.stringify({ ...older, right: Buffer.from(judged.right).toString('base64') })
  await store.run('UPDATE result SET judged = $1', [text])
  expect((await results.get(key))?.judged.fittedOn).toBeNull()
})
