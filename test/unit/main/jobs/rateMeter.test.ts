import { describe, expect, it } from 'vitest'
import { createRateMeter } from '@main/jobs/rateMeter'

describe('the rate of a job', () => {
  it('is that of the window alone', () => {
    const meter = createRateMeter(1000)
    for (let atMs = 0, done = 0; atMs <= 2000; atMs += 100, done += atMs <= 1000 ? 1 : 10)
      meter.add(atMs, done)
    // 10 units every 100 ms since 1000 ms; 1 before.
    expect(meter.ratePerSecond()).toBeCloseTo(100, 9)
  })

  it('keeps the newest reading when it thins out', () => {
    const meter = createRateMeter(10_000)
    for (let atMs = 0; atMs < 512; atMs++) meter.add(atMs, atMs)
    meter.add(512, 10_000)
    expect(meter.ratePerSecond()).toBeCloseTo((10_000 / 512) * 1000, 6)
  })

  it('starts again when the work falls back, and is unknown without progress or time', () => {
    const meter = createRateMeter()
    expect(meter.ratePerSecond()).toBeNull()
    meter.add(0, 50)
    meter.add(1000, 60)
    expect(meter.ratePerSecond()).toBe(10)
    meter.add(2000, 5)
    expect(meter.ratePerSecond()).toBeNull()
    meter.add(4000, 9)
    expect(meter.ratePerSecond()).toBe(2)
    const still = createRateMeter()
    still.add(1, 1)
    still.add(1, 2)
    expect(still.ratePerSecond()).toBeNull()
  })
})
