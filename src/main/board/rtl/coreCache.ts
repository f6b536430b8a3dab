import type { spawn as nodeSpawn } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../../shared/errors'
import type { JobService } from '../../jobs/jobService'
import { buildCore, buildSteps, type CoreTools } from './buildCore'
import { coreRecipe, type CoreRecipe, type RtlVariant } from './coreSources'

/** The programs of the core in resources/rtl, made once with Verilator and kept. */
export interface CoreCache {
  /** Why a variant cannot be made here, naming the tools that are absent; null where it can or is kept. */
  obstacle(variant: RtlVariant): Promise<string | null>
  /**
   * The path of a variant's program. It is made first where it is not kept: a Job with progress, which all callers share.
   *
   * @throws tool.missing, tool.failed, job.cancelled
   */
  program(variant: RtlVariant): Promise<string>
}

const needed = [
  { package: 'verilator', names: ['verilator'] },
  { package: 'make', names: ['make', 'gmake'] },
  { package: 'g++', names: ['g++', 'c++', 'clang++'] }
] as const

/** Returns the programs kept in `folder`. */
export function createCoreCache(options: {
  sourceFolder: string
  folder: string
  spawn: typeof nodeSpawn
  findProgram: (names: string[]) => Promise<string | null>
  jobs: JobService
  /** Reports that a core is being made, for those who see no list of jobs. */
  log: (line: string) => void
}): CoreCache {
  const { sourceFolder, folder, spawn, findProgram, jobs, log } = options
  const recipes = new Map<RtlVariant, Promise<CoreRecipe>>()
  const building = new Map<RtlVariant, Promise<string>>()

  const recipeOf = (variant: RtlVariant): Promise<CoreRecipe> => {
    const known = recipes.get(variant) ?? coreRecipe(sourceFolder, variant)
    recipes.set(variant, known)
    known.catch(() => recipes.delete(variant))
    return known
  }
  const kept = async (variant: RtlVariant): Promise<string | null> => {
    const file = path.join(folder, (await recipeOf(variant)).name)
    return await access(file, constants.X_OK).then(
      () => file,
      () => null
    )
  }
  const build = async (variant: RtlVariant): Promise<string> => {
    const [recipe, found] = await Promise.all([recipeOf(variant), toolsOf(findProgram)])
    log(`Making the core rtl:${variant} with Verilator, once: it takes about half a minute.`)
    return await jobs.start({
      kind: 'board.makeCore',
      title: `Make the core rtl:${variant} with Verilator`,
      unit: 'steps',
      total: buildSteps,
      run: ({ signal, progress }) =>
        buildCore(recipe, {
          cacheFolder: folder,
          tools: found,
          spawn,
          signal,
          onProgress: (done, note) => progress(done, buildSteps, note)
        })
    }).result
  }

  return {
    async obstacle(variant) {
      if ((await kept(variant)) !== null) return null
      return await toolsOf(findProgram).then(
        () => null,
        (error: unknown) => {
          const { message, hint } = AppError.from(error)
          return `${message} ${hint}`
        }
      )
    },
    async program(variant) {
      const file = await kept(variant)
      if (file !== null) return file
      const running = building.get(variant) ?? build(variant)
      building.set(variant, running)
      const forget = (): void => void building.delete(variant)
      running.then(forget, forget)
      return await running
    }
  }
}

/** @throws tool.missing naming all that are absent */
async function toolsOf(findProgram: (names: string[]) => Promise<string | null>): Promise<CoreTools> {
  const found = await Promise.all(needed.map(({ names }) => findProgram([...names])))
  const [verilator, make] = found
  if (verilator != null && make != null && !found.includes(null)) return { verilator, make }
  const absent = needed.filter((_, at) => found[at] === null).map((tool) => tool.package)
  throw new AppError(
    'tool.missing',
    `Not installed: ${absent.join(', ')}.`,
    `Debian: apt install ${absent.join(' ')}`
  )
}
