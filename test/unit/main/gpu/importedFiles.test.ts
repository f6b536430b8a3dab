import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { metricAt, type GpuSample } from '@core/gpu/metrics'
import type { Recording } from '@shared/contract/gpu'
import type { ImportRequest } from '@main/gpu/import/blankRecording'
import { importMeterText } from '@main/gpu/import/meterText'
import { importSmiLog } from '@main/gpu/import/smiLog'
import type { GpuStore } from '@main/gpu/store/gpuStore'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench import '))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** What an import stores. */
function bench() {
  const saved: Recording[] = []
  const samples: GpuSample[] = []
  const gaps: unknown[] = []
  const store: Partial<GpuStore> = {
    save: async (recording) => void saved.push({ ...recording }),
    addSamples: async (_id, added) => void samples.push(...added),
    addGaps: async (_id, added) => void gaps.push(...added)
  }
  const request = (text: string, more: Partial<ImportRequest> = {}): ImportRequest => {
    const file = path.join(folder, 'a file.csv')
    writeFileSync(file, text)
    // Written at 1,000 s.
    utimesSync(file, 1_000, 1_000)
    return { id: 'r1', file, title: undefined, gpuName: undefined, ...more }
  }
  const powers = (): [number, number, number][] =>
    samples.map(({ gpuIndex, tMs, values }) => {
      const instant = values[metricAt.powerInstantW]
      return [gpuIndex, tMs, Number.isNaN(instant) ? values[metricAt.powerW] : instant]
    })
  return { store: store as GpuStore, saved, samples, gaps, request, powers }
}

describe('lines of a power meter', () => {
  it('become samples from the first reading on, with the interval in the middle of all', async () => {
    const { store, saved, request, powers } = bench()
    const text = 'time_ms,current_ma,voltage_v\n100,200,5\n110,400,5\nodd line\n121,100,5\n131,100,10\n'
    const { recording, notes } = await importMeterText(request(text), store)
    // 5 V by 0.2, 0.4 and 0.1 A, then 10 V by 0.1 A.
    expect(powers()).toEqual([
      [0, 0, 1],
      [0, 10, 2],
      [0, 21, 0.5],
      [0, 31, 1]
    ])
    expect(recording).toMatchObject({
      ...{ id: 'r1', title: 'a file.csv', state: 'done', durationMs: 31, startedAtMs: 1_000_000 - 31 },
      ...{ intervalMs: 10, askedHz: 100, samples: 4, malformedLines: 1 },
      gpus: [{ index: 0, name: 'Board behind a power meter (imported)', uuid: null }],
      meter: { kind: 'text', readings: 4, supplyV: null, lost: null }
    })
    expect(recording.achievedHz).toBeCloseTo(3_000 / 31, 10)
    expect(notes).toHaveLength(2)
    expect(notes[1]).toContain('1 line was no reading')
    // Known before its samples are stored, and whole at the end.
    expect([saved.length, saved[0].samples, saved[1].samples]).toEqual([2, 0, 4])
  })

  it('need a voltage where they hold none, and keep the name that is given', async () => {
    const { store, request, powers } = bench()
    const { recording, notes } = await importMeterText(
      request('time_ms,current_ma\n0,100\n1,300\n', {
        meter: { supplyV: 3 },
        gpuName: 'my board',
        title: 'mine'
      }),
      store
    )
    expect(powers().map(([, , power]) => power)).toEqual([
      expect.closeTo(0.3, 12) as number,
      expect.closeTo(0.9, 12) as number
    ])
    expect(recording).toMatchObject({ title: 'mine', gpus: [{ name: 'my board' }], meter: { supplyV: 3 } })
    expect(notes).toHaveLength(1)
  })

  it('are refused with fewer than two readings or with more lines that are none', async () => {
    const { store, request } = bench()
    const one = 'time_ms,current_ma,voltage_v\n100,200,5\n'
    await expect(importMeterText(request(one), store)).rejects.toMatchObject({
      code: 'data.invalid',
      message: expect.stringContaining('holds 1 reading and 0 lines that are none') as string
    })
    const two = `${one}110,200,5\n`
    await expect(importMeterText(request(`${two}x\ny\n`), store)).resolves.toBeDefined()
    await expect(importMeterText(request(`${two}x\ny\nz\n`), store)).rejects.toThrow(
      'holds 2 readings and 3 lines that are none (line 4: neither a reading nor a header: x)'
    )
  })
})

describe('a log of nvidia-smi', () => {
  const header = 'timestamp, index, name, power.draw.instant [W]'
  const row = (time: string, index: number, power: number): string =>
    `2026/03/04 10:00:${time}, ${index}, H200 ${index}, ${power} W`

  it('becomes samples per GPU from the first row on, also where its last line has no end', async () => {
    const { store, request, powers, gaps } = bench()
    const lines = [
      header,
      row('00.000', 0, 70),
      row('00.000', 1, 80),
      row('00.500', 0, 71),
      row('00.500', 1, 81),
      row('01.000', 0, 72),
      row('01.000', 1, 82)
    ]
    const { recording } = await importSmiLog(request(lines.join('\n')), store, lines)
    expect(powers()).toEqual([
      [0, 0, 70],
      [1, 0, 80],
      [0, 500, 71],
      [1, 500, 81],
      [0, 1_000, 72],
      [1, 1_000, 82]
    ])
    expect(recording).toMatchObject({
      ...{ startedAtMs: Date.UTC(2026, 2, 4, 10), durationMs: 1_000, intervalMs: 500, askedHz: 2 },
      // Three readings of each GPU in a second: two distances.
      ...{ achievedHz: 2, samples: 6, malformedLines: 0 },
      powerFields: ['power.draw.instant', 'power.draw.instant'],
      gpus: [
        { index: 0, name: 'H200 0' },
        { index: 1, name: 'H200 1' }
      ]
    })
    expect(gaps).toEqual([])
  })

  it('of one GPU without an index or a name takes the name that is given', async () => {
    const { store, request, powers } = bench()
    const lines = [
      'timestamp, power.draw [W]',
      '2026/03/04 10:00:00.000, 50 W',
      '2026/03/04 10:00:01.000, 60 W',
      ''
    ]
    const { recording } = await importSmiLog(request(lines.join('\n'), { gpuName: 'my GPU' }), store, lines)
    expect(powers()).toEqual([
      [0, 0, 50],
      [0, 1_000, 60]
    ])
    expect(recording).toMatchObject({
      gpus: [{ index: 0, name: 'my GPU' }],
      powerFields: ['power.draw'],
      achievedHz: 1
    })
  })

  it('tells of a clock that ran backwards and of lines that are no rows', async () => {
    const { store, request, powers, gaps } = bench()
    const lines = [
      header,
      row('10.000', 0, 1),
      row('11.000', 0, 2),
      'odd',
      row('05.000', 0, 3),
      row('06.000', 0, 4),
      ''
    ]
    const { recording } = await importSmiLog(request(lines.join('\n')), store, lines)
    // The axis goes on by one interval, and from there as the clock does.
    expect(powers().map(([, tMs]) => tMs)).toEqual([0, 1_000, 2_000, 3_000])
    expect(gaps).toEqual([{ fromMs: 1_000, toMs: 2_000, reason: 'the wall clock of the log ran backwards' }])
    expect(recording.malformedLines).toBe(1)
  })

  it('is refused without two readings', async () => {
    const { store, request } = bench()
    for (const rows of [
      [header, ''],
      [header, row('00.000', 0, 1), '']
    ])
      await expect(importSmiLog(request(rows.join('\n')), store, rows)).rejects.toThrow(
        'holds no two readings'
      )
  })
})
