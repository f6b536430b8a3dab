import type { GpuList } from '../../../shared/contract/gpu'
import { gpuPowerCheck, type WorkloadCheck } from '../../../shared/contract/workload'
import { AppError } from '../../../shared/errors'
import type { ProviderTrial } from './providers'
import type { TorchPython } from './pythonInterpreter'
import { shippedNetworks } from '../shippedNetworks'

/** What a run needs, tried rather than looked up. */
export async function checkWorkloads(
  networksFolder: string,
  gpus: GpuList,
  tryProviders: () => Promise<ProviderTrial[]>,
  findPython: () => Promise<TorchPython>
): Promise<{ checks: WorkloadCheck[]; models: string[]; providers: string[] }> {
  const models = shippedNetworks(networksFolder).map(({ name }) => name)
  const { trials, failure } = await tryProviders().then(
    (found) => ({ trials: found, failure: [] }),
    (cause: unknown) => ({ trials: [], failure: [runtimeMissing(cause)] })
  )
  const providers = trials.filter(({ reason }) => reason === null).map(({ provider }) => provider)
  const checks: WorkloadCheck[] = [
    ...failure,
    ...trials.map(({ provider, reason }): WorkloadCheck => ({
      name: `onnxruntime provider ${provider}`,
      state: reason === null ? 'ok' : 'missing',
      detail: reason ?? 'opens a network',
      hint: reason === null ? null : 'Not needed: the provider cpu runs everywhere.'
    })),
    powerCheck(gpus),
    await pythonCheck(findPython),
    {
      name: 'shipped networks',
      state: models.length > 0 ? 'ok' : 'missing',
      detail: models.join(', '),
      hint: models.length > 0 ? null : 'This copy of Bitbench is incomplete: install it again.'
    }
  ]
  return { checks, models, providers }
}

function runtimeMissing(cause: unknown): WorkloadCheck {
  const { message, hint } = AppError.from(cause)
  return { name: 'onnxruntime', state: 'missing', detail: message, hint }
}

/** The interpreter that a run with PyTorch would take. */
async function pythonCheck(findPython: () => Promise<TorchPython>): Promise<WorkloadCheck> {
  const name = 'PyTorch'
  try {
    const { file, torch } = await findPython()
    return { name, state: 'ok', detail: `torch ${torch} in ${file}`, hint: null }
  } catch (reason) {
    const { message, hint } = AppError.from(reason)
    return { name, state: 'missing', detail: message, hint: `Only for --runner torch. ${hint}` }
  }
}

function powerCheck({ state, origin, gpus, driverVersion, message, hint }: GpuList): WorkloadCheck {
  const name = gpuPowerCheck
  if (state !== 'ready') {
    return {
      name,
      state: 'missing',
      detail: message ?? state,
      hint: hint ?? 'Runs measure time; energy is unavailable.'
    }
  }
  const [gpu] = gpus
  const about = `${gpu?.name}, driver ${driverVersion}, ${gpu?.powerField ?? 'no power field'}`
  return {
    name,
    state: gpu?.powerField === null || origin === 'simulated' ? 'warning' : 'ok',
    detail: origin === 'simulated' ? `${about}: SIMULATED, a stand-in for nvidia-smi` : about,
    hint: gpu?.powerField === null ? 'This GPU reports no power; energy is unavailable.' : null
  }
}
