import { describe, expect, it } from 'vitest'
import { handedOver, handOver } from '@main/threads/handOver'

describe('arrays that move between threads', () => {
  it('are each moved once, and only those that were named', () => {
    const [large, small] = [new Int8Array(64), new Int8Array(8)]
    const output = handOver({ large, half: large.subarray(32), small }, [large, large.subarray(32)])
    expect(handedOver(output)).toEqual([large.buffer])
    const moved = structuredClone(output, { transfer: handedOver(output) })
    expect([moved.large.length, moved.half.length, moved.small.length]).toEqual([64, 32, 8])
    expect([large.length, small.length]).toEqual([0, 8])
  })

  it.each([null, undefined, 3, 'text', {}])('are none of %s', (output) => {
    expect(handedOver(output)).toEqual([])
  })
})
