import { describe, expect, it } from 'vitest'
import { AppError } from '@shared/errors'
import {
  checkScheme,
  isBits,
  isKernelBits,
  kernelScheme,
  parseScheme,
  schemeKey,
  uniformScheme
} from '@core/quant/scheme'

const layers = ['a', 'b', 'c']

const refusal = (work: () => unknown): AppError => {
  try {
    work()
  } catch (error) {
    return AppError.from(error)
  }
  throw new Error('nothing was thrown')
}

describe('scheme', () => {
  it('reads one pair for all layers but keeps the input at 8 bits', () => {
    expect(parseScheme('w2a4', layers)).toEqual([
      { layer: 'a', weightBits: 2, activationBits: 8 },
      { layer: 'b', weightBits: 2, activationBits: 4 },
      { layer: 'c', weightBits: 2, activationBits: 4 }
    ])
    expect(parseScheme('int8', layers)).toEqual(uniformScheme(layers, 8, 8))
  })

  it('knows every width from 1 to 8', () => {
    expect(parseScheme('w3a8,w5a6,w7a1', layers).map(({ weightBits }) => weightBits)).toEqual([3, 5, 7])
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2.5].filter(isBits)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect([1, 2, 3, 4, 5, 6, 7, 8].filter(isKernelBits)).toEqual([1, 2, 4, 8])
  })

  it('takes widths without kernels up to the next one that has them', () => {
    expect(schemeKey(kernelScheme(parseScheme('w3a8,w5a6,w7a1', layers)))).toBe('w4a8,w8a8,w8a1')
    expect(schemeKey(kernelScheme(parseScheme('w1a8,w2a4,w8a2', layers)))).toBe('w1a8,w2a4,w8a2')
  })

  it('reads back its own key', () => {
    const scheme = parseScheme('w8a8, w1a2,w4a1', layers)
    expect(schemeKey(scheme)).toBe('w8a8,w1a2,w4a1')
    expect(parseScheme(schemeKey(scheme), layers)).toEqual(scheme)
  })

  it.each([
    ['w9a8', /w9a8/],
    ['w0a8', /w0a8/],
    ['w2.5a8', /w2.5a8/],
    ['w8a8,w8a8', /2 layers, the network 3/],
    ['w8a4,w8a8,w8a8', /first layer/],
    ['', /not a bit pair/]
  ])('refuses %j with a hint', (text, message) => {
    const error = refusal(() => parseScheme(text, layers))
    expect(error.code).toBe('scheme.invalid')
    expect(error.message).toMatch(message)
    expect(error.hint).not.toBe('')
  })

  it('refuses layers in another order', () => {
    const error = refusal(() => checkScheme(uniformScheme(['b', 'a', 'c'], 8, 8), layers))
    expect(error.message).toContain('"b"')
    expect(error.hint).toContain('a, b, c')
  })
})
