import { describe, expect, it } from 'vitest'
import { acquire } from '@core/proxy/adaptive/acquisition'
import { decide, profileAdaptively, samplesOf, type AdaptiveSpec } from '@core/proxy/adaptive/adaptive'
import { takeSamples } from '@core/proxy/samples'
import { syntheticConv } from '../../../../unit/core/proxy/syntheticSamples'

const device = syntheticConv({ shapes: 14 })
const secondsOf = (row: number): number => 0.01 + device.time[row]! / 5e6
const plan: AdaptiveSpec = {
  pool: device,
  // Right in proportion, wrong in scale: the run learns it.
  seconds: Float64Array.from({ length: device.count }, (_, row) => 3 * secondsOf(row)),
  seed: 1,
  unit: 'cycles',
  firstRows: 24,
  batchRows: 12,
  choose: 'uncertain',
  judge: null
}
const board =
  (measured: number[] = [], refused: ReadonlySet<number> = new Set()) =>
  async (rows: Int32Array) => {
    measured.push(...rows)
    return {
      time: Float64Array.from(rows, (row) => (refused.has(row) ? NaN : device.time[row]!)),
      boardSeconds: rows.reduce((sum, row) => sum + secondsOf(row), 0)
    }
  }

describe('adaptive profiling', () => {
  it('stops at the target error, measuring no row twice', async () => {
    const measured: number[] = []
    const limits = { targetMape: 4, budgetSeconds: 1e9 }
    const result = await profileAdaptively(plan, limits, board(measured))
    expect(result.stopped).toBe('target')
    expect(result.steps.at(-1)!.unseenShapeMape).toBeLessThanOrEqual(4)
    expect(new Set(measured).size).toBe(measured.length)
    expect([...result.state.rows]).toEqual(measured)
  })

  it.each(['uncertain', 'uniform'] as const)('never overruns its budget (%s)', async (choose) => {
    const budgetSeconds = 4
    const result = await profileAdaptively({ ...plan, choose }, { targetMape: 0, budgetSeconds }, board())
    expect(result.stopped).toBe('budget')
    const last = result.steps.at(-1)!
    expect(last.boardSeconds).toBeGreaterThan(budgetSeconds / 2)
    expect(last.boardSeconds).toBeLessThanOrEqual(budgetSeconds)
  })

  it('ends when the pool is used up, leaving out what the board refuses', async () => {
    const few: AdaptiveSpec = {
      ...plan,
      pool: takeSamples(
        device,
        Array.from({ length: 40 }, (_, row) => row)
      ),
      choose: 'uniform'
    }
    const limits = { targetMape: 0, budgetSeconds: 1e9 }
    const result = await profileAdaptively(few, limits, board([], new Set([3, 17])))
    expect(result.stopped).toBe('exhausted')
    expect(result.state.rows.length).toBe(40)
    expect(result.steps.at(-1)!.rows).toBe(38)
    expect(samplesOf(few, result.state).count).toBe(38)
  })

  it('judges on rows of its own and decides the same for the same state', () => {
    const judge = syntheticConv({ shapes: 5, seed: 40 })
    const rows = Int32Array.from({ length: 30 }, (_, at) => at * 7)
    const state = { rows, time: Float64Array.from(rows, (row) => device.time[row]!) }
    const decision = decide({ ...plan, judge }, state)
    expect(decision.judgeMape).toBeGreaterThan(0)
    expect(decide({ ...plan, judge }, state)).toEqual(decision)
    expect(decision.next.length).toBe(plan.batchRows)
    expect([...decision.next].some((row) => rows.includes(row))).toBe(false)
    // What it is judged on does not steer it.
    expect(decide({ ...plan, judge: null }, state).next).toEqual(decision.next)
  })

  it('takes cheap rows before dear ones that tell as much, and doubtful ones before sure ones', () => {
    const taken = new Uint8Array(device.count)
    const even = new Float64Array(device.count).fill(1)
    const options = { taken, size: 12, seed: 1, cost: even, doubt: null }
    const cost = Float64Array.from(even, (_, row) => (row % 2 === 0 ? 1 : 100))
    const odd = (rows: Int32Array): number => rows.filter((row) => row % 2 === 1).length
    expect(odd(acquire(device, { ...options, cost }))).toBeLessThan(odd(acquire(device, options)))
    const doubt = Float64Array.from(even, (_, row) => (row < 64 ? 1 : 0.02))
    const first = acquire(device, { ...options, doubt }).filter((row) => row < 64).length
    expect(first).toBeGreaterThan(acquire(device, options).filter((row) => row < 64).length)
  })

  /** A run whose errors are given: only the rules for going on are left. */
  const ended = (
    errors: (number | null)[],
    limits: { targetMape: number; budgetSeconds: number },
    seconds = 1
  ) => {
    const spec = { ...plan, seconds: new Float64Array(device.count).fill(seconds) }
    let at = 0
    const measured: number[] = []
    const result = profileAdaptively(
      spec,
      limits,
      async (rows) => {
        measured.push(rows.length)
        return { time: new Float64Array(rows.length).fill(1), boardSeconds: rows.length * seconds }
      },
      {
        decideNow: () => {
          const from = measured.reduce((sum, rows) => sum + rows, 0)
          const next = Int32Array.from({ length: 10 }, (_, row) => from + row)
          return { next, unseenShapeMape: errors[Math.min(at++, errors.length - 1)]!, judgeMape: null }
        }
      }
    )
    return result.then(({ stopped, steps }) => ({ stopped, measured, steps: steps.length }))
  }

  it('goes on above the target and stops at it, on no other side', async () => {
    const limits = { targetMape: 5, budgetSeconds: 1e9 }
    expect(await ended([null, 5.01, 5.001, 5, 1], limits)).toEqual({
      stopped: 'target',
      measured: [10, 10, 10],
      steps: 3
    })
    expect(await ended([null, 4], limits)).toEqual({ stopped: 'target', measured: [10], steps: 1 })
  })

  it('takes the rows that end within the budget, the last one exactly, and not one more', async () => {
    const never = { targetMape: 0, budgetSeconds: 25 }
    expect(await ended([null, 50], never)).toEqual({ stopped: 'budget', measured: [10, 10, 5], steps: 3 })
    expect(await ended([null, 50], { ...never, budgetSeconds: 24.9 })).toMatchObject({
      measured: [10, 10, 4]
    })
  })
})
