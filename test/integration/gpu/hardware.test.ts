import { spawn } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { metricAt, powerFieldOf, type GpuSample } from '@core/gpu/metrics'
import { listGpus } from '@main/gpu/smi/listGpus'
import { findSmi } from '@main/gpu/smi/smiProcess'
import { startSmiSampler } from '@main/gpu/smi/smiSampler'
import { steadyMs } from '../../fixtures/smi/standIn'

// Hardware tier: runs where a real nvidia-smi answers, is skipped (and says so) where none is, and fails where
// BITBENCH_REQUIRE_GPU=1 declares one that is not there.
const smi = findSmi(null, { PATH: process.env['PATH'] })
const declared = process.env['BITBENCH_REQUIRE_GPU'] === '1'
const list = smi === null ? null : await listGpus(spawn, () => smi)
const absent = list?.state !== 'ready'
if (absent && !declared) {
  process.stderr.write(`SKIPPED hardware tier of gpu: ${list?.message ?? 'no nvidia-smi on this machine'}\n`)
}

describe.skipIf(absent && !declared)('a real GPU', () => {
  it('is listed with driver, fields and sensor', () => {
    expect(list?.state, list?.message ?? 'BITBENCH_REQUIRE_GPU=1, but there is no nvidia-smi').toBe('ready')
    expect(list!.origin).toBe('measured')
    for (const gpu of list!.gpus) {
      expect(gpu.name).not.toBe('')
      expect(gpu.driverVersion).toMatch(/^\d+\.\d+/)
      expect(gpu.fields.some((field) => field.supported)).toBe(true)
    }
  })

  it('is sampled on a rising time axis, with no unreadable line', async () => {
    const fields = list!.gpus[0]!.fields.filter((field) => field.supported)
    const samples: GpuSample[] = []
    let enough!: () => void
    const sampled = new Promise<void>((resolve) => (enough = resolve))
    const sampler = startSmiSampler({
      smi: smi!,
      spawn,
      fields: fields.map((field) => field.field!),
      intervalMs: 100,
      gpuIndexes: [list!.gpus[0]!.index],
      nowMs: steadyMs,
      onSamples(batch) {
        samples.push(...batch)
        if (samples.length >= 20) enough()
      },
      onGap: () => undefined,
      onState: () => undefined
    })
    await sampled
    await sampler.stop()
    expect(sampler.malformedLines).toBe(0)
    for (let at = 1; at < samples.length; at++)
      expect(samples[at]!.tMs).toBeGreaterThanOrEqual(samples[at - 1]!.tMs)
    const power = powerFieldOf(fields)
    if (power !== null) {
      for (const sample of samples) expect(sample.values[metricAt[power.metric]]).toBeGreaterThan(0)
    }
  })
})
