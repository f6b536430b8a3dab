import { describe, expect, it } from 'vitest'
import { acquire } from '@core/proxy/adaptive/acquisition'
import { adaptiveEstimator, decide, type AdaptiveSpec } from '@core/proxy/adaptive/adaptive'
import { estimatorByName } from '@core/proxy/estimators/registry'
import { extractFeatures } from '@core/proxy/features'
import { takeSamples, type ShapeRows } from '@core/proxy/samples'
import { createRandom } from '@core/math/random'
import { syntheticConv } from '../syntheticSamples'

const device = syntheticConv({ shapes: 6 })
/** What acquisition.ts documents: squared exponential kernel, length scale 4 deviations, noise 5 % of the signal. */
const lengthScale = 4
const noise = 0.05

/** Solves a symmetric positive system by Gaussian elimination with pivots; columns of `right` are solved together. */
function solved(matrix: number[][], right: number[][]): number[][] {
  const rows = matrix.map((row, at) => [...row, ...right[at]!])
  for (let at = 0; at < rows.length; at++) {
    let pivot = at
    for (let row = at; row < rows.length; row++)
      if (Math.abs(rows[row]![at]!) > Math.abs(rows[pivot]![at]!)) pivot = row
    ;[rows[at], rows[pivot]] = [rows[pivot]!, rows[at]!]
    const head = rows[at]!
    for (const [other, row] of rows.entries()) {
      if (other === at) continue
      const factor = row[at]! / head[at]!
      for (let column = at; column < row.length; column++) row[column]! -= factor * head[column]!
    }
  }
  return rows.map((row, at) => row.slice(matrix.length).map((value) => value / row[at]!))
}

/** The rows that lower the weighted posterior variance most per cost, with the posterior solved as a whole each time. */
function greedily(
  pool: ShapeRows,
  measured: readonly number[],
  size: number,
  cost: Float64Array,
  doubt: Float64Array | null
): number[] {
  const { columns } = extractFeatures(pool, 'log')
  const scaled = columns.map((column) => {
    const mean = column.reduce((sum, value) => sum + value, 0) / pool.count
    const deviation = Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / pool.count)
    return [...column].map((value) => (deviation > 0 ? (value - mean) / deviation : 0))
  })
  const all = Array.from({ length: pool.count }, (_, row) => row)
  const prior = all.map((one) =>
    all.map((other) => {
      const squared = scaled.reduce((sum, column) => sum + (column[one]! - column[other]!) ** 2, 0)
      return Math.exp(-squared / (2 * lengthScale ** 2))
    })
  )
  const known = [...measured]
  const chosen: number[] = []
  while (chosen.length < size) {
    const between = known.map((row) =>
      known.map((other) => prior[row]![other]! + (row === other ? noise : 0))
    )
    const gain = solved(
      between,
      known.map((row) => prior[row]!)
    )
    const posterior = all.map((one) =>
      all.map((other) =>
        known.reduce((value, row, at) => value - prior[one]![row]! * gain[at]![other]!, prior[one]![other]!)
      )
    )
    const worth = all.map((row) => {
      const lowered = all.reduce(
        (sum, other) => sum + (doubt === null ? 1 : doubt[other]! ** 2) * posterior[row]![other]! ** 2,
        0
      )
      return known.includes(row) ? -Infinity : lowered / (posterior[row]![row]! + noise) / cost[row]!
    })
    const best = worth.indexOf(Math.max(...worth))
    known.push(best)
    chosen.push(best)
  }
  return chosen
}

describe('the choice of the next rows', () => {
  const random = createRandom(7)
  const few = takeSamples(
    device,
    random.shuffle(Int32Array.from({ length: device.count }, (_, row) => row)).slice(0, 60)
  )
  const draws = (from: number, to: number): Float64Array =>
    Float64Array.from({ length: few.count }, () => from + (to - from) * random.next())

  it.each([
    ['nothing measured, all rows alike', [], false],
    ['some measured', [3, 17, 20, 41], false],
    ['costs and doubts that differ', [0, 59], true]
  ])('is that of the posterior solved as a whole: %s', (_, measured, varies) => {
    const cost = varies ? draws(0.5, 2) : new Float64Array(few.count).fill(1)
    const doubt = varies ? draws(0.05, 0.5) : null
    const taken = Uint8Array.from({ length: few.count }, (_row, row) => (measured.includes(row) ? 1 : 0))
    const expected = greedily(few, measured, 6, cost, doubt)
    expect([...acquire(few, { taken, size: 6, seed: 1, cost, doubt })]).toEqual(expected)
  })

  it('takes every row once and then no more', () => {
    const taken = Uint8Array.from({ length: few.count }, (_, row) => (row < 55 ? 1 : 0))
    const cost = new Float64Array(few.count).fill(1)
    const rows = acquire(few, { taken, size: 9, seed: 1, cost, doubt: null })
    expect([...rows].sort((one, other) => one - other)).toEqual([55, 56, 57, 58, 59])
  })

  it('doubts a row by the disagreement of two models, the spread of the trees and 2 %', () => {
    const seconds = new Float64Array(device.count).fill(0.01)
    const spec: AdaptiveSpec = {
      pool: device,
      seconds,
      seed: 5,
      unit: 'cycles',
      firstRows: 24,
      batchRows: 12,
      choose: 'uncertain',
      judge: null
    }
    const rows = Int32Array.from({ length: 40 }, (_, at) => (at * 11) % device.count)
    const samples = takeSamples(device, rows)
    const model = adaptiveEstimator.fit(samples, { seed: 5 })
    const rival = estimatorByName('residual:physicsPair+extraTrees').fit(samples, { seed: 5 })
    const [one, other, spread] = [model.predict(device), rival.predict(device), model.deviation!(device)]
    const doubt = one.map((time, row) => Math.abs(Math.log(other[row]! / time)) + spread![row]! + 0.02)
    const taken = new Uint8Array(device.count)
    for (const row of rows) taken[row] = 1
    const expected = acquire(device, { taken, size: 12, seed: 5, cost: seconds, doubt })
    const state = { rows, time: Float64Array.from(rows, (row) => device.time[row]!) }
    expect([...decide(spec, state).next]).toEqual([...expected])
    const certain = acquire(device, {
      taken,
      size: 12,
      seed: 5,
      cost: seconds,
      doubt: doubt.map((value) => value + 1)
    })
    expect([...certain]).not.toEqual([...expected])
  })
})
