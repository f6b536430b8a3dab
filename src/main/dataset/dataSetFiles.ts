import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../shared/errors'
import type { DataSetInfo } from '../../shared/contract/dataset'
import { readRecord } from '../store/storedItems'
import { isProcessAlive } from '../files/isProcessAlive'

/** The folder of data sets in the data folder: one folder per set, named as the set is. */
export interface DataSetFiles {
  list(): Promise<DataSetInfo[]>
  /** @throws AppError input.notFound */
  find(name: string): Promise<{ info: DataSetInfo; folder: string }>
  /** A new folder beside the sets, to be filled and then given to `keep`. */
  begin(): Promise<string>
  /** Makes a filled folder the set of this name. @throws AppError input.invalid when the name is taken */
  keep(folder: string, name: string): Promise<void>
  /** Whether a name can be used. @throws AppError input.invalid */
  checkFree(name: string): Promise<void>
  remove(name: string): Promise<void>
}

const unfinished = '.reading-'

/** Returns the data sets of a folder. */
export function createDataSetFiles(root: string): DataSetFiles {
  const folderOf = (name: string): string => path.join(root, encodeURIComponent(name))
  const names = async (): Promise<string[]> =>
    (await readdir(root).catch(() => [])).filter((entry) => !entry.startsWith('.')).sort()

  const files: DataSetFiles = {
    async list() {
      const infos = await Promise.all(
        (await names()).map((entry) => readRecord(path.join(root, entry)).catch(() => null))
      )
      return infos.filter((info) => info !== null)
    },
    async find(name) {
      const folder = folderOf(name)
      if (!(await names()).includes(path.basename(folder))) {
        const known = (await files.list()).map((info) => info.name)
        throw new AppError(
          'input.notFound',
          `There is no data set "${name}".`,
          known.length === 0
            ? 'Add one: bitbench dataset add PATH --name NAME.'
            : `There are: ${known.join(', ')}.`
        )
      }
      return { info: await readRecord(folder), folder }
    },
    async checkFree(name) {
      if (!(await names()).includes(path.basename(folderOf(name)))) return
      throw new AppError(
        'input.invalid',
        `There is a data set "${name}" already.`,
        'Choose another name, or remove that one first.'
      )
    },
    async begin() {
      await mkdir(root, { recursive: true, mode: 0o700 })
      await removeUnfinished(root)
      return mkdtemp(path.join(root, `${unfinished}${process.pid}-`))
    },
    async keep(folder, name) {
      await files.checkFree(name)
      await rename(folder, folderOf(name))
    },
    async remove(name) {
      const { folder } = await files.find(name).catch((reason: unknown) => {
        // A damaged record must not keep its folder from being removed.
        if (AppError.from(reason).code === 'input.notFound') throw reason
        return { folder: folderOf(name) }
      })
      await rm(folder, { recursive: true, force: true })
    }
  }
  return files
}

/** Removes what processes that are gone left behind. */
async function removeUnfinished(root: string): Promise<void> {
  for (const entry of await readdir(root)) {
    const pid = /^\.reading-(\d+)-/.exec(entry)?.[1]
    if (pid !== undefined && !isProcessAlive(Number(pid)))
      await rm(path.join(root, entry), { recursive: true, force: true })
  }
}
