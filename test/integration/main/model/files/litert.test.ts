import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openLiteRt, type LiteRt } from '../../../../support/litert'
import { compareCodesWithLiteRt, compareFloatWithLiteRt } from '../../../../support/litertAgreement'

/** Some of the files of `npm run fuzz:tflite`; what counts as equal stands there. */
describe('random TFLite files against LiteRT', () => {
  let litert: LiteRt | string = ''
  beforeAll(async () => {
    litert = await openLiteRt()
  }, 120_000)
  afterAll(async () => {
    if (typeof litert !== 'string') await litert.close()
  })

  it.for([
    ['in float32', compareFloatWithLiteRt],
    ['between codes', compareCodesWithLiteRt]
  ] as const)('agree %s', { timeout: 120_000 }, async ([, compare], { skip }) => {
    if (typeof litert === 'string') return skip(litert)
    const counts = { equal: 0, other: 0 }
    for (let seed = 1; seed <= 30; seed++) {
      const { kind, message, operators } = await compare(litert, seed)
      expect(kind, `seed ${seed} ${operators}: ${message}`).not.toBe('wrong')
      counts[kind === 'equal' ? 'equal' : 'other']++
    }
    expect(counts.equal).toBeGreaterThan(24)
  })
})
