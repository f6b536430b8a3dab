import { describe, expect, it } from 'vitest'
import { allowedOf, checkAllowed } from '@core/search/allowedBits'

const layers = ['conv1', 'fc1', 'fc2']

describe('widths that a search may use', () => {
  it('are the general ones but where a layer is pinned; the input keeps its own', () => {
    const pins = [
      { layer: 'fc1', weightBits: [2] as const },
      { layer: 'fc2', weightBits: [8] as const, activationBits: [8] as const }
    ]
    const allowed = allowedOf(layers, [4, 2], pins)
    expect(allowed).toEqual([
      { layer: 'conv1', weightBits: [4, 2] },
      { layer: 'fc1', activationBits: [4, 2] },
      { layer: 'fc2' },
      ...pins
    ])
    expect(() => checkAllowed(allowed, layers)).not.toThrow()
    expect(allowedOf(layers, null, pins)).toEqual(pins)
  })

  it('refuses a layer that is pinned twice, and an input of other than 8 bits', () => {
    const refuse = (allowed: Parameters<typeof checkAllowed>[0], message: RegExp): void =>
      expect(() => checkAllowed(allowed, layers)).toThrowError(
        expect.objectContaining({
          code: 'search.invalid',
          message: expect.stringMatching(message),
          hint: expect.stringMatching(/./)
        })
      )
    refuse(
      [
        { layer: 'fc1', weightBits: [8] },
        { layer: 'fc1', weightBits: [2] }
      ],
      /weights of layer "fc1" are given twice/
    )
    refuse([{ layer: 'conv1', activationBits: [4] }], /"conv1" are the input, which has 8 bits/)
    expect(() => checkAllowed([{ layer: 'conv1', activationBits: [4, 8] }], layers)).not.toThrow()
    expect(() => checkAllowed([], [])).not.toThrow()
  })
})
