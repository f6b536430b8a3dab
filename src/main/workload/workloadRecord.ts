import { z } from 'zod'
import { emptyEvidence, tablesOf } from '../../core/workload/measure/tables'
import { workloadRunSchema, type WorkloadRequest, type WorkloadRun } from '../../shared/contract/workload'
import { workloadEvidenceSchema } from '../../shared/contract/workload/workloadEvidence'
import type { NounMigrations } from '../store/migrations'
import { recordTableSql } from '../store/recordTable'

/** Workload runs in the data file: one row each, with what every finished step left behind. */
export const workloadMigrations: NounMigrations = {
  noun: 'workload',
  steps: [recordTableSql('workload_run')]
}

export const workloadRecordSchema = workloadRunSchema
  .omit({ tables: true })
  .extend({ evidence: workloadEvidenceSchema })

/** A workload run as it is stored. */
export type WorkloadRecord = z.infer<typeof workloadRecordSchema>

/** Returns the record of a run that begins. */
export function newRecord(
  id: string,
  request: WorkloadRequest,
  contentId: string | null,
  startedAtMs: number
): WorkloadRecord {
  return {
    ...{ id, request, startedAtMs, jobId: null, state: 'running', finishedAtMs: null },
    ...{
      contentId,
      subject: null,
      power: null,
      recordingIds: [],
      steps: [],
      unknownEvents: 0,
      message: null
    },
    evidence: emptyEvidence()
  }
}

/** The run as clients see it. */
export function runOf(record: WorkloadRecord): WorkloadRun {
  const { evidence, ...rest } = record
  const subject = record.subject ?? { task: 'accuracy' as const, batch: 1 }
  return { ...rest, tables: tablesOf(evidence, subject, record.request.confidence) }
}
