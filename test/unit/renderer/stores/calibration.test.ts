import { expect, it } from 'vitest'
import { useCalibrations } from '@renderer/stores/calibration'
import { withClient } from './withClient'

it('lists calibrations that cannot be read, and forgets one by its board and network', async () => {
  let stored = ['b1', 'b2'].map((boardId) => ({
    id: `m on ${boardId}`,
    boardId,
    modelId: 'm',
    problem: 'unit: Required'
  }))
  withClient({
    'proxy.calibrations': () => ({ calibrations: [], unreadable: stored }),
    'proxy.forgetCalibration': ({ boardId, modelId }) => {
      stored = stored.filter((row) => row.boardId !== boardId || row.modelId !== modelId)
      return { ok: true }
    }
  })
  const store = useCalibrations()
  await store.load.run()
  expect(store.unreadable.map(({ id }) => id)).toEqual(['m on b1', 'm on b2'])
  await store.forgetAll.run([store.unreadable[0]!])
  expect(store.unreadable.map(({ id }) => id)).toEqual(['m on b2'])
})
