import { describe, expect, it } from 'vitest'
import { assembleTransfer } from '@core/estimator/transfer/assemble'
import { calibrationDesigns, chooseCalibrationRows } from '@core/estimator/transfer/calibrationRows'
import type { StageSample } from '@core/estimator/samples/stageSample'

/** 64 configurations; the target takes twice the time and, for tall ones alone, a part the source does not show. */
const sample = (width: number, height: number, factor: number): StageSample => ({
  knobs: { width, height },
  stages: { work: factor * (1 + width * height) + (factor > 1 && height > 6 ? 40 : 0) },
  dataSet: 'made',
  origin: 'simulated'
})
const grid = (factor: number): StageSample[] =>
  Array.from({ length: 64 }, (_, at) => sample(1 + (at % 8), 1 + Math.floor(at / 8), factor))
const { problem, pool } = assembleTransfer({ source: grid(1), target: grid(2) })

describe('choice of calibration configurations', () => {
  it.each(calibrationDesigns)(
    '%s gives n different rows of the pool, the same for the same seed',
    (design) => {
      const rows = chooseCalibrationRows(design, problem, pool, 16, 5)
      expect(new Set(rows).size).toBe(16)
      expect(rows.every((row) => pool.includes(row))).toBe(true)
      expect(chooseCalibrationRows(design, problem, pool, 16, 5)).toEqual(rows)
    }
  )

  it('a space-filling choice keeps its rows farther apart than any random draw does', () => {
    const closest = (rows: Int32Array): number => {
      const points = Array.from(rows, (row) => [1 + (row % 8), 1 + Math.floor(row / 8)].map(Math.log))
      const distances = points.flatMap((a, at) =>
        points.slice(at + 1).map((b) => Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!))
      )
      return Math.min(...distances)
    }
    const drawn = Array.from({ length: 20 }, (_, seed) =>
      closest(chooseCalibrationRows('random', problem, pool, 8, seed))
    )
    for (const seed of [1, 2, 3])
      expect(closest(chooseCalibrationRows('spaceFilling', problem, pool, 8, seed))).toBeGreaterThan(
        Math.max(...drawn)
      )
  })

  it('doubt never reads a time of a row that it has not chosen', () => {
    const read = new Set<number>()
    const watched = problem.target.map(
      (times) =>
        new Proxy(times, {
          get(array, key) {
            if (typeof key === 'string' && /^\d+$/.test(key)) read.add(Number(key))
            const value = Reflect.get(array, key, array) as unknown
            return typeof value === 'function' ? (value.bind(array) as unknown) : value
          }
        })
    )
    const rows = chooseCalibrationRows('doubt', { ...problem, target: watched }, pool, 12, 1)
    expect(read.size).toBeGreaterThan(0)
    for (const row of read) expect(rows).toContain(row)
  })

  it('chooses every row where n is their number, equal ones included', () => {
    const equal = assembleTransfer({ source: grid(1).slice(0, 4), target: grid(2).slice(0, 4) })
    const rows = chooseCalibrationRows('spaceFilling', equal.problem, equal.pool, 4, 1)
    expect(Array.from(rows).sort()).toEqual([0, 1, 2, 3])
  })
})
