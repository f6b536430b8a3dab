import { describe, expect, it } from 'vitest'
import { metricAt, type GpuSample } from '@core/gpu/metrics'
import { createVirtualPpk2 } from '@core/meter/ppk2/virtualPpk2'
import { openPpk2, type Ppk2Setup } from '@main/meter/ppk2Device'
import { createScriptedLine } from '../../../support/meterLine'

const setup: Ppk2Setup = {
  ...{ port: 'test', mode: 'source', supplyV: 3, inputs: [0], binMs: 1, origin: 'simulated' }
}
const waits = { metadataMs: 40, drainMs: 1, probeMs: 20 }

/** A meter that sends 5 ms of readings at once after its start: 10 mA, and 30 mA while D0 is high (2 to 4 ms after that). */
async function opened() {
  const meter = createVirtualPpk2({
    currentA: (tMs) => (tMs >= 7 && tMs < 9 ? 0.03 : 0.01),
    bits: (tMs) => (tMs >= 7 && tMs < 9 ? 1 : 0)
  })
  const line = createScriptedLine((bytes) => {
    const reply = meter.receive(bytes)
    queueMicrotask(() => {
      if (reply.length > 0) line.send(reply)
      if (bytes[0] === 6) line.send(meter.advance(500))
    })
  })
  const clock = { ms: 1_000 }
  const device = await openPpk2(line, setup, { nowMs: () => clock.ms, ...waits })
  const samples: GpuSample[] = []
  const marks: { name: string; state: string; tMs: number }[] = []
  const failures: unknown[] = []
  const sampler = device.start({
    onSamples: (batch) => void samples.push(...batch),
    onGap: () => undefined,
    onMark: ({ name, state }, tMs) => void marks.push({ name, state, tMs }),
    onState: ({ error }) => void failures.push(error)
  })
  return { meter, line, clock, device, sampler, samples, marks, failures }
}

describe('a PPK2', () => {
  it('is set up in order, and its readings are averaged and placed on the clock of the host', async () => {
    const { meter, line, device, sampler, samples, marks } = await opened()
    // Stop, metadata, source mode, 3000 mV, supply on, start.
    expect(line.written).toEqual([7, 0x19, 0x11, 2, 0x0d, 11, 184, 0x0c, 1, 6])
    line.send(meter.advance(500))
    // 5 ms had passed when the clock stood at 1000 ms; the next five are stored as beginning and end of each.
    expect(samples.map(({ tMs }) => Math.round(tMs * 100) / 100)).toEqual([
      1000, 1001, 1001, 1002, 1002, 1003, 1003, 1004, 1004, 1005
    ])
    const powers = samples.map(({ values }) => values[metricAt.powerW]!)
    for (const [at, wanted] of [0.03, 0.03, 0.09, 0.09, 0.03].entries()) {
      expect(Math.abs(powers[2 * at]! / wanted - 1)).toBeLessThan(0.02)
      expect(powers[2 * at]).toBe(powers[2 * at + 1])
    }
    expect(marks.map(({ tMs, ...mark }) => ({ ...mark, tMs: Math.round(tMs * 100) / 100 }))).toEqual([
      { name: 'D0', state: 'begin', tMs: 1002 },
      { name: 'D0', state: 'end', tMs: 1004 }
    ])
    expect(sampler.about!()).toMatchObject({ kind: 'ppk2', readings: 500, lost: 0, binMs: 1, supplyV: 3 })
    await device.close()
    expect(line.written.at(-1)).toBe(7)
    expect(meter.isRunning).toBe(false)
  })

  it.each([
    // 400 ms of the meter, of which the last 200 arrivals count: the least offset is the first or the last of them.
    ['slower', 1.5, '101 ms'],
    ['faster', 0.5, '200 ms']
  ])('notes that its clock went %s than that of the host', async (_, hostMsPerMs, moved) => {
    const { meter, line, clock, sampler } = await opened()
    expect(sampler.about!().notes.join()).not.toContain('moved')
    for (let at = 0; at < 400; at++) {
      clock.ms += hostMsPerMs
      line.send(meter.advance(100))
    }
    expect(sampler.about!().notes.join()).toContain(`moved by ${moved}`)
  })

  it('reports that its port went away', async () => {
    const { line, failures } = await opened()
    line.end('unplugged')
    expect(failures).toMatchObject([{ code: 'meter.disconnected' }])
  })

  it.each([
    ['', 'meter.silent'],
    ['\u0000\u0001 no meter', 'meter.unreadable'],
    ['hello END', 'meter.unreadable']
  ])('is refused, and its port closed, when it replies %j', async (reply, code) => {
    const line = createScriptedLine((bytes) => {
      if (bytes[0] === 0x19 && reply !== '') queueMicrotask(() => line.send(reply))
    })
    await expect(openPpk2(line, setup, { nowMs: () => 0, ...waits })).rejects.toMatchObject({ code })
    expect(line.isClosed()).toBe(true)
  })

  it('is refused at a voltage that it does not have', async () => {
    const line = createScriptedLine()
    await expect(
      openPpk2(line, { ...setup, supplyV: 12 }, { nowMs: () => 0, ...waits })
    ).rejects.toMatchObject({ code: 'input.invalid' })
    expect(line.isClosed()).toBe(true)
  })
})
