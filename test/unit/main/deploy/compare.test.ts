import { describe, expect, it } from 'vitest'
import { outputBytes, placeBatch } from '@main/deploy/boardRun'
import { compareBatch, startComparison } from '@main/deploy/compare'
import { argmax } from '@core/quant/integer/runInteger'

const spent = { cycles: 1, instructions: 1 }

describe('board against host', () => {
  const host = Int32Array.of(5, 9, 1, /* image 1 */ 7, 7, -2)
  const labels = Uint8Array.of(1, 2)

  it('counts equal outputs as equal and accuracy by the board’s own class', () => {
    const comparison = startComparison()
    const outputs = Int32Array.of(5, 9, 1, 1, 7, 7, -2, 0)
    compareBatch(comparison, { first: 0, count: 2, outputs, spent }, host, labels, 3)
    expect(comparison).toMatchObject({ images: 2, differentOutputs: 0, boardCorrect: 1, hostCorrect: 1 })
  })

  it('names image, output and both values of a difference, wrong classes too', () => {
    const comparison = startComparison()
    // Image 1 in a batch of its own: one logit off, and the second of two equal maxima taken.
    compareBatch(
      comparison,
      { first: 1, count: 1, outputs: Int32Array.of(7, 7, -3, 1), spent },
      host,
      labels,
      3
    )
    expect(comparison.mismatches).toEqual([
      { image: 1, output: 2, board: -3, host: -2 },
      { image: 1, output: 3, board: 1, host: 0 }
    ])
  })

  it('keeps the first differences and counts all', () => {
    const comparison = startComparison()
    const zeros = new Int32Array(40)
    const ones = new Int32Array(30).fill(1)
    compareBatch(comparison, { first: 0, count: 10, outputs: zeros, spent }, ones, new Uint8Array(10), 3)
    expect(comparison.differentOutputs).toBe(30)
    expect(comparison.mismatches).toHaveLength(20)
  })

  it('takes the first maximum', () => {
    expect(argmax(Int32Array.of(-5, 3, 3, 2))).toBe(1)
  })
})

describe('place of a batch', () => {
  const io = { inputBytes: 784, outputCount: 10 }

  it('is aligned, inside RAM, and does not overlap', () => {
    const place = placeBatch({ ram: { low: 0x8000_0000, high: 0x8000_4000 } }, 0x8000_0801, io)
    expect(place.inputAddress % 16).toBe(0)
    expect(place.outputAddress).toBeGreaterThanOrEqual(place.inputAddress + place.images * io.inputBytes)
    expect(place.outputAddress + place.images * outputBytes(io.outputCount)).toBeLessThanOrEqual(0x8000_4000)
    expect(place.images).toBeGreaterThan(1)
  })

  it('tells the bytes that are missing where not one image fits', () => {
    const attempt = (): unknown => placeBatch({ ram: { low: 0, high: 1000 } }, 400, io)
    expect(attempt).toThrow(expect.objectContaining({ code: 'deploy.outOfMemory' }))
    // 828 bytes wanted, 1000 - 400 - 32 left.
    expect(attempt).toThrow(/260 bytes short/)
  })
})
