import { describe, expect, it } from 'vitest'
import { parsePhaseLine } from '../../../../src/core/gpu/phaseMarks'
import { readRunnerLine, requireProtocol } from '../../../../src/core/workload/protocol'

describe('the protocol of runners', () => {
  it("reads the phase line that the GPU recorder reads, with or without the runner's clock", () => {
    const line = '{"event":"phase","name":"fp16","state":"begin","repetitions":64}'
    expect(readRunnerLine(line)).toEqual({
      kind: 'event',
      event: { event: 'phase', name: 'fp16', state: 'begin', repetitions: 64 }
    })
    const timed = '{"event":"phase","name":"layer:h.0","state":"end","repetitions":64,"ns":123456789}'
    expect(readRunnerLine(timed)).toMatchObject({ kind: 'event', event: { ns: 123456789 } })
    expect(parsePhaseLine(timed)).toEqual({ name: 'layer:h.0', state: 'end', repetitions: 64 })
  })

  it('passes on what is no event, and names events that it does not know', () => {
    expect(readRunnerLine('Loading weights: 100%')).toEqual({ kind: 'output', text: 'Loading weights: 100%' })
    expect(readRunnerLine('{"event":')).toEqual({ kind: 'output', text: '{"event":' })
    expect(readRunnerLine('{"event":3}')).toEqual({ kind: 'output', text: '{"event":3}' })
    expect(readRunnerLine('{"event":"temperature","c":50}')).toEqual({ kind: 'unknown', name: 'temperature' })
  })

  it('fills in what may be left out', () => {
    const line = '{"event":"layer","id":"a","type":"ffn","class":"Gemm","parameters":6,"macs":12}'
    expect(readRunnerLine(line)).toMatchObject({
      event: { calls: 1, inputShapes: [], sharedWith: [] }
    })
  })

  it('refuses a known event with a wrong field, and says which', () => {
    expect(() => readRunnerLine('{"event":"phase","name":"a","state":"start"}')).toThrow(
      /"phase" event: state/
    )
    const both = { event: 'predictions', name: 'a', rows: 1, columns: 1, values: [0], file: 'f' }
    expect(() => readRunnerLine(JSON.stringify(both))).toThrow(/values or file/)
    expect(() => readRunnerLine(JSON.stringify({ ...both, values: undefined, file: undefined }))).toThrow()
  })

  it('refuses another version', () => {
    expect(() => requireProtocol(1)).not.toThrow()
    expect(() => requireProtocol(2)).toThrow(/version 2/)
  })
})
