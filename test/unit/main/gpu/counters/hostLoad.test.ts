import { totalmem } from 'node:os'
import { describe, expect, it } from 'vitest'
import { createHostLoadReader, parseProcStat } from '@main/gpu/counters/hostLoad'

describe('load of the host', () => {
  it('is the busy share of all processors since the reading before', async () => {
    let time = { busy: 300, all: 2000 }
    const read = createHostLoadReader(() => 7, {
      busyTime: () => time,
      freemem: () => 3e9,
      totalmem: () => 8e9
    })
    time = { busy: 380, all: 2200 }
    expect(await read()).toEqual({
      ...{ tMs: 7, cpuPercent: 40, memoryUsedBytes: 5e9, memoryTotalBytes: 8e9 }
    })
    // No tick of the system since: nothing can be said, and the next reading covers it.
    expect((await read()).cpuPercent).toBeNull()
    time = { busy: 480, all: 2400 }
    expect((await read()).cpuPercent).toBe(50)
  })

  it('reads the line of all processors in /proc/stat', () => {
    const text = 'cpu  100 5 40 800 30 2 3 20 0 0\ncpu0 50 2 20 400 15 1 1 10 0 0\n'
    expect(parseProcStat(text)).toEqual({ busy: 150, all: 1000 })
    expect(parseProcStat('intr 5 6')).toBeNull()
    expect(parseProcStat('')).toBeNull()
  })

  it('reads this machine', async () => {
    const { memoryTotalBytes, memoryUsedBytes } = await createHostLoadReader(() => 0)()
    expect(memoryTotalBytes).toBe(totalmem())
    expect(memoryUsedBytes).toBeGreaterThan(0)
    expect(memoryUsedBytes).toBeLessThan(totalmem())
  })
})
