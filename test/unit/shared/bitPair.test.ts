import { describe, expect, it } from 'vitest'
import { parseScheme, schemeKey } from '@core/quant/scheme'
import { pairOf } from '@main/cli/profile/profileOptions'
import { UsageError } from '@main/cli/framework/framework'
import { formatBitPair, parseBitPair } from '@shared/bitPair'

describe('bit pairs', () => {
  it('are written weights first, and without weights where a kernel has none', () => {
    expect(formatBitPair(4, 8)).toBe('w4a8')
    expect(formatBitPair(0, 2)).toBe('a2')
  })

  it('are read in both orders and any case', () => {
    for (const text of ['w4a8', 'a8w4', 'W4A8', ' a8W4 '])
      expect(parseBitPair(text)).toEqual({ weightBits: 4, activationBits: 8 })
    for (const text of ['', 'w4', 'a8', 'w4a8a8', 'w-4a8', '4a8', 'w4.0a8'])
      expect(parseBitPair(text)).toBeNull()
  })

  it('in either order give the same scheme, written in the one order', () => {
    expect(schemeKey(parseScheme('a8w4,w2a8', ['one', 'two']))).toBe('w4a8,w2a8')
    expect(schemeKey(parseScheme('a4w2', ['one', 'two']))).toBe('w2a8,w2a4')
  })

  it('with widths there are not are refused', () => {
    expect(pairOf('a8w4')).toEqual({ weightBits: 4, activationBits: 8 })
    for (const text of ['w3a8', 'w8a16', 'int8']) expect(() => pairOf(text)).toThrow(UsageError)
  })
})
