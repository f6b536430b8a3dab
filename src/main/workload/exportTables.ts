import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { benchmarkCells, csvOf, impactCells, layerCells } from '../../core/workload/tableCsv'
import type { WorkloadRun } from '../../shared/contract/workload'
import { AppError } from '../../shared/errors'

export interface WrittenTable {
  file: string
  rows: number
}

/**
 * Writes benchmark_results.csv, per_layer_energy.csv and prediction_impact.csv to FOLDER/<model>/; a table without rows
 * has its header alone left out with it.
 * @throws store.exportFailed
 */
export async function exportTables(
  { tables, subject }: WorkloadRun,
  folder: string
): Promise<WrittenTable[]> {
  const model = subject?.model ?? 'network'
  const target = path.join(folder, model.replaceAll(/[^A-Za-z0-9._-]/g, '_'))
  const contents = [
    ['benchmark_results.csv', tables.benchmark.map((row) => benchmarkCells(model, row))],
    ['per_layer_energy.csv', tables.layers.map((row) => layerCells(model, row))],
    ['prediction_impact.csv', tables.impacts.map((row) => impactCells(model, row))]
  ] as const
  try {
    await mkdir(target, { recursive: true })
    const written: WrittenTable[] = []
    for (const [name, rows] of contents) {
      if (rows.length === 0) continue
      const file = path.join(target, name)
      await writeFile(file, csvOf(rows))
      written.push({ file, rows: rows.length })
    }
    return written
  } catch (cause) {
    throw new AppError(
      'store.exportFailed',
      `The tables could not be written below ${folder}: ${(cause as Error).message}.`,
      'Check that the folder can be written to and that the disk is not full.',
      { cause }
    )
  }
}
