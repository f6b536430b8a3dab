import type { ImpactRow } from '../../shared/contract/workload/workloadRows'
import { AppError } from '../../shared/errors'
import { createRecordTable } from '../store/recordTable'
import type { Store } from '../store/store'
import { runOf, workloadRecordSchema, type WorkloadRecord } from './workloadRecord'

/** Returns what reads the prediction impact of stored workload runs. Its result throws input.notFound for an unknown run. */
export function storedImpacts(
  store: Pick<Store, 'run' | 'all'>
): (workloadId: string) => Promise<{ model: string; contentId: string | null; impacts: ImpactRow[] }> {
  const table = createRecordTable<WorkloadRecord>(store, {
    table: 'workload_run',
    schema: workloadRecordSchema
  })
  return async (workloadId) => {
    const record = await table.get(workloadId)
    if (record === null) {
      throw new AppError(
        'input.notFound',
        `There is no workload run ${workloadId}.`,
        'List them with "bitbench workload list".'
      )
    }
    const { subject, contentId } = record
    return { model: subject?.model ?? 'a network', contentId, impacts: runOf(record).tables.impacts }
  }
}
