import { describe, expect, it } from 'vitest'
import { createSmiLogReader } from '@core/gpu/import/smiLog'

const header = 'timestamp, index, power.draw [W]'
const row = (time: string, power = 50, index = 0): string => `2026/03/01 ${time}, ${index}, ${power} W\n`

describe('logs of nvidia-smi', () => {
  it('begin at 0 and keep distances', () => {
    const reader = createSmiLogReader(header)
    const first = reader.push(`${header}\n${row('10:00:00.000')}${row('10:00:00.100')}`)
    const second = reader.push(`${row('10:00:00.250', 70, 1)}a stray line\n`)
    expect([...first, ...second].map(({ tMs, gpuIndex }) => [tMs, gpuIndex])).toEqual([
      [0, 0],
      [100, 0],
      [250, 1]
    ])
    expect(reader.end()).toMatchObject({
      startMs: Date.UTC(2026, 2, 1, 10),
      lastMs: 250,
      gpuIndexes: [0, 1],
      strayLines: 1,
      intervalMs: 100,
      gaps: []
    })
  })

  it('go on one interval later where the wall clock runs backwards by more than 1 ms', () => {
    const reader = createSmiLogReader(header)
    const text = ['10:00:00.000', '10:00:00.200', '10:00:00.400', '09:00:00.000', '09:00:00.200'].map(
      (time) => row(time)
    )
    expect(reader.push(`${header}\n${text.join('')}`).map(({ tMs }) => tMs)).toEqual([0, 200, 400, 600, 800])
    expect(reader.end().gaps).toMatchObject([{ fromMs: 400, toMs: 600 }])
  })

  it('take rows of GPUs that were read a millisecond out of order as they are', () => {
    const reader = createSmiLogReader(header)
    const samples = reader.push(
      `${header}\n${row('10:00:00.001')}${row('10:00:00.201')}${row('10:00:00.200', 5, 1)}`
    )
    expect(samples.map(({ tMs }) => tMs)).toEqual([0, 200, 199])
    expect(reader.end()).toMatchObject({ gaps: [], lastMs: 200 })
  })
})
