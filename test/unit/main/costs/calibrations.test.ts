import { describe, expect, it } from 'vitest'
import { createCalibrations } from '@main/costs/calibrations'
import { createCalibrationStore } from '@main/costs/calibrationStore'
import { createJobService } from '@main/jobs/jobService'
import { proxyMigrations } from '@main/proxy/proxyStore'
import { openStore } from '@main/store/store'
import { proxyContract } from '@shared/contract/proxy'
import { AppError } from '@shared/errors'

const callContext = { signal: new AbortController().signal }

async function service() {
  const sql = await openStore({ file: ':memory:', migrations: [proxyMigrations] })
  const calibrationStore = createCalibrationStore(sql)
  let ids = 0
  const jobs = createJobService({ emit: () => undefined, nowMs: () => 0, newId: () => `id${++ids}` })
  const events: string[] = []
  const { handlers } = createCalibrations({
    jobs,
    calibrationStore,
    emit: (event, payload) => {
      proxyContract.events[event].parse(payload)
      events.push(event)
    },
    nowMs: () => 5,
    runNetwork: async ({ bits, boardId }) => {
      if (boardId === 'broken') throw new AppError('deploy.mismatch', 'Outputs differ.', 'Look.')
      const measured = bits === 8 ? 1100 : 300
      return {
        boardName: 'Board one',
        modelName: 'net',
        unit: 'cycles',
        origin: 'measured',
        buildId: 7,
        measured
      }
    },
    predictPoints: async (boardId) =>
      boardId === 'b1' ? { fewest: 100, most: 500 } : { fewest: null, most: null }
  })
  return { sql, calibrationStore, jobs, events, call: handlers, close: () => sql.close() }
}

describe('a stored calibration that no longer fits', () => {
  it('is listed with what is wrong, predicts nothing, and leaves the others alone', async () => {
    const { calibrationStore, sql, call, jobs, close } = await service()
    await call['proxy.calibrate']({ boardId: 'b1', modelId: 'm', images: 2 }, callContext)
    await call['proxy.calibrate']({ boardId: 'b2', modelId: 'm', images: 2 }, callContext)
    await jobs.idle()
    await sql.run(`UPDATE proxy_calibration SET calibration = '{"boardId":"b2"}' WHERE board_id = 'b2'`)
    const listed = proxyContract.commands['proxy.calibrations'].out.parse(
      await call['proxy.calibrations']({}, callContext)
    )
    expect(listed.calibrations.map(({ boardId }) => boardId)).toEqual(['b1'])
    expect(listed.unreadable).toEqual([
      { id: 'm on b2', boardId: 'b2', modelId: 'm', problem: expect.stringMatching(/^boardName: /) }
    ])
    expect(await calibrationStore.points('b2', 'm', 'cycles', 7)).toBeNull()
    expect(await calibrationStore.points('b1', 'm', 'cycles', 7)).toEqual({ fewest: 300, most: 1100 })
    await close()
  })
})

describe('two-point calibration', () => {
  it('measures two whole networks, keeps the points and uses them for this firmware and unit alone', async () => {
    const { calibrationStore, call, jobs, events, close } = await service()
    await call['proxy.calibrate']({ boardId: 'b1', modelId: 'm', images: 2 }, callContext)
    await call['proxy.calibrate']({ boardId: 'b2', modelId: 'm', images: 2 }, callContext)
    await call['proxy.calibrate']({ boardId: 'broken', modelId: 'm', images: 2 }, callContext)
    await jobs.idle()
    expect(jobs.list().map((job) => job.state)).toEqual(['done', 'done', 'failed'])
    expect(events).toEqual(['proxy.calibrated', 'proxy.calibrated'])
    const { calibrations } = proxyContract.commands['proxy.calibrations'].out.parse(
      await call['proxy.calibrations']({}, callContext)
    )
    const known = calibrations.find(({ boardId }) => boardId === 'b1')!
    expect(known).toMatchObject({ images: 2, buildId: 7, line: { factor: 2, constant: 100 } })
    expect(known.most).toEqual({ bits: 8, measured: 1100, predicted: 500 })
    // Without proxies the points are kept; there is no line yet.
    expect(calibrations.find(({ boardId }) => boardId === 'b2')!.line).toBeNull()
    const points = { fewest: 300, most: 1100 }
    expect(await calibrationStore.points('b1', 'm', 'cycles', 7)).toEqual(points)
    expect(await calibrationStore.points('b1', 'm', 'cycles', null)).toEqual(points)
    expect(await calibrationStore.points('b1', 'm', 'cycles', 8)).toBeNull()
    expect(await calibrationStore.points('b1', 'm', 'instructions', 7)).toBeNull()
    expect(await calibrationStore.points('b1', 'other', 'cycles', 7)).toBeNull()
    await call['proxy.forgetCalibration']({ boardId: 'b1', modelId: 'm' }, callContext)
    expect((await call['proxy.calibrations']({}, callContext)).calibrations).toHaveLength(1)
    await close()
  })
})
