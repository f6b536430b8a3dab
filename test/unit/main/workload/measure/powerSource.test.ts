import { describe, expect, it } from 'vitest'
import { isPowerOfRunner, requireSameGpu } from '@main/workload/measure/powerSource'
import { checkWorkloads } from '@main/workload/process/workloadCheck'
import { AppError } from '@shared/errors'
import type { GpuList } from '@shared/contract/gpu'

const about = {
  origin: 'measured' as const,
  gpu: 'NVIDIA A100',
  driverVersion: '550',
  powerField: 'power.draw'
}

describe('requireSameGpu', () => {
  it('takes one bus id in two spellings, and what is not known', () => {
    for (const [runner, recorded] of [
      ['0000:0b:00.0', '00000000:0B:00.0'],
      [undefined, '00000000:0B:00.0'],
      ['0000:0b:00.0', null]
    ] as const) {
      expect(() => requireSameGpu(runner, { pciBusId: recorded, about })).not.toThrow()
    }
  })

  it('refuses a runner on another GPU than the recorded one', () => {
    expect(() => requireSameGpu('0000:07:00.0', { pciBusId: '00000000:0B:00.0', about })).toThrow(
      expect.objectContaining({ code: 'input.invalid', message: expect.stringContaining('00000000:07:00.0') })
    )
  })
})

describe('isPowerOfRunner', () => {
  it("a real GPU's power is not the energy of a network on the processor", () => {
    expect(isPowerOfRunner('cpu', { about })).toBe(false)
    expect(isPowerOfRunner('cuda:0', { about })).toBe(true)
    expect(isPowerOfRunner('cpu', { about: { ...about, origin: 'simulated' } })).toBe(true)
  })
})

describe('checkWorkloads', () => {
  const noGpu: GpuList = {
    ...{ state: 'noDriver', nvidiaSmiPath: null, origin: 'measured', driverVersion: null, gpus: [] },
    ...{ message: 'none', hint: null }
  }
  const providers = async () => [
    { provider: 'cpu', reason: null },
    { provider: 'cuda', reason: 'No library.' }
  ]
  const noPython = () => Promise.reject(new AppError('tool.missing', 'No Python.', 'Install it.'))
  const pytorch = async (findPython: () => Promise<{ file: string; torch: string }>) => {
    const { checks } = await checkWorkloads('resources/workloads', noGpu, providers, findPython)
    return checks.find(({ name }) => name === 'PyTorch')
  }

  it('lists the providers that can be used, and says why the others cannot', async () => {
    const found = await checkWorkloads('resources/workloads', noGpu, providers, noPython)
    expect(found.providers).toEqual(['cpu'])
    expect(found.models).toEqual(['gloss-classifier', 'gloss-language'])
    expect(found.checks.slice(0, 2)).toMatchObject([
      { name: 'onnxruntime provider cpu', state: 'ok', hint: null },
      { name: 'onnxruntime provider cuda', state: 'missing', detail: 'No library.' }
    ])
    const broken = () => Promise.reject(new AppError('tool.failed', 'It crashed.', 'Install it again.'))
    const without = await checkWorkloads('resources/workloads', noGpu, broken, noPython)
    expect(without.providers).toEqual([])
    expect(without.checks[0]).toEqual({
      ...{ name: 'onnxruntime', state: 'missing', detail: 'It crashed.', hint: 'Install it again.' }
    })
  })

  it('names the Python that a run would take, or says what is missing', async () => {
    expect(await pytorch(async () => ({ file: '/usr/bin/python3', torch: '2.4.0' }))).toMatchObject({
      state: 'ok',
      detail: 'torch 2.4.0 in /usr/bin/python3'
    })
    const missing = new AppError('tool.missing', 'No Python with PyTorch was found.', 'Install it.')
    expect(await pytorch(() => Promise.reject(missing))).toMatchObject({
      state: 'missing',
      detail: 'No Python with PyTorch was found.',
      hint: expect.stringContaining('Only for --runner torch')
    })
  })
})
