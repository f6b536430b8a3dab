import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { readBenchmarkCsv, readImpactCsv, readLayerCsv, tableFiles } from '../../../core/workload/readTables'
import type { WorkloadTables } from '../../../shared/contract/workload/workloadRows'
import { AppError } from '../../../shared/errors'

/** The tables of one network with the folder they came from; null for a stored run. */
export interface NamedTables {
  model: string
  folder: string | null
  tables: WorkloadTables
  /** Of the intervals in the tables, 0..1. */
  confidence: number
}

/**
 * Reads a folder of one network (OUT/<model>/) or one that holds several (OUT/).
 *
 * @throws input.notFound when there is no table, data.invalid naming file and row
 */
export async function readTableFolders(folder: string): Promise<NamedTables[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => null)
  if (entries === null) {
    throw new AppError(
      'input.notFound',
      `There is no folder ${folder}.`,
      'Give the folder of "workload run --out".'
    )
  }
  const found = await readOne(folder)
  if (found !== null) return [found]
  const below: NamedTables[] = []
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const one = entry.isDirectory() ? await readOne(path.join(folder, entry.name)) : null
    if (one !== null) below.push(one)
  }
  if (below.length > 0) return below
  throw new AppError(
    'input.notFound',
    `${folder} holds no ${Object.values(tableFiles).join(', ')}, nor does a folder in it.`,
    'Write the tables with "workload run --out FOLDER" first.'
  )
}

async function readOne(folder: string): Promise<NamedTables | null> {
  const [benchmark, layers, impacts] = [
    await readTable(folder, tableFiles.benchmark, readBenchmarkCsv),
    await readTable(folder, tableFiles.layers, readLayerCsv),
    await readTable(folder, tableFiles.impacts, readImpactCsv)
  ]
  const read = [benchmark, layers, impacts].filter((table) => table !== null)
  if (read.length === 0) return null
  const model = read.find((table) => table.model !== '')?.model
  const confidences = [...new Set(read.map(({ confidence }) => confidence))]
  if (confidences.length > 1) {
    throw new AppError(
      'data.invalid',
      `The tables in ${folder} have intervals at ${confidences.join(' and ')} confidence.`,
      'They are of different runs; write those of one run with "workload run --out".'
    )
  }
  return {
    model: model ?? path.basename(folder),
    folder,
    confidence: confidences[0],
    tables: {
      benchmark: benchmark?.rows ?? [],
      layers: layers?.rows ?? [],
      impacts: impacts?.rows ?? [],
      // The tables do not hold the sum over layers by the whole; a stored run does.
      closure: { timePercent: null, energyPercent: null, verdict: 'unavailable', reason: null },
      notes: []
    }
  }
}

async function readTable<T>(
  folder: string,
  name: string,
  read: (text: string, file: string) => T
): Promise<T | null> {
  const file = path.join(folder, name)
  const isThere = await stat(file).then(
    (entry) => entry.isFile(),
    () => false
  )
  return isThere ? read(await readFile(file, 'utf8'), file) : null
}
