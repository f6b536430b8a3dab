import type { Gpu, GpuList } from '../../../shared/contract/gpu'
import { AppError } from '../../../shared/errors'
import { listGpus, requireGpus } from './listGpus'
import { findSmi, type SmiCommand, type Spawn } from './smiProcess'

/** Where nvidia-smi is looked for. */
export interface GpuChoiceDeps {
  spawn: Spawn
  env: Readonly<Record<string, string | undefined>>
  /** The setting app.settings.nvidiaSmiPath, read at each use. */
  nvidiaSmiPath: () => string | null
}

/** The GPUs of this machine, and those of them that are wanted. */
export interface GpuChoice {
  /** The list of before unless it is to be refreshed or nvidia-smi's path has changed. */
  list(refresh: boolean): Promise<GpuList>
  /** @throws gpu.noDriver and its kin without GPUs; input.notFound for a number that no GPU has */
  chosen(indexes: readonly number[] | undefined): Promise<{ list: GpuList; gpus: Gpu[] }>
  /** @throws gpu.noDriver when nvidia-smi is gone */
  requireSmi(): SmiCommand
}

/** Returns the choice of GPUs; nvidia-smi runs once and then only on request. */
export function createGpuChoice(deps: GpuChoiceDeps): GpuChoice {
  const findCommand = (): ReturnType<typeof findSmi> => findSmi(deps.nvidiaSmiPath(), deps.env)
  let known: { at: string; list: Promise<GpuList> } | undefined
  const list: GpuChoice['list'] = (refresh) => {
    const at = `${deps.nvidiaSmiPath() ?? ''}`
    if (refresh || known === undefined || known.at !== at)
      known = { at, list: listGpus(deps.spawn, findCommand) }
    return known.list
  }
  return {
    list,
    async chosen(indexes) {
      // A driver that was absent a moment ago may be there now: only a good list is kept.
      const ready = requireGpus(await list((await list(false)).state !== 'ready'))
      const gpus =
        indexes === undefined ? ready.gpus : ready.gpus.filter((gpu) => indexes.includes(gpu.index))
      const missing = indexes?.filter((index) => !ready.gpus.some((gpu) => gpu.index === index)) ?? []
      if (missing.length > 0 || gpus.length === 0) throw noSuchGpu(missing, ready.gpus)
      return { list: ready, gpus }
    },
    requireSmi() {
      const smi = findCommand()
      if (smi === null) throw new AppError('gpu.noDriver', 'nvidia-smi is gone.', 'List the GPUs again.')
      return smi
    }
  }
}

function noSuchGpu(missing: readonly number[], gpus: readonly Gpu[]): AppError {
  return new AppError(
    'input.notFound',
    `There is no GPU ${missing.join(', ')}.`,
    `This machine has GPU ${gpus.map((gpu) => gpu.index).join(', ')}.`
  )
}
