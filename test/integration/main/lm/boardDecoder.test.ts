import { describe, expect, it } from 'vitest'
import { createIntegerDecoder } from '../../../../src/core/lm/integer/integerDecoder'
import { parseLmScheme } from '../../../../src/core/lm/integer/lmScheme'
import { quantizeLm } from '../../../../src/core/lm/integer/quantizeLm'
import { observeRanges } from '../../../../src/core/lm/integer/ranges'
import { argmax } from '../../../../src/core/quant/integer/runInteger'
import { loadDecoder } from '../../../../src/main/lm/boardDecoder'
import { randomLm, tinyConfig } from '../../../support/randomLm'
import { simulatedSession } from '../../../unit/main/lm/simulatedSession'

describe('a decoder loaded through a session', () => {
  it('steps as the host does, and its parts sum to the step', async () => {
    const model = randomLm(tinyConfig, 5)
    const ranges = observeRanges(model, [[1, 200, 45, 7]], 9)
    const lm = quantizeLm(model, parseLmScheme('w4a8,kv=4', tinyConfig), ranges)
    const { signal } = new AbortController()
    const decoder = await loadDecoder(simulatedSession(), lm, { signal })
    const host = createIntegerDecoder(lm)
    const cycles: number[] = []
    for (const [position, token] of [1, 200, 45].entries()) {
      const step = await decoder.step(token, position, signal)
      expect(step.token).toBe(argmax(host.step(token)))
      cycles.push(step.cycles)
    }
    const parts = await decoder.parts()
    expect(parts).toHaveLength(8 * 3)
    const sum = parts.reduce((total, value) => total + value, 0)
    // What is not counted: the call itself and the clearing of the counters.
    expect(sum).toBeLessThanOrEqual(cycles[2]!)
    expect(sum).toBeGreaterThan(0.98 * cycles[2]!)
    // A longer cache costs more.
    expect(cycles[2]).toBeGreaterThan(cycles[1]!)
    await expect(decoder.step(1, 24, signal)).rejects.toThrow(/sequence is full/)
  })
})
