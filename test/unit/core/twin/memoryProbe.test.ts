import { describe, expect, it } from 'vitest'
import { createProbes, type MemoryShape } from '@core/twin/memoryProbe'

/** Two lines of 16 bytes in one way each: offsets 32 apart share a line's place. */
const small = { sizeBytes: 32, ways: 1, lineBytes: 16 }
const none = { instruction: null, data: null, second: null }
const shape = (more: Partial<MemoryShape>): MemoryShape => ({ name: 'test', ...none, ...more })
const zero = {
  ...{ instructionMisses: 0, dataMisses: 0, dataWriteBacks: 0 },
  ...{ secondMisses: 0, secondWriteBacks: 0 }
}

describe('probes of memory', () => {
  it('count a miss per line that is not there, of instructions and of data', () => {
    const { probes, counted } = createProbes([
      shape({ instruction: small, data: { ...small, writePolicy: 'back' } }),
      shape({})
    ])
    const [probe, bare] = probes
    for (const offset of [0, 4, 16, 20, 32, 0]) probe.fetch(offset)
    for (const offset of [0, 12, 16, 32, 36, 0]) probe.load(offset)
    for (const offset of [0, 32]) {
      bare.fetch(offset)
      bare.load(offset)
      bare.store(offset)
    }
    // Misses: lines 0, 1, 2 (in the place of 0) and 0 again.
    expect(counted()).toEqual([{ ...zero, instructionMisses: 4, dataMisses: 4 }, zero])
    probe.restart()
    probe.load(0)
    expect(counted()[0]).toEqual(zero)
    probe.load(32)
    expect(counted()[0]).toEqual({ ...zero, dataMisses: 1 })
  })

  it('write back what was stored when its place is needed', () => {
    const { probes, counted } = createProbes([shape({ data: { ...small, writePolicy: 'back' } })])
    const [probe] = probes
    probe.store(4)
    probe.load(8)
    expect(counted()[0]).toEqual({ ...zero, dataMisses: 1 })
    probe.load(32)
    expect(counted()[0]).toEqual({ ...zero, dataMisses: 2, dataWriteBacks: 1 })
    probe.load(0)
    expect(counted()[0]).toEqual({ ...zero, dataMisses: 3, dataWriteBacks: 1 })
  })

  it('pass stores through to the second level where the first does not keep them', () => {
    const second = { sizeBytes: 64, ways: 1, lineBytes: 32 }
    const { probes, counted } = createProbes([
      shape({ data: { ...small, writePolicy: 'through' }, second }),
      shape({ data: { ...small, writePolicy: 'through' } })
    ])
    expect(probes).toHaveLength(1)
    const [probe] = probes
    probe.store(0)
    expect(counted()).toEqual([{ ...zero, secondMisses: 1 }, zero])
    // A line of the first level lies within one of the second: found there.
    probe.load(16)
    expect(counted()).toEqual([
      { ...zero, dataMisses: 1, secondMisses: 1 },
      { ...zero, dataMisses: 1 }
    ])
    // Offset 64 has the place of offset 0, which was written.
    probe.load(64)
    expect(counted()[0]).toEqual({ ...zero, dataMisses: 2, secondMisses: 2, secondWriteBacks: 1 })
    probe.restart()
    expect(counted()).toEqual([zero, zero])
  })

  it('fill a long line of the first level with several of the second', () => {
    const { probes, counted } = createProbes([
      shape({
        data: { sizeBytes: 64, ways: 1, lineBytes: 32, writePolicy: 'back' },
        second: { sizeBytes: 64, ways: 1, lineBytes: 8 }
      })
    ])
    probes[0].load(40)
    expect(counted()[0]).toEqual({ ...zero, dataMisses: 1, secondMisses: 4 })
  })
})
