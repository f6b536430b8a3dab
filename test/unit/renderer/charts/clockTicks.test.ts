import { describe, expect, it } from 'vitest'
import { clockTicks, clockTime, longestTick } from '@renderer/charts/stream/clockTicks'

/** A local time, in seconds since 1970. */
const at = (day: number, hour: number, minute = 0, second = 0): number =>
  new Date(2026, 0, day, hour, minute, second).getTime() / 1000

describe('ticks of an axis of times of day', () => {
  it('have their date where a day begins', () => {
    const ticks = clockTicks([at(1, 22), at(1, 23), at(2, 0), at(2, 1)], 3600)
    expect(ticks.map((text) => text.includes('\n'))).toEqual([true, false, true, false])
    expect(new Set(ticks.map((text) => text.split('\n')[0])).size).toBe(4)
  })

  it('have seconds and decimals only where steps need them', () => {
    const digits = (stepS: number): string => clockTicks([at(1, 9), at(1, 9, 7, 5)], stepS)[1]!
    expect(digits(60)).toMatch(/9:07(?!\d|:)/)
    expect(digits(1)).toMatch(/9:07:05(?!\d|[.,])/)
    expect(digits(0.5)).toMatch(/9:07:05[.,]0(?!\d)/)
    expect(digits(0.25)).toMatch(/9:07:05[.,]00(?!\d)/)
    expect(digits(0.002)).toMatch(/9:07:05[.,]000(?!\d)/)
  })

  it('differ where steps are no round decimal', () => {
    const quarters = [0, 0.25, 0.5, 0.75].map((part) => at(1, 9, 7, 5) + part)
    const texts = clockTicks(quarters, 0.25).map((text) => text.split('\n')[0])
    expect(texts.map((text) => /[.,](\d+)/.exec(text ?? '')?.[1])).toEqual(['00', '25', '50', '75'])
  })

  it('are never longer than the text that their distance is measured by', () => {
    for (const [spanS, stepS] of [
      [3600, 300],
      [60, 5],
      [3, 0.25],
      [0.4, 0.05]
    ] as const)
      expect(longestTick(at(1, 22, 47, 38), spanS).length).toBeGreaterThanOrEqual(
        clockTicks([at(1, 9), at(1, 22, 47, 38)], stepS)[1]!.length
      )
  })

  it('are days where a step is a day', () => {
    const days = clockTicks([at(1, 0), at(2, 0), at(3, 0)], 86_400)
    expect(days.join(' ')).not.toMatch(/:|\n/)
    expect(new Set(days).size).toBe(3)
  })

  it('are rounded to the millisecond in a read-out', () => {
    expect(clockTime(at(1, 9, 7, 5) + 0.0314)).toMatch(/9:07:05[.,]031/)
  })
})
