import { z } from 'zod'
import { recordingSchema } from '../../shared/contract/gpu'
import { loopSchema } from '../../shared/contract/loop'
import { runOriginSchema } from '../../shared/contract/remote'
import { estimatorSummarySchema } from '../../shared/contract/estimator'
import { collectionSchema } from '../../shared/contract/estimator/collection'
import { deploymentSchema } from '../../shared/contract/deploy'
import { measuredCalibrationSchema } from '../costs/calibrationStore'
import { stepOutcomeSchema } from '../estimator/collect/collectionStore'
import { storedEstimatorSchema } from '../estimator/estimatorStore'
import { storedAdaptiveSchema } from '../profile/adaptive/adaptiveStore'
import { campaignItemsSchema, storedRequestSchema } from '../profile/campaign/campaignStore'
import { storedFitSchema, storedSummarySchema } from '../proxy/proxyStore'
import { storedSearchSchema } from '../search/searchRecord'
import type { HeadTable, RowTable, SessionTables } from '../session/sessionTables'
import { workloadRecordSchema } from '../workload/workloadRecord'

/** A recording that has ended: one that runs elsewhere would never end here. */
const endedRecordingSchema = z
  .looseObject({
    ...recordingSchema.pick({ id: true, title: true, state: true, startedAtMs: true, gpus: true }).shape
  })
  .refine(({ state }) => state !== 'running', 'is still running')

const heads: HeadTable[] = [
  {
    ...{ kind: 'campaign', noun: 'profile', table: 'profile_campaign', id: 'id', idIn: null },
    boards: ['board_id'],
    json: { request: storedRequestSchema, items: campaignItemsSchema }
  },
  {
    ...{ kind: 'adaptive', noun: 'profile', table: 'profile_adaptive', id: 'id', idIn: 'run' },
    json: { run: storedAdaptiveSchema }
  },
  {
    ...{ kind: 'search', noun: 'search', table: 'search', id: 'id', idIn: 'record' },
    json: { record: storedSearchSchema }
  },
  {
    ...{ kind: 'deployment', noun: 'deploy', table: 'deployment', id: 'id', idIn: 'record' },
    json: { record: deploymentSchema }
  },
  {
    ...{ kind: 'loop', noun: 'loop', table: 'loop_run', id: 'id', idIn: 'record' },
    json: { record: loopSchema }
  },
  {
    ...{ kind: 'workload', noun: 'workload', table: 'workload_run', id: 'id', idIn: 'record' },
    json: { record: workloadRecordSchema }
  },
  {
    ...{ kind: 'recording', noun: 'gpu', table: 'gpu_recording', id: 'id', idIn: 'details' },
    json: { details: endedRecordingSchema }
  },
  {
    ...{ kind: 'proxy', noun: 'proxy', table: 'proxy_model', id: 'id', idIn: 'summary' },
    boards: ['board_id'],
    json: { summary: storedSummarySchema, fitted: storedFitSchema },
    // What prices searches here is chosen here.
    fixed: { pinned: 'false' }
  },
  {
    ...{ kind: 'estimator', noun: 'estimator', table: 'latency_estimator', id: 'id', idIn: 'summary' },
    json: { summary: estimatorSummarySchema, trained: storedEstimatorSchema }
  },
  {
    ...{ kind: 'collection', noun: 'estimator', table: 'latency_collection', id: 'id', idIn: 'record' },
    json: { record: collectionSchema }
  }
]

/** What is computed from readings (seconds, energy) is not carried: it is made again. */
const rows: RowTable[] = [
  { noun: 'profile', table: 'profile_adopted', key: 'campaign_id' },
  { noun: 'profile', table: 'profile_refusal', key: 'campaign_id' },
  ...['gpu_sample', 'gpu_phase', 'gpu_gap', 'gpu_host_load', 'gpu_counter'].map((table): RowTable => ({
    noun: 'gpu',
    table,
    key: 'recording_id'
  })),
  { noun: 'estimator', table: 'latency_step', key: 'collection_id', json: { outcome: stepOutcomeSchema } },
  { noun: 'remote', table: 'remote_run', key: 'run_id', json: { origin: runOriginSchema } }
]

/** Every table that sessions carry. */
export const sessionTables: SessionTables = {
  heads,
  rows,
  shared: [
    {
      ...{ noun: 'profile', table: 'profile_sample', id: 'id', boards: ['board_id'], maker: 'campaign_id' },
      through: { table: 'profile_adopted', key: 'campaign_id', column: 'sample_id' }
    }
  ],
  keyed: [
    {
      ...{ noun: 'proxy', table: 'proxy_calibration', keys: ['board_id', 'model_id'], boards: ['board_id'] },
      json: { calibration: measuredCalibrationSchema }
    }
  ]
}
