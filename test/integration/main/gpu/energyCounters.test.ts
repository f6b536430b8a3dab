import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { startCounters, type CounterReading } from '@main/gpu/counters/counterSampler'
import { openNvml } from '@main/gpu/counters/nvml'
import { openRapl } from '@main/gpu/counters/rapl'
import { buildFakeNvml } from '../../../fixtures/smi/fakeNvml'
import { steadyMs, temporaryFolder } from '../../../fixtures/smi/standIn'

const library = buildFakeNvml()
const card = { pciBusId: '00000000:01:00.0', uuid: null }
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe.skipIf(library === null)('NVML through a library built by cc (skipped: no C compiler)', () => {
  afterEach(() => {
    delete process.env['FAKE_NVML_FAIL']
  })

  it('reads the energy counter in J', async () => {
    process.env['FAKE_NVML_WATT'] = '250'
    const nvml = await openNvml(library!)
    const read = await nvml.energyCounter(card)
    // Whatever the machine does meanwhile, the counter was read between these times.
    const readAt = async (): Promise<{ beforeMs: number; joule: number; afterMs: number }> => {
      const beforeMs = steadyMs()
      const joule = await read()
      return { beforeMs, joule, afterMs: steadyMs() }
    }
    const first = await readAt()
    await sleep(200)
    const second = await readAt()
    nvml.close()
    const joule = second.joule - first.joule
    // The counter has whole mJ; the clocks are two.
    expect(joule).toBeGreaterThan((250 * (second.beforeMs - first.afterMs)) / 1000 - 0.1)
    expect(joule).toBeLessThan((250 * (second.afterMs - first.beforeMs)) / 1000 + 0.1)
  })

  it('says in NVML\u2019s words what it cannot do', async () => {
    const nvml = await openNvml(library!)
    await expect(nvml.energyCounter({ pciBusId: '00000000:77:00.0', uuid: null })).rejects.toMatchObject({
      code: 'tool.failed',
      message: expect.stringContaining('Not Found')
    })
    process.env['FAKE_NVML_FAIL'] = 'energy'
    await expect(nvml.energyCounter(card)).rejects.toMatchObject({
      message: expect.stringContaining('Not Supported')
    })
    nvml.close()
  })
})

describe('openNvml', () => {
  it('says that the library is absent', async () => {
    await expect(openNvml('/nowhere/libnvidia-ml.so.1')).rejects.toMatchObject({
      code: 'tool.missing',
      message: expect.stringContaining('/nowhere/libnvidia-ml.so.1')
    })
  })
})

describe('openRapl', () => {
  function powercap(energyUj: string): { folder: string; file: string } {
    const folder = temporaryFolder()
    for (const zone of ['intel-rapl:0', 'intel-rapl:0:0']) {
      mkdirSync(path.join(folder, zone))
      writeFileSync(path.join(folder, zone, 'name'), zone.endsWith('0:0') ? 'core\n' : 'package-0\n')
      writeFileSync(path.join(folder, zone, 'max_energy_range_uj'), '262143328850\n')
      writeFileSync(path.join(folder, zone, 'energy_uj'), `${energyUj}\n`)
    }
    return { folder, file: path.join(folder, 'intel-rapl:0', 'energy_uj') }
  }

  it('reads packages, not their parts, and goes on over the end of the counter', async () => {
    const { folder, file } = powercap('262143000000')
    const { zones } = await openRapl(folder)
    expect(zones.map((zone) => zone.name)).toEqual(['package-0'])
    const first = await zones[0]!.readJ()
    writeFileSync(file, '1671150\n')
    // 328,850 uJ to the end of the range and 1,671,150 uJ behind it.
    expect((await zones[0]!.readJ()) - first).toBeCloseTo(2, 6)
  })

  it('says why there is none', async () => {
    expect(await openRapl('/nowhere')).toEqual({
      zones: [],
      reason: 'There is no RAPL counter under /nowhere.'
    })
    const { folder, file } = powercap('garbage')
    expect((await openRapl(folder)).reason).toContain('"garbage"')
    if (process.getuid?.() === 0) return
    chmodSync(file, 0)
    expect((await openRapl(folder)).reason).toContain('root alone')
  })
})

describe('startCounters', () => {
  it('hands on movements and the last reading, and leaves a broken counter alone', async () => {
    const readings: CounterReading[] = []
    const failures: string[] = []
    let calls = 0
    const meter = {
      source: 'nvml' as const,
      name: '',
      gpuIndex: 0,
      readJ: async () => Math.floor(calls++ / 3)
    }
    const broken = {
      source: 'rapl' as const,
      name: 'package-0',
      gpuIndex: -1,
      readJ: () => Promise.reject(new Error('gone'))
    }
    const counters = startCounters([meter, broken], {
      everyMs: 1,
      nowMs: () => calls,
      onReading: (reading) => readings.push(reading),
      onFailure: ({ name }) => failures.push(name)
    })
    while (calls < 9) await sleep(1)
    await counters.stop()
    expect(failures).toEqual(['package-0'])
    expect(readings.slice(0, 3).map((reading) => reading.energyJ)).toEqual([0, 1, 2])
    expect(readings.at(-1)!.energyJ).toBe(Math.floor((calls - 1) / 3))
    const count = readings.length
    await sleep(5)
    expect(readings).toHaveLength(count)
  })
})
