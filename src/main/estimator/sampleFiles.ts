import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import {
  sampleOf,
  samplesFromCsv,
  samplesFromJson,
  type SampleReading
} from '../../core/estimator/samples/readSamples'
import type { StageSample } from '../../core/estimator/samples/stageSample'
import { AppError } from '../../shared/errors'
import { readTextFile } from '../files/readTextFile'
import { readParquet } from './parquet'

/** One data set: the samples of a file, or of all files of a folder. */
export interface StageDataSet {
  name: string
  files: string[]
  samples: StageSample[]
}

const readable = new Set(['.csv', '.json', '.jsonl', '.parquet'])
/** Folders that never hold samples. */
const skipped = new Set(['logs', 'node_modules', 'figures'])

/**
 * Reads a CSV, JSON, JSON lines or Parquet file.
 * @throws input.notFound, input.unsupported, data.invalid (naming file and row)
 */
export async function readStageFile(
  file: string,
  reading: SampleReading,
  dataSet = path.basename(file, path.extname(file))
): Promise<StageSample[]> {
  const options = { ...reading, fileName: path.basename(file), dataSet }
  switch (path.extname(file).toLowerCase()) {
    case '.csv':
      return samplesFromCsv(await readTextFile(file), options)
    case '.json':
    case '.jsonl':
      return samplesFromJson(await readTextFile(file), options)
    case '.parquet':
      return (await readParquet(file)).map((record, row) => sampleOf(record, options, `row ${row + 1}`))
    default:
      // A folder's or file's name that was mistyped: that nothing is there is the nearer reason.
      if (path.extname(file) === '' && !existsSync(file)) {
        throw new AppError('input.notFound', `There is no file ${file}.`, 'Check the path.')
      }
      throw new AppError(
        'input.unsupported',
        `${path.basename(file)} is not a file of stage samples.`,
        'Give a .csv, .json, .jsonl or .parquet file.'
      )
  }
}

/** Samples of several files, one after another. */
export async function readStageFiles(
  files: readonly string[],
  reading: SampleReading,
  cwd = '.'
): Promise<StageSample[]> {
  const sets: StageSample[][] = []
  for (const file of files) sets.push(await readStageFile(path.resolve(cwd, file), reading))
  return sets.flat()
}

/**
 * Data sets of a results folder: every folder at or below it that holds JSON files (CSV and Parquet too), named by its path;
 * `logs` is skipped. Without `all`, the folder's own files alone.
 * @throws input.notFound, data.missing where no file is found
 */
export async function readDataSets(
  folder: string,
  reading: SampleReading,
  all: boolean
): Promise<StageDataSet[]> {
  const sets: StageDataSet[] = []
  for (const { name, files } of await findDataSets(folder, all)) {
    const samples: StageSample[] = []
    for (const file of files) samples.push(...(await readStageFile(file, reading, name)))
    sets.push({ name, files, samples })
  }
  return sets
}

async function findDataSets(folder: string, all: boolean): Promise<{ name: string; files: string[] }[]> {
  const found: { name: string; files: string[] }[] = []
  const visit = async (current: string): Promise<void> => {
    const entries = (await readdir(current, { withFileTypes: true })).sort((a, b) =>
      a.name < b.name ? -1 : 1
    )
    const files = entries
      .filter((entry) => entry.isFile() && readable.has(path.extname(entry.name).toLowerCase()))
      .map((entry) => path.join(current, entry.name))
    const name = path.relative(folder, current).split(path.sep).join('/')
    if (files.length > 0) found.push({ name: name === '' ? path.basename(folder) : name, files })
    if (!all) return
    for (const entry of entries) {
      if (entry.isDirectory() && !skipped.has(entry.name)) await visit(path.join(current, entry.name))
    }
  }
  await requireFolder(folder)
  await visit(folder)
  if (found.length === 0) {
    throw new AppError(
      'data.missing',
      `There are no sample files in ${folder}.`,
      all
        ? 'Give the folder that holds the data sets.'
        : 'Add --use-all-datasets to read the folders below it.'
    )
  }
  return found
}

async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => null)
  if (found?.isDirectory() === true) return
  throw new AppError('input.notFound', `There is no folder ${folder}.`, 'Check --results-dir.')
}
