import { describe, expect, it } from 'vitest'
import { createFloatDecoder } from '@core/lm/floatDecoder'
import { headValues, observeRanges } from '@core/lm/integer/ranges'
import { randomLm, tinyConfig } from '../../../../support/randomLm'

const model = randomLm(tinyConfig, 5)
/** Small values everywhere: none reaches 1. */
const quiet = { ...model, embedding: model.embedding.map((value) => value / 1000) }

/** Every observed row by tensor and layer, in order. */
function rowsOf(of: typeof model, documents: readonly number[][]): Map<string, number[][]> {
  const rows = new Map<string, number[][]>()
  const decoder = createFloatDecoder(of, (tensor, layer, values) => {
    const key = `${tensor} ${layer}`
    rows.set(key, [...(rows.get(key) ?? []), [...values]])
  })
  for (const tokens of documents) {
    decoder.reset()
    for (const token of tokens) decoder.step(token)
  }
  return rows
}
const largestOf = (rows: number[][]): number => Math.max(...rows.flat().map(Math.abs))

describe('ranges of a decoder over documents', () => {
  it('are all values in order, the largest of either sign and mean squares by column', () => {
    const documents = [
      [1, 200, 45],
      [1, 7]
    ]
    const found = observeRanges(model, documents, 100)
    const rows = rowsOf(model, documents)
    for (const [key, own] of rows) {
      const [tensor, layer] = key.split(' ') as [Parameters<typeof found.values>[0], string]
      if (tensor === 'residual') continue
      expect([...found.values(tensor, Number(layer))], key).toEqual(own.flat())
      expect(found.largest(tensor, Number(layer)), key).toBe(largestOf(own))
      const means = found.meanSquares(tensor, Number(layer))
      expect(means[1]).toBeCloseTo(own.reduce((sum, row) => sum + row[1]! ** 2, 0) / 5, 9)
    }
    expect(found.residual).toBe(largestOf(rows.get('residual -1')!))
  })

  it('are small where values are', () => {
    const found = observeRanges(quiet, [[1, 200]], 100)
    const rows = rowsOf(quiet, [[1, 200]]).get('residual -1')!
    expect(found.residual).toBe(largestOf(rows))
    expect(found.residual).toBeGreaterThan(0)
  })

  it('stop after so many tokens, and need one', () => {
    const found = observeRanges(
      model,
      [
        [1, 200, 45],
        [1, 7]
      ],
      4
    )
    const rows = rowsOf(model, [[1, 200, 45], [1]])
    const [key] = [...rows.keys()].filter((one) => !one.startsWith('residual'))
    const [tensor, layer] = key!.split(' ') as [Parameters<typeof found.values>[0], string]
    expect(found.values(tensor, Number(layer))).toHaveLength(rows.get(key!)!.flat().length)
    expect(() => observeRanges(model, [[]], 4)).toThrow('no text')
    expect(() => observeRanges(model, [[1]], 0)).toThrow('no text')
  })

  it.each([NaN, Infinity, -Infinity])('refuse the value %d with its token', (value) => {
    const embedding = model.embedding.slice()
    embedding[7 * model.config.dim] = value
    const broken = { ...model, embedding }
    expect(() => observeRanges(broken, [[1, 200, 45]], 100)).not.toThrow()
    expect(() =>
      observeRanges(
        broken,
        [
          [1, 200, 45],
          [1, 7]
        ],
        100
      )
    ).toThrow(
      expect.objectContaining({
        code: 'model.invalid',
        message: 'The values "residual" are infinite or not numbers (NaN) at calibration token 5.'
      })
    )
  })

  it('of one head are its columns', () => {
    const values = Float64Array.from({ length: 12 }, (_, at) => at)
    expect([...headValues(values, 6, 1, 2)]).toEqual([2, 3, 8, 9])
    expect([...headValues(values, 6, 0, 3)]).toEqual([0, 1, 2, 6, 7, 8])
  })
})
