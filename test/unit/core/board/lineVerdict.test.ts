import { describe, expect, it } from 'vitest'
import { echoLineMs, judgeLine } from '@core/board/lineVerdict'

describe('the judgement of a line', () => {
  it('knows what a line needs', () => {
    // (1024 + 16) bytes of ten bits, there and back, at 115200 bits per second.
    expect(echoLineMs(1_024, 115_200)).toBeCloseTo(180.56, 1)
    expect(echoLineMs(1_024, null)).toBe(0)
  })

  it('is good when echoes come as line and network allow', () => {
    const echoes = [
      { sizeBytes: 1, medianMs: 55, lineMs: 3 },
      { sizeBytes: 1_024, medianMs: 240, lineMs: 180 }
    ]
    expect(judgeLine(echoes, 50)).toMatchObject({ isGood: true, hint: null })
    expect(judgeLine(echoes, null)).toMatchObject({ isGood: false, text: expect.stringContaining('60 ms') })
  })

  it('names what to change: at the server of a network console, else at the adapter', () => {
    const echoes = [{ sizeBytes: 1_024, medianMs: 140, lineMs: 10 }]
    expect(judgeLine(echoes, 1)).toMatchObject({
      text: expect.stringContaining('129 ms'),
      hint: expect.stringContaining('tcp(nodelay)')
    })
    expect(judgeLine(echoes, null).hint).toContain('latency_timer')
  })
})
