import { exportTables } from '@main/workload/report/exportTables'
import type { WorkloadRun } from '@shared/contract/workload'
import type { WorkloadTables } from '@shared/contract/workload/workloadRows'
import path from 'node:path'

/** Writes OUT/<model>/ as `workload run --out` does. Returns the folder. */
export async function writeTableFolder(
  out: string,
  model: string,
  tables: WorkloadTables,
  confidence = 0.95
): Promise<string> {
  await exportTables({ tables, subject: { model }, request: { confidence } } as WorkloadRun, out)
  return path.join(out, model)
}
