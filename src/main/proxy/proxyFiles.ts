import { countOf } from '../../shared/units'
import path from 'node:path'
import { groupByKey } from '../../core/proxy/fit/folds'
import { readProfileCsv, type ReadCsvOptions } from '../../core/proxy/csv/readCsv'
import { proxyFromJson, type Proxy } from '../../core/proxy/fit/proxy'
import type { ProxyKernelName } from '../../shared/vocabulary'
import { matmulAxes } from '../../core/proxy/csv/matmulAxes'
import { joinSamples, type SampleTable } from '../../core/proxy/samples'
import { AppError } from '../../shared/errors'
import { readTextFile } from '../files/readTextFile'

/** Samples of files, and what is to be known of them. */
export interface ReadFiles {
  samples: SampleTable
  warnings: string[]
}

type ReadFilesOptions = Pick<ReadCsvOptions, 'unit' | 'timeOptional' | 'decimal'> & { cwd?: string }

/** Reads profile CSV files of one kernel into one set. Throws input.notFound, data.invalid (naming line and column). */
export async function readSampleFiles(
  paths: readonly string[],
  kernel: ProxyKernelName,
  { cwd = '.', ...options }: ReadFilesOptions = {}
): Promise<ReadFiles> {
  const sets: SampleTable[] = []
  const warnings: string[] = []
  for (const file of paths) {
    const text = await readUserText(path.resolve(cwd, file))
    const fileName = path.basename(file)
    const read = readProfileCsv(text, { kernel, fileName, ...options })
    const axes = matmulAxes(read.samples, fileName)
    sets.push(axes.samples)
    warnings.push(...read.warnings, ...axes.remarks)
  }
  const samples = joinSamples(sets)
  const repeated = samples.count - groupByKey(samples).groups
  if (repeated > 0) {
    warnings.push(
      `${repeated} of ${countOf(samples.count, 'row')} repeat a measurement of the same layer and bits: they stay on one side of every split.`
    )
  }
  return { samples, warnings }
}

/** Reads a text file of the user. @throws AppError data.invalid for a binary file */
export async function readUserText(file: string): Promise<string> {
  const text = await readTextFile(file)
  // Zero bytes and broken letters in the first lines: a binary file, or text in another encoding.
  if (/[\0\ufffd]/.test(text.slice(0, 4096))) {
    throw new AppError(
      'data.invalid',
      `${path.basename(file)} is not a text file in UTF-8.`,
      'Give a CSV file; save it as UTF-8 if it comes from a spreadsheet.'
    )
  }
  return text
}

/** Reads a proxy written by `bitbench proxy fit --out`. @throws AppError input.notFound, proxy.invalid */
export async function loadProxy(file: string): Promise<Proxy> {
  const text = await readUserText(file)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new AppError(
      'proxy.invalid',
      `${file} is not JSON.`,
      'Give a file written by `bitbench proxy fit --out`.',
      {
        cause
      }
    )
  }
  return proxyFromJson(json)
}
