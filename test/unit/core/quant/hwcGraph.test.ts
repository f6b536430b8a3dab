import { describe, expect, it } from 'vitest'
import { weightsOfNode } from '@core/quant/hwcGraph'

describe('weightsOfNode', () => {
  const weights = [null, Float32Array.of(1, -2), null]

  it('returns the weights of a node that has some', () => {
    expect(weightsOfNode(weights, 1)).toBe(weights[1])
  })

  it('names the node that has none', () => {
    expect(() => weightsOfNode(weights, 2)).toThrow(new RangeError('node 2 has no weights'))
  })
})
