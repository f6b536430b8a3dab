import { describe, expect, it } from 'vitest'
import { workColumns } from '@core/proxy/features'
import { fitPhysics, predictPhysics } from '@core/proxy/physics/physics'
import { productBlocks } from '@core/proxy/physics/productBlocks'
import { shapeRows } from '@core/proxy/samples'

const rowsOf = (list: readonly (readonly number[])[]): ReturnType<typeof shapeRows> =>
  shapeRows(
    'product',
    list.map((dims) => ({ dims: [...dims], activationBits: 8, weightBits: 0 }))
  )

describe('the work of a product of two activations', () => {
  it('lies in blocks of two rows by four columns, and outside them', () => {
    const work = workColumns(
      rowsOf([
        [5, 6, 3],
        [1, 8, 10],
        [4, 8, 7]
      ])
    )
    const { blocks, leftOutputs, leftMacs, rows } = productBlocks(work)
    expect([...blocks]).toEqual([2, 0, 4])
    expect([...leftOutputs]).toEqual([14, 8, 0])
    expect([...leftMacs]).toEqual([42, 80, 0])
    expect([...rows]).toEqual([5, 1, 4])
  })

  it('is fitted so that a shape beyond whole blocks costs what its leftovers cost', () => {
    const dims: number[][] = []
    for (let n = 1; n <= 9; n += 2)
      for (let m = 3; m <= 13; m += 2) for (const k of [8, 24, 40]) dims.push([n, m, k])
    const cost = ([n, m, k]: number[]): number => {
      const inside = Math.floor(n! / 2) * Math.floor(m! / 4) * 8
      return 4 * inside * k! + 9 * (n! * m! - inside) * k! + 20 * n! * m! + 50
    }
    const samples = { ...rowsOf(dims), unit: 'cycles' as const, time: Float64Array.from(dims, cost) }
    const fit = fitPhysics(samples)
    expect(fit.terms).toBe('blocks')
    const unseen = [
      [10, 14, 16],
      [7, 10, 33]
    ]
    const predicted = predictPhysics(fit, rowsOf(unseen), 'mix')
    for (const [at, shape] of unseen.entries())
      expect(Math.abs(predicted[at]! / cost(shape) - 1)).toBeLessThan(0.05)
  })
})
