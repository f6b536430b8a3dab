import { describe, expect, it } from 'vitest'
import { coolDown, settle, type Cooling } from '@main/workload/measure/cooldown'

/** A GPU whose temperatures come one after the other, and a clock that runs 100 ms with each look at it. */
function cooling(temperatures: readonly (number | null)[], maxMs = 1e6): Cooling & { waits: number[] } {
  let [at, clockMs] = [0, 0]
  const waits: number[] = []
  return {
    waits,
    temperatureC: () => temperatures[Math.min(at++, temperatures.length - 1)]!,
    nowMs: () => (clockMs += 100),
    maxMs,
    signal: new AbortController().signal,
    onWait: (celsius) => waits.push(celsius)
  }
}

describe('cooling down before a trial', () => {
  it('waits until the GPU is at most 3 K above, and not at all when it is', async () => {
    const gpu = cooling([50, 47, 44, 43, 41])
    expect((await coolDown(40, gpu)).startC).toBe(43)
    expect(gpu.waits).toEqual([50, 47, 44])
    expect(await coolDown(40, cooling([41]))).toMatchObject({ startC: 41 })
    expect(await coolDown(40, cooling([20]))).toMatchObject({ startC: 20 })
  })

  it('gives up after the longest wait, and records what it starts at', async () => {
    const { startC, cooledMs } = await coolDown(40, cooling([60], 300))
    expect(startC).toBe(60)
    expect(cooledMs).toBeGreaterThanOrEqual(300)
  })

  it('does not wait for a GPU without temperature, nor without one to cool to', async () => {
    expect(await coolDown(40, cooling([null]))).toMatchObject({ startC: null })
    expect(await coolDown(null, cooling([80]))).toMatchObject({ startC: 80 })
  })

  it('ends with the job', async () => {
    const gone = { ...cooling([90]), signal: AbortSignal.abort() }
    await expect(coolDown(40, gone)).rejects.toThrow()
  })

  it('finds what the GPU comes down to', async () => {
    expect(await settle(cooling([70, 60, 52, 47, 45, 45, 45, 45, 45, 45], 2_000))).toBe(45)
    expect(await settle(cooling([70, 69, 68, 67, 66, 65, 64], 500))).toBeGreaterThan(64)
    expect(await settle(cooling([null]))).toBeNull()
  })
})
