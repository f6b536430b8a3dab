import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { BoardInfo } from '../../core/board/boardInfo'
import { copiedFiles, generateSources, type GeneratedFile } from '../../core/deploy/codegen/generateSources'
import type { SelfCheck } from '../../core/deploy/codegen/mainSource'
import { planDeployment, type Plan } from '../../core/deploy/plan'
import type { QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import { AppError } from '../../shared/errors'
import { writeError } from '../files/replaceFile'

/** Networks as folders of C. */
export interface CodeExport {
  /** Sources whose callable.elf is linked where the plan puts the Image. */
  callable(network: QuantizedNetwork, plan: Plan, check: SelfCheck): Promise<GeneratedFile[]>
  /**
   * Writes the sources into a new or empty folder, planned for the kernels and the memory of `info`.
   * @throws input.invalid when the folder holds anything: nothing of the user's is overwritten; store.exportFailed
   */
  write(
    network: QuantizedNetwork,
    check: SelfCheck,
    folder: string,
    info: BoardInfo
  ): Promise<{ folder: string; files: { name: string; sizeBytes: number }[] }>
}

/** Returns how a network is written as a C program. */
export function createCodeExport(deps: {
  /** resources/ of this copy. */
  resourceFolder: string
}): CodeExport {
  const sourcesOf = async (): Promise<Map<string, string>> => {
    const names = await readdir(path.join(deps.resourceFolder, 'kernels'), { recursive: true })
    const paths = [...names.map((name) => `kernels/${name.replaceAll('\\', '/')}`), ...copiedFiles]
    const texts = new Map<string, string>()
    for (const name of paths) {
      const file = path.join(deps.resourceFolder, name)
      if ((await stat(file)).isFile()) texts.set(name, await readFile(file, 'utf8'))
    }
    return texts
  }
  return {
    callable: async (network, plan, check) =>
      generateSources(network, plan, { sources: await sourcesOf(), check }),
    async write(network, check, folder, info) {
      const target = path.resolve(folder)
      const present = await readdir(target).catch(() => [])
      if (present.length > 0) {
        throw new AppError(
          'input.invalid',
          `${target} is not empty (${present.length} entries).`,
          'Choose a new or an empty folder: an export overwrites nothing.'
        )
      }
      const plan = planDeployment(network, info)
      const clockHz = info.clockHz ?? undefined
      const files = generateSources(network, plan, { sources: await sourcesOf(), check, clockHz })
      await writeFiles(target, files)
      return {
        folder: target,
        files: files.map((file) => ({ name: file.path, sizeBytes: Buffer.byteLength(file.text) }))
      }
    }
  }
}

/**
 * Writes generated files into an empty folder, which is made where it is missing; when one of them cannot be written, none
 * is left.
 *
 * @throws store.exportFailed (a full disk, a folder that cannot be written)
 */
export async function writeFiles(folder: string, files: readonly GeneratedFile[]): Promise<void> {
  let target = folder
  let made: string | undefined
  try {
    made = await mkdir(folder, { recursive: true })
    for (const file of files) {
      target = path.join(folder, file.path)
      await mkdir(path.dirname(target), { recursive: true })
      await writeFile(target, file.text)
    }
  } catch (cause) {
    const parts = new Set(files.map((file) => file.path.split('/', 1)[0] ?? file.path))
    const left = made === undefined ? [...parts].map((part) => path.join(folder, part)) : [made]
    for (const name of left) await rm(name, { recursive: true, force: true }).catch(() => undefined)
    throw writeError(target, cause)
  }
}
