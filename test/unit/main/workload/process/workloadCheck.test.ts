import { describe, expect, it } from 'vitest'
import { checkWorkloads, type WorkloadTrials } from '@main/workload/process/workloadCheck'
import type { TorchFacts } from '@main/workload/process/torchFacts'
import type { GpuList } from '@shared/contract/gpu'
import { AppError } from '@shared/errors'
import { sampleGpuList } from '../../../../e2e/support/sampleGpu'

const noGpu: GpuList = {
  ...{ state: 'noDriver', nvidiaSmiPath: null, origin: 'measured', driverVersion: null, gpus: [] },
  ...{ message: 'none', hint: null }
}
const providers = async () => [
  { provider: 'cpu', reason: null },
  { provider: 'cuda', reason: 'No library.' }
]
const cpuOnly: TorchFacts = { cuda: null, devices: [], bf16: null, transformers: null }
const trial = (more: Partial<WorkloadTrials> = {}): WorkloadTrials => ({
  ...{ networksFolder: 'resources/workloads', gpus: noGpu, providers, isAdministrator: false },
  others: async () => [],
  findPython: async () => ({ file: '/usr/bin/python3', torch: '2.4.0' }),
  torchFacts: async () => cpuOnly,
  ...more
})
const named = async (name: string, more: Partial<WorkloadTrials>) =>
  (await checkWorkloads(trial(more))).checks.find((check) => check.name === name)

describe('checkWorkloads', () => {
  it('lists the providers that can be used, and says why the others cannot', async () => {
    const found = await checkWorkloads(trial())
    expect(found.providers).toEqual(['cpu'])
    expect(found.models).toEqual(['gloss-classifier', 'gloss-language'])
    expect(found.checks.slice(0, 2)).toMatchObject([
      { name: 'onnxruntime provider cpu', state: 'ok', hint: null },
      { name: 'onnxruntime provider cuda', state: 'missing', detail: 'No library.' }
    ])
    const broken = () => Promise.reject(new AppError('tool.failed', 'It crashed.', 'Install it again.'))
    const without = await checkWorkloads(trial({ providers: broken }))
    expect(without.providers).toEqual([])
    expect(without.checks[0]).toEqual({
      ...{ name: 'onnxruntime', state: 'missing', detail: 'It crashed.', hint: 'Install it again.' }
    })
  })

  it('names the Python that a run would take and what it runs on, or says what is missing', async () => {
    expect(await named('PyTorch', {})).toMatchObject({
      state: 'ok',
      detail: 'torch 2.4.0 in /usr/bin/python3, built without CUDA: it runs on the processor'
    })
    const missing = new AppError('tool.missing', 'No Python with PyTorch was found.', 'Install it.')
    expect(await named('PyTorch', { findPython: () => Promise.reject(missing) })).toMatchObject({
      state: 'missing',
      detail: 'No Python with PyTorch was found.',
      hint: expect.stringContaining('Only for --runner torch')
    })
    const silent = new AppError('tool.failed', 'It did not say.', 'Run it.')
    expect(await named('PyTorch', { torchFacts: () => Promise.reject(silent) })).toMatchObject({
      state: 'warning',
      detail: 'torch 2.4.0 in /usr/bin/python3. It did not say.'
    })
  })

  it('says what GPU and precisions PyTorch has, and whether networks have names', async () => {
    const h100 = { cuda: '12.4', devices: ['NVIDIA H100'], bf16: true, transformers: '4.44.0' }
    const detail = async (facts: TorchFacts) =>
      (await named('PyTorch', { torchFacts: async () => facts }))?.detail
    expect(await detail(h100)).toMatch(/CUDA 12.4 on NVIDIA H100: fp32, fp16 and bf16$/)
    expect(await detail({ ...h100, bf16: false })).toMatch(/fp32 and fp16, no bf16$/)
    expect(await detail({ ...h100, devices: [], bf16: null })).toMatch(
      /built for CUDA 12.4, but it sees no GPU/
    )
    const library = (facts: TorchFacts) => named('transformers library', { torchFacts: async () => facts })
    expect(await library(h100)).toMatchObject({ state: 'ok', detail: '4.44.0' })
    expect(await library(cpuOnly)).toMatchObject({ state: 'missing' })
  })

  it('looks for processes of others and the right to lock clocks where there is a GPU', async () => {
    const gpus: GpuList = { ...sampleGpuList, state: 'ready' }
    const app = { gpuUuid: 'GPU-1', pid: 7, name: 'python3', usedMemoryBytes: null }
    const [processes, clock] = ['processes on the GPU', 'locking the SM clock']
    expect(await named(processes!, {})).toBeUndefined()
    expect(await named(processes!, { gpus })).toMatchObject({ state: 'ok', detail: 'none' })
    expect(await named(processes!, { gpus, others: async () => [app, app] })).toMatchObject({
      state: 'warning',
      detail: '2 processes: python3'
    })
    expect(await named(processes!, { gpus, others: async () => undefined })).toMatchObject({
      state: 'warning',
      detail: 'nvidia-smi does not list them'
    })
    expect(await named(clock!, {})).toBeUndefined()
    for (const [isAdministrator, state] of [
      [true, 'ok'],
      [false, 'warning'],
      [null, 'warning']
    ] as const) {
      expect(await named(clock!, { gpus, isAdministrator })).toMatchObject({ state })
    }
  })
})
