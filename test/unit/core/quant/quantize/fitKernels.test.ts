import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { choleskyInPlace } from '@core/math/cholesky'
import { createRandom } from '@core/math/random'
import { fitKernels } from '@core/quant/quantize/fitKernels'
import { fitSourceHash } from '@core/quant/quantize/fitWasm'
import { factoriseTaps } from '@core/quant/quantize/tapFactor'
import { weightScale, weightScales } from '@core/quant/quantize/weightQuantizer'

describe('the compiled loops of fitting', () => {
  it('are built from the source that is here (npm run fit-wasm)', () => {
    const source = readFileSync(path.resolve('resources/fitting/fit.c'))
    expect(createHash('sha256').update(source).digest('hex')).toBe(fitSourceHash)
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 13, 26, 51])(
    'factorise %i taps as plain loops do, bit for bit',
    (size) => {
      const random = createRandom(size)
      const root = Float64Array.from({ length: size * size }, () => random.normal())
      const matrix = Float64Array.from({ length: size * size }, (_, n) => {
        const [i, j] = [Math.floor(n / size), n % size]
        let sum = i === j ? 1 : 0
        for (let k = 0; k < size; k++) sum += root[i * size + k]! * root[j * size + k]!
        return sum
      })
      const plain = matrix.toReversed()
      expect(choleskyInPlace(plain, size)).toBe(true)
      const { rows } = factoriseTaps(size, (to) => to.set(matrix))!
      for (let i = 0; i < size; i++)
        for (let j = 0; j <= i; j++)
          expect(rows[i * size + j]).toBe(plain[(size - 1 - j) * size + (size - 1 - i)])
    }
  )

  it.each([1, 2, 3, 4, 8] as const)('choose the scales of all rows as those of one, at %i bits', (bits) => {
    const random = createRandom(bits)
    const [rows, columns] = [5, 37]
    const values = Float64Array.from({ length: rows * columns }, () => random.normal())
    values.fill(0, columns, 2 * columns)
    const weights = Float64Array.from({ length: columns }, () => random.normal() ** 2)
    const alone = Array.from({ length: rows }, (_, row) =>
      weightScale(values.subarray(row * columns, (row + 1) * columns), bits, weights)
    )
    expect(Array.from(weightScales(values, bits, weights))).toEqual(alone)
  })

  it('keep a factor that lies in their memory when that grows', () => {
    const kernels = fitKernels()
    const rows = kernels.factor(2, (matrix) => matrix.set([4, 2, 2, 5]))!
    const address = kernels.placeFactor(rows)
    const [large] = kernels.room(2 ** 20)
    expect(large).toHaveLength(2 ** 20)
    expect(Array.from(new Float64Array(large!.buffer, address, 4))).toEqual(Array.from(rows))
  })
})
