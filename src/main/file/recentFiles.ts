import { recentFileSchema, type RecentFile } from '../../shared/contract/file'
import { readJsonList } from '../files/readJsonList'
import { writeWholeFile } from '../files/replaceFile'

/** Longest list that is kept. */
const maxRecent = 20

/** Files opened before, newest first, in a small JSON file beside the data file. */
export interface RecentFiles {
  list(): Promise<RecentFile[]>
  remember(file: RecentFile): Promise<RecentFile[]>
  /** Null: forgets all. */
  forget(file: string | null): Promise<RecentFile[]>
}

/** Reads the list on first use; one that cannot be read costs only what it held. */
export function createRecentFiles(file: string): RecentFiles {
  let known: Promise<RecentFile[]> | undefined
  const list = (): Promise<RecentFile[]> => (known ??= readJsonList(file, recentFileSchema))
  /** One change after the other: two windows may remember at once. */
  const change = (next: (files: RecentFile[]) => RecentFile[]): Promise<RecentFile[]> => {
    known = list().then(async (files) => {
      const changed = next(files).slice(0, maxRecent)
      await writeWholeFile(file, JSON.stringify(changed, null, 2))
      return changed
    })
    const result = known
    // A disk that is full must not make every later list fail.
    known.catch(() => (known = undefined))
    return result
  }
  return {
    list,
    remember: (entry) => change((files) => [entry, ...files.filter((one) => one.path !== entry.path)]),
    forget: (gone) => change((files) => (gone === null ? [] : files.filter((one) => one.path !== gone)))
  }
}
