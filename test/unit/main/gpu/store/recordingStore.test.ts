import { afterEach, expect, it } from 'vitest'
import { createGpuStore } from '@main/gpu/store/gpuStore'
import { gpuMigrations } from '@main/gpu/store/gpuTables'
import { createRecordingStore } from '@main/gpu/store/recordingStore'
import { openStore, type Store } from '@main/store/store'
import { sampleRecording } from '../../../../e2e/support/sampleGpu'

let store: Store
afterEach(() => store.close())

const open = async (): Promise<void> => {
  store = await openStore({ file: ':memory:', migrations: [gpuMigrations] })
}
const insert = (id: string, state: string, details: unknown): Promise<void> =>
  store.run('INSERT INTO gpu_recording (id, started_at_ms, state, details) VALUES ($1, 5, $2, $3)', [
    id,
    state,
    JSON.stringify(details)
  ])

it('lists what it can read beside rows that no longer fit, also ones that were running', async () => {
  await open()
  await insert('good', 'done', { ...sampleRecording, id: 'good' })
  await insert('bad', 'done', { ...sampleRecording, id: 'bad', title: null })
  await insert('worse', 'running', 'gone')
  const recordings = createRecordingStore(store)
  expect((await recordings.list()).map(({ id }) => id)).toEqual(['good'])
  expect((await recordings.unreadable()).map(({ id, startedAtMs }) => [id, startedAtMs])).toEqual(
    expect.arrayContaining([
      ['bad', 5],
      ['worse', 5]
    ])
  )
  expect((await recordings.unreadable()).find(({ id }) => id === 'bad')?.problem).toMatch(/^title: /)
  await expect(recordings.get('bad')).rejects.toMatchObject({ code: 'store.corrupt' })
  await expect(recordings.get('absent')).rejects.toMatchObject({ code: 'energy.noRecording' })
})

it('deletes a recording that cannot be read', async () => {
  await open()
  await insert('bad', 'done', {})
  const recordings = createGpuStore(store)
  await recordings.delete('bad')
  expect(await recordings.unreadable()).toEqual([])
  await expect(recordings.delete('bad')).rejects.toMatchObject({ code: 'energy.noRecording' })
})

it('reads recordings that were stored before counters, MIG and clock locks were known', async () => {
  await open()
  const { counter, cpuCounter, migGpus, clockLock, strangers, ...old } = sampleRecording
  await insert('old', 'done', { ...old, id: 'old' })
  const recording = await createRecordingStore(store).get('old')
  expect([recording.counter.state, recording.cpuCounter.state]).toEqual(['unavailable', 'unavailable'])
  expect([recording.migGpus, recording.clockLock, recording.strangers]).toEqual([[], null, []])
  expect([counter, cpuCounter, migGpus, clockLock, strangers]).not.toContain(undefined)
})
