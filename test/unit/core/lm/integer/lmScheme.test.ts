import { describe, expect, it } from 'vitest'
import {
  checkLmScheme,
  formatLmScheme,
  parseLmScheme,
  uniformLmScheme
} from '../../../../../src/core/lm/integer/lmScheme'
import { tinyConfig } from '../../../../support/randomLm'

const parse = (text: string) => parseLmScheme(text, tinyConfig)

describe('schemes of a decoder', () => {
  it('reads one word for everything', () => {
    expect(parse('w4a8')).toEqual(uniformLmScheme(tinyConfig, 4, 8, 8))
  })

  it('reads exceptions by matrix, by layer, by both, of classifier and cache; later ones win', () => {
    const { layers, classifier, cacheBits } = parse('w4a8, w2=w2a4, 1=w8a8, 1.wo=w1a4, cls=w8a8, kv=4')
    expect(layers[0].w2).toEqual({ weightBits: 2, activationBits: 4 })
    expect(layers[1].w2).toEqual({ weightBits: 8, activationBits: 8 })
    expect(layers[1].wo).toEqual({ weightBits: 1, activationBits: 4 })
    expect(layers[0].wo).toEqual({ weightBits: 4, activationBits: 8 })
    expect(classifier).toEqual({ weightBits: 8, activationBits: 8 })
    expect(cacheBits).toBe(4)
  })

  it.each(['w8a8', 'w4a4,kv=4', 'w4a8,0.w2=w1a4,1.wo=w2a8,cls=w8a8,kv=4'])('writes %s as it is', (text) => {
    expect(formatLmScheme(parse(text))).toBe(text)
  })

  it.each([
    '',
    'w3a8',
    'w8a2',
    'w8a8,kv=2',
    'w8a8,2.wo=w4a8',
    'w8a8,wx=w4a8',
    'w8a8,0.=w4a8',
    'w8a8,=w4a8',
    'w8a8,wo',
    'w8a8,wo=w4a8=w4a8',
    'w8a8,99999999999.wo=w4a8',
    'w8a8,wq=w4a4',
    'w8a8,0.w3=w4a4'
  ])('refuses "%s"', (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'scheme.invalid' }))
  })

  it('refuses a scheme of another model', () => {
    const scheme = uniformLmScheme({ ...tinyConfig, layers: 3 }, 8, 8, 8)
    expect(() => checkLmScheme(scheme, tinyConfig)).toThrow(/3 layers, the model 2/)
  })
})
