import path from 'node:path'
import { AppError } from '../../shared/errors'

/** Format by the file's ending, and the name of the file with the phases beside it. */
export function exportNames(file: string): { format: 'csv' | 'parquet'; phasesFile: string } {
  const { dir, name, ext } = path.parse(file)
  const format = ext.toLowerCase() === '.csv' ? 'csv' : ext.toLowerCase() === '.parquet' ? 'parquet' : null
  if (format === null) {
    throw new AppError(
      'input.invalid',
      `The ending of "${file}" says neither CSV nor Parquet.`,
      'Name the file something.csv or something.parquet.'
    )
  }
  return { format, phasesFile: path.join(dir, `${name}.phases${ext}`) }
}
