import { describe, expect, it } from 'vitest'
import { isFittedExtent, fittedExtentOf, outsideOf } from '@core/proxy/fit/fittedExtent'
import { fitProxy, proxyFromJson } from '@core/proxy/fit/proxy'
import { noBits, shapeRows, type LayerShape, type SampleTable } from '@core/proxy/samples'

const layer = (dims: number[], weightBits = 8, activationBits = 8): LayerShape => ({
  dims,
  weightBits,
  activationBits
})
const measured = shapeRows('matmul', [layer([1, 10, 84], 8, 4), layer([16, 64, 256], 2, 8)])

describe('the range that a proxy was fitted on', () => {
  it('holds least and largest of each size and the widths of each operand', () => {
    expect(fittedExtentOf(measured)).toEqual({
      dims: [
        [1, 16],
        [10, 64],
        [84, 256]
      ],
      weightBits: [8, 2],
      activationBits: [8, 4]
    })
  })

  it.each([
    ['a layer at its bounds', layer([16, 10, 256], 2, 4), []],
    ['a size above', layer([1, 10, 784]), ['K 784 above 256']],
    ['a size below', layer([1, 9, 84]), ['M 9 below 10']],
    ['widths of both operands', layer([1, 10, 84], 4, 1), ['4 bits of weights', '1 bit of activations']]
  ])('names what is not in it: %s', (_, shape, outside) => {
    expect(outsideOf(fittedExtentOf(measured), shapeRows('matmul', [shape]), 0)).toEqual(outside)
  })

  it('asks no width of an operand that a kernel does not have', () => {
    const pools = shapeRows('maxPool', [layer([4, 4, 8, 2, 2], noBits, 8)])
    expect(outsideOf(fittedExtentOf(pools), pools, 0)).toEqual([])
  })

  it('stays with the proxy in its file; a file without it does not know', () => {
    const rows = shapeRows(
      'matmul',
      [8, 16, 24, 32, 40, 48].map((size) => layer([4, size, size]))
    )
    const samples: SampleTable = {
      ...rows,
      unit: 'cycles',
      time: rows.dims[1].map((size) => 9 * size * size)
    }
    const json: unknown = JSON.parse(
      JSON.stringify(fitProxy(samples, { kernel: 'matmul', estimator: 'bopsLinear', seed: 1 }).toJSON())
    )
    const asked = shapeRows('matmul', [layer([4, 64, 48])])
    expect(proxyFromJson(json).outside(asked, 0)).toEqual(['M 64 above 48'])
    const old = { ...(json as object), measured: undefined }
    expect(proxyFromJson(old).outside(asked, 0)).toBeNull()
    const spoilt = { ...(json as object), measured: { dims: [[1]], weightBits: [], activationBits: [] } }
    expect(() => proxyFromJson(spoilt)).toThrow('not a proxy')
  })

  it.each([[null], ['8'], [{}], [{ dims: [[1, 2]], weightBits: ['8'], activationBits: [] }]])(
    'is not read from %j',
    (value) => expect(isFittedExtent(value)).toBe(false)
  )
})
