import { describe, expect, it } from 'vitest'
import { metricAt, type GpuSample } from '@core/gpu/metrics'
import { openTextMeter } from '@main/meter/textMeterDevice'
import { meterTextUnitsSchema, type MeterTextUnits } from '@shared/contract/meter'
import type { AppError } from '@shared/errors'
import type { Gap } from '@shared/contract/gpu'
import { createScriptedLine } from '../../../support/meterLine'

const units = meterTextUnitsSchema.parse({})

/** A meter that has sent its first lines when the host clock stood at `hostMs`. */
async function opened(first: string, hostMs = 1_000_000, more: Partial<MeterTextUnits> = {}) {
  const line = createScriptedLine()
  const clock = { ms: hostMs }
  const opening = openTextMeter(
    line,
    { port: 'test', supplyV: 2, units: { ...units, ...more } },
    { nowMs: () => clock.ms, firstReadingMs: 60, probeMs: 5 }
  )
  line.send(first)
  const device = await opening
  const samples: GpuSample[] = []
  const gaps: Gap[] = []
  const failures: AppError[] = []
  const sampler = device.start({
    onSamples: (batch) => void samples.push(...batch),
    onGap: (gap) => void gaps.push(gap),
    onMark: () => undefined,
    onState: ({ error }) => void failures.push(error)
  })
  return { line, clock, device, sampler, samples, gaps, failures }
}

describe('a text meter that is read live', () => {
  it('is not silent where its first readings come just before the limit', async () => {
    const line = createScriptedLine()
    const opening = openTextMeter(
      line,
      { port: 'test', supplyV: 2, units },
      { nowMs: () => 0, firstReadingMs: 60, probeMs: 100 }
    )
    line.send('0,1\n10,1\n20,1\n')
    expect((await opening).intervalMs).toBe(10)
  })

  it('finds the interval, and places readings on the clock of the host', async () => {
    const { device, line, samples } = await opened('0,0.1\n10,0.1\n20,0.1\n')
    expect(device.intervalMs).toBe(10)
    line.send('30,0.5\n40,-0.5\n')
    // 20 ms on the meter is 1,000,000 ms here: the reading that was fastest on its way.
    expect(samples.map(({ tMs }) => tMs)).toEqual([1_000_010, 1_000_020])
    expect(samples.map(({ values }) => values[metricAt.powerW])).toEqual([1, -1])
  })

  it('reports a stretch without readings as a gap', async () => {
    const { line, gaps } = await opened('0,1\n10,1\n20,1\n')
    line.send('30,1\n600,1\n')
    expect(gaps).toEqual([{ fromMs: 1_000_010, toMs: 1_000_580, reason: 'the meter sent no reading' }])
  })

  it('counts only the bad lines of the recording', async () => {
    const { line, sampler } = await opened('boot\n0,1\n10,1\n20,1\n')
    expect(sampler.malformedLines).toBe(0)
    line.send('x\n30,1\n')
    expect(sampler.malformedLines).toBe(1)
    expect(sampler.about!()).toMatchObject({
      kind: 'text',
      source: 'test',
      supplyV: 2,
      readings: 1,
      lost: null
    })
  })

  it('says how far the clocks moved against each other', async () => {
    const { line, clock, sampler } = await opened('0,1\n10,1\n20,1\n')
    clock.ms += 100_200
    for (let at = 0; at < 250; at++) line.send(`${100_020 + at * 1e-3},1\n`)
    expect(sampler.about!().notes[0]).toMatch(/moved by 200 ms/)
  })

  it('reports that the line broke, and that lines became unreadable', async () => {
    const broken = await opened('0,1\n10,1\n20,1\n')
    broken.line.end('unplugged')
    expect(broken.failures).toMatchObject([{ code: 'meter.disconnected' }])
    const noisy = await opened('0,1\n10,1\n20,1\n')
    noisy.line.send('?\n'.repeat(500))
    expect(noisy.failures).toMatchObject([{ code: 'meter.unreadable' }])
  })

  it.each([
    ['', 'meter.silent'],
    ['\u0000ÿ\nÿÿ\n', 'meter.unreadable'],
    ['time_ms,power_w\n', 'data.invalid']
  ])('closes the port when %j is all that comes', async (text, code) => {
    const line = createScriptedLine()
    const opening = openTextMeter(
      line,
      { port: 'test', supplyV: 2, units },
      { nowMs: () => 0, firstReadingMs: 30, probeMs: 5 }
    )
    line.send(text)
    await expect(opening).rejects.toMatchObject({ code })
    expect(line.isClosed()).toBe(true)
  })
})
