import { describe, expect, it } from 'vitest'
import { encodeFrame } from '@core/board/frame'
import { opcodes, responseFlag } from '@core/board/protocol'
import { echoLineMs, judgeLine } from '@core/board/lineVerdict'

describe('the judgement of a line', () => {
  it('knows what a line needs', () => {
    // A request of 7 + 1024 + 4 bytes and a response with a status byte more, ten bits each, at 115200 bits per second.
    expect(echoLineMs(1_024, 115_200)).toBeCloseTo(((1_035 + 1_036) * 10_000) / 115_200, 9)
    const request = encodeFrame(1, opcodes.echo, new Uint8Array(1_024))
    const response = encodeFrame(1, opcodes.echo | responseFlag, new Uint8Array(1_025))
    expect([request.length, response.length]).toEqual([1_035, 1_036])
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
