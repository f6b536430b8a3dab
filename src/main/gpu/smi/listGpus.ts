import { parseHelpQueryGpu, chooseFields, nextAlias, rejectedField } from '../../../core/gpu/queryFields'
import { chooseIdentity, listingQuery, parseListing, type ListedGpu } from '../../../core/gpu/gpuInventory'
import { powerFieldOf } from '../../../core/gpu/metrics'
import { parseMigDevices } from '../../../core/gpu/migDevices'
import { explainSmi, type SmiTrouble } from '../../../core/gpu/smiTrouble'
import { sensorOf } from '../../../core/energy/sensorModel'
import type { GpuList } from '../../../shared/contract/gpu'
import { AppError } from '../../../shared/errors'
import { hasNvidiaDriver, smiOrigin, type SmiOrigin } from './smiOrigin'
import { askSmi, type SmiCommand, type Spawn } from './smiProcess'

/** GPUs with what each can report. Its absence is a state with its reason and no error. */
export async function listGpus(
  spawn: Spawn,
  findCommand: () => SmiCommand | null,
  hasDriver: () => boolean = hasNvidiaDriver
): Promise<GpuList> {
  let smi: SmiCommand | null = null
  try {
    smi = findCommand()
    if (smi === null) return absent
    const help = await askSmi(spawn, smi, ['--help-query-gpu'])
    const known = parseHelpQueryGpu(help.stdout)
    let identity = chooseIdentity(known)
    let fields = chooseFields(known)
    const tried = new Set(fields.filter((field) => field !== null))
    // Each round drops or renames one field, so the loop ends after at most every alias was refused.
    for (;;) {
      const listing = await askSmi(spawn, smi, [
        `--query-gpu=${listingQuery(fields, identity).join(',')}`,
        '--format=csv'
      ])
      const said = `${listing.stdout}\n${listing.stderr}`
      const rejected = rejectedField(said)
      if (rejected !== null && identity.includes(rejected)) {
        identity = identity.filter((field) => field !== rejected)
        continue
      }
      if (rejected !== null && fields.includes(rejected)) {
        const other = nextAlias(rejected, tried)
        if (other !== null) tried.add(other)
        fields = fields.map((field) => (field === rejected ? other : field))
        continue
      }
      const { gpus, stray } = parseListing(listing.stdout, fields, identity)
      if (gpus.length > 0) {
        const origin = smiOrigin(smi, `${help.stdout}\n${help.stderr}`, hasDriver())
        return ready(smi, origin, gpus, await migDevices(spawn, smi, gpus))
      }
      return troubled(smi, explainSmi(listing.exitCode, [...stray, listing.stderr].join('\n')))
    }
  } catch (cause) {
    const error = AppError.from(cause)
    return {
      ...absent,
      state: error.code === 'gpu.noDriver' ? 'noDriver' : 'failed',
      nvidiaSmiPath: smi?.path ?? null,
      message: error.message,
      hint: error.hint
    }
  }
}

const absent: GpuList = {
  state: 'noDriver',
  nvidiaSmiPath: null,
  origin: 'measured',
  driverVersion: null,
  gpus: [],
  message: 'nvidia-smi was not found on this machine, so there is no NVIDIA driver to read a GPU with.',
  hint: 'Install the NVIDIA driver, or set the path of nvidia-smi in the settings. Everything else works without it.'
}

/** Slices by GPU; read only where a card is cut into slices. */
async function migDevices(
  spawn: Spawn,
  smi: SmiCommand,
  gpus: readonly ListedGpu[]
): Promise<ReturnType<typeof parseMigDevices>> {
  if (!gpus.some((gpu) => gpu.migEnabled === true)) return new Map()
  return parseMigDevices((await askSmi(spawn, smi, ['-L'])).stdout)
}

function ready(
  smi: SmiCommand,
  origin: SmiOrigin,
  listed: ListedGpu[],
  slices: ReturnType<typeof parseMigDevices>
): GpuList {
  return {
    state: 'ready',
    nvidiaSmiPath: smi.path,
    origin,
    driverVersion: listed[0].driverVersion,
    gpus: listed.map((gpu) => {
      const powerField = powerFieldOf(gpu.fields)?.field ?? null
      return {
        ...gpu,
        migDevices: slices.get(gpu.index) ?? [],
        powerField,
        sensor: sensorOf(gpu.name, powerField)
      }
    }),
    message: null,
    hint: null
  }
}

function troubled(smi: SmiCommand, trouble: SmiTrouble): GpuList {
  const state = trouble.kind === 'noDriver' || trouble.kind === 'noGpu' ? trouble.kind : 'failed'
  return { ...absent, state, nvidiaSmiPath: smi.path, message: trouble.message, hint: trouble.hint }
}

/** The list, or the error that says why nothing can be measured. @throws gpu.noDriver */
export function requireGpus(list: GpuList): GpuList {
  if (list.state === 'ready') return list
  throw new AppError(
    'gpu.noDriver',
    list.message ?? 'No NVIDIA GPU can be read.',
    list.hint ?? 'Run nvidia-smi.',
    {
      details: { state: list.state }
    }
  )
}
