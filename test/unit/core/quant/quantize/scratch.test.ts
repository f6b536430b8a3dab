import { describe, expect, it } from 'vitest'
import { createScratch } from '@core/quant/quantize/scratch'

describe('memory that is used again', () => {
  it('gives a buffer again only after it was given back, to whoever fits into it', () => {
    const scratch = createScratch()
    const first = scratch.reals(10)
    const second = scratch.bytes(40)
    expect(second.buffer).not.toBe(first.buffer)
    scratch.giveBack(first)
    const again = scratch.bytes(12)
    expect([again.buffer === first.buffer, again.length]).toEqual([true, 12])
    expect(scratch.bytes(12).buffer).not.toBe(first.buffer)
    scratch.giveBack(again)
    expect(scratch.bytes(41).buffer).not.toBe(first.buffer)
  })

  it('keeps the four largest', () => {
    const scratch = createScratch()
    const made = [1, 2, 3, 4, 5].map((length) => scratch.bytes(length))
    scratch.giveBack(...made)
    const buffers = made.map(({ buffer }) => buffer)
    const taken = made.map(() => buffers.indexOf(scratch.bytes(1).buffer))
    expect(taken).toEqual([1, 2, 3, 4, -1])
  })
})
