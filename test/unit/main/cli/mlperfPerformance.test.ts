import { describe, expect, it } from 'vitest'
import { performanceRun } from '@main/cli/board/mlperfPerformance'

const items = ['a.bin', 'b.bin'].map((file) => ({ file, classes: 2, label: 0 }))
const bytesOf = async (): Promise<Uint8Array> => new Uint8Array(4)

/** A device whose n-th infer command (from 0) takes `perInferenceUs(n)` for every inference. */
function deviceOf(perInferenceUs: (command: number) => number) {
  const asked: number[] = []
  return {
    asked,
    load: async () => undefined,
    infer: async (times: number) => {
      asked.push(times)
      return { elapsedUs: times * perInferenceUs(asked.length - 1), results: [0, 1] }
    }
  }
}

describe('performance run of MLPerf Tiny', () => {
  it('repeats a window that was too short because the first inference was slow', async () => {
    // 1.02 * 10000 / 1000, rounded up: 11 inferences, which take 1056 µs. Then 1.02 * 11 * 10000 / 1056 = 106.25: 107.
    const device = deviceOf((command) => (command === 0 ? 1000 : 96))
    const found = await performanceRun(device, items, bytesOf, 0.01)
    expect(device.asked).toEqual([1, 11, 107, 107, 107, 107, 107])
    expect(found.windows.map(({ file, elapsedUs }) => [file, elapsedUs])).toEqual(
      ['a.bin', 'b.bin', 'a.bin', 'b.bin', 'a.bin'].map((file) => [file, 10_272])
    )
    expect(found).toMatchObject({ latencyUs: 96, inferencesPerS: 1e6 / 96 })
  })

  it('has no window shorter than asked for when later inputs are faster', async () => {
    const device = deviceOf((command) => (command < 3 ? 100 : 50))
    const { windows, latencyUs } = await performanceRun(device, items, bytesOf, 0.01)
    expect(windows).toHaveLength(5)
    for (const { elapsedUs } of windows) expect(elapsedUs).toBeGreaterThanOrEqual(10_000)
    // Two windows at 100 µs, three at 50 µs.
    expect(latencyUs).toBe(50)
  })

  it('refuses a clock that stands still', async () => {
    const device = deviceOf((command) => (command === 0 ? 1000 : 0))
    await expect(performanceRun(device, items, bytesOf, 0.01)).rejects.toMatchObject({
      code: 'board.protocol',
      message: 'The clock of the device did not move during the inferences.'
    })
  })
})
