import type { GpuList } from '../../../shared/contract/gpu'
import { gpuPowerCheck, type WorkloadCheck } from '../../../shared/contract/workload'
import { AppError } from '../../../shared/errors'
import type { ComputeApp } from '../../../core/gpu/computeApps'
import { countOf } from '../../../shared/units'
import type { ProviderTrial } from './providers'
import type { TorchPython } from './pythonInterpreter'
import type { TorchFacts } from './torchFacts'
import { shippedNetworks } from '../shippedNetworks'

/** How the things that a run needs are tried. */
export interface WorkloadTrials {
  readonly networksFolder: string
  readonly gpus: GpuList
  /** Processes on the GPUs; undefined where they cannot be listed. */
  others(): Promise<readonly ComputeApp[] | undefined>
  providers(): Promise<ProviderTrial[]>
  findPython(): Promise<TorchPython>
  torchFacts(python: string): Promise<TorchFacts>
  /** Whether this user may do what takes an administrator; null where that is not known. */
  isAdministrator: boolean | null
}

/** What a run needs, tried rather than looked up. */
export async function checkWorkloads(
  trial: WorkloadTrials
): Promise<{ checks: WorkloadCheck[]; models: string[]; providers: string[] }> {
  const { gpus } = trial
  const models = shippedNetworks(trial.networksFolder).map(({ name }) => name)
  const { trials, failure } = await trial.providers().then(
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
    ...(gpus.state === 'ready' ? [await processCheck(trial), clockCheck(trial)] : []),
    ...(await pythonChecks(trial)),
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

/** The interpreter that a run with PyTorch would take, what it runs on, and whether it can load networks by name. */
async function pythonChecks({ findPython, torchFacts }: WorkloadTrials): Promise<WorkloadCheck[]> {
  const name = 'PyTorch'
  let found: TorchPython
  try {
    found = await findPython()
  } catch (reason) {
    const { message, hint } = AppError.from(reason)
    return [{ name, state: 'missing', detail: message, hint: `Only for --runner torch. ${hint}` }]
  }
  const where = `torch ${found.torch} in ${found.file}`
  try {
    const facts = await torchFacts(found.file)
    return [
      { name, state: 'ok', detail: `${where}, ${deviceText(facts)}`, hint: null },
      {
        name: 'transformers library',
        state: facts.transformers === null ? 'missing' : 'ok',
        detail: facts.transformers ?? `not in ${found.file}`,
        hint:
          facts.transformers === null
            ? 'Only for networks by their names; a Python file that builds the network does without.'
            : null
      }
    ]
  } catch (reason) {
    const { message, hint } = AppError.from(reason)
    return [{ name, state: 'warning', detail: `${where}. ${message}`, hint }]
  }
}

function deviceText({ cuda, devices, bf16 }: TorchFacts): string {
  if (cuda === null) return 'built without CUDA: it runs on the processor'
  if (devices.length === 0) return `built for CUDA ${cuda}, but it sees no GPU: it runs on the processor`
  const precisions = bf16 === true ? 'fp32, fp16 and bf16' : 'fp32 and fp16, no bf16'
  return `CUDA ${cuda} on ${devices.join(', ')}: ${precisions}`
}

/** Others on the GPU make every energy figure INVALID. */
async function processCheck({ others }: WorkloadTrials): Promise<WorkloadCheck> {
  const name = 'processes on the GPU'
  const apps = await others()
  if (apps === undefined) {
    return {
      name,
      state: 'warning',
      detail: 'nvidia-smi does not list them',
      hint: 'Look before you measure.'
    }
  }
  if (apps.length === 0) return { name, state: 'ok', detail: 'none', hint: null }
  const names = [...new Set(apps.map((app) => app.name))].slice(0, 5).join(', ')
  return {
    ...{ name, state: 'warning', detail: `${countOf(apps.length, 'process')}: ${names}` },
    hint: 'Energy beside them is INVALID: end them, or wait.'
  }
}

/** Trying it would change the clocks of whoever uses the GPU. */
function clockCheck({ isAdministrator }: WorkloadTrials): WorkloadCheck {
  const name = 'locking the SM clock'
  if (isAdministrator === true) return { name, state: 'ok', detail: 'this user may', hint: null }
  return {
    ...{ name, state: 'warning' },
    detail: isAdministrator === null ? 'not known' : 'this user may hardly: it takes root',
    hint: 'Without it clocks move, and trials differ more.'
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
