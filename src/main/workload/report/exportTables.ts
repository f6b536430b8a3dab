import path from 'node:path'
import { mergedCells, mergedFile } from '../../../core/workload/mergedCsv'
import { tableFiles } from '../../../core/workload/readTables'
import { mergeTables } from '../../../core/workload/statistics/merge'
import { benchmarkCells, csvOf, impactCells, layerCells } from '../../../core/workload/tableCsv'
import type { WorkloadRun } from '../../../shared/contract/workload'
import { plainFileName } from '../../files/plainFileName'
import { writeWholeFile } from '../../files/replaceFile'

/** A table that was written. */
export interface WrittenTable {
  file: string
  rows: number
}

/**
 * Writes benchmark_results.csv, per_layer_energy.csv, prediction_impact.csv and energy_impact_merged.csv to FOLDER/<model>/; a
 * table without rows is not written.
 * @throws store.exportFailed
 */
export async function exportTables(
  { tables, subject, request: { confidence } }: WorkloadRun,
  folder: string
): Promise<WrittenTable[]> {
  const model = subject?.model ?? 'network'
  const contents = [
    [tableFiles.benchmark, tables.benchmark.map((row) => benchmarkCells(model, row, confidence))],
    [tableFiles.layers, tables.layers.map((row) => layerCells(model, row, confidence))],
    [tableFiles.impacts, tables.impacts.map((row) => impactCells(model, row, confidence))],
    [mergedFile, mergeTables(tables.layers, tables.impacts).map((row) => mergedCells(model, row, confidence))]
  ] as const
  const written: WrittenTable[] = []
  for (const [name, rows] of contents) {
    if (rows.length === 0) continue
    const file = path.join(folder, plainFileName(model), name)
    await writeWholeFile(file, csvOf(rows))
    written.push({ file, rows: rows.length })
  }
  return written
}
