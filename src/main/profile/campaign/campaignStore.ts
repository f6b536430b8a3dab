import { z } from 'zod'
import { itemKey, type BenchItem } from '../../../core/kernel/shape'
import { campaignRequestSchema, campaignSchema, kernelSchema } from '../../../shared/contract/profile'
import { parseJson, unreadable, type StoredRecord } from '../../store/recordTable'
import { rowColumns } from '../../store/rowColumns'
import type { SqlRow, Store } from '../../store/store'
import { ofQuantity } from '../samples/sampleColumns'
import { markSummaryStale } from '../samples/sampleSummary'

const storedCampaignSchema = campaignSchema.extend({ buildId: z.number().nullable(), coreName: z.string() })
/** The request of a campaign, as stored: the file of imported Samples stands in it. */
export const storedRequestSchema = campaignRequestSchema.extend({
  importedFrom: campaignSchema.shape.importedFrom
})
/** What a campaign measures, as stored. */
export const campaignItemsSchema: z.ZodType<BenchItem[]> = z.array(
  z.object({
    kernel: kernelSchema,
    dims: z.array(z.number()),
    activationBits: z.number(),
    weightBits: z.number()
  })
)

/** A campaign as stored; the Job that runs it is not. */
export type StoredCampaign = z.infer<typeof storedCampaignSchema>

const campaignColumns = rowColumns<{ campaign: StoredCampaign; items: readonly BenchItem[] }>(
  'profile_campaign',
  [
    { name: 'id', of: ({ campaign }) => campaign.id },
    { name: 'board_id', of: ({ campaign }) => campaign.boardId },
    { name: 'board_name', of: ({ campaign }) => campaign.boardName },
    { name: 'build_id', of: ({ campaign }) => campaign.buildId },
    { name: 'core_name', of: ({ campaign }) => campaign.coreName },
    { name: 'state', of: ({ campaign }) => campaign.state },
    { name: 'total', of: ({ campaign }) => campaign.total },
    { name: 'started_at_ms', of: ({ campaign }) => campaign.startedAtMs },
    { name: 'finished_at_ms', of: ({ campaign }) => campaign.finishedAtMs },
    { name: 'error', of: ({ campaign }) => campaign.error },
    {
      name: 'request',
      of: ({ campaign: { request, importedFrom } }) => JSON.stringify({ ...request, importedFrom })
    },
    { name: 'items', of: ({ items }) => JSON.stringify(items) }
  ]
)

/** Items of a campaign that a board or a meter refused: `measured` where their cycles were counted and only the energy is missing. */
export interface CampaignRefusal extends Record<string, unknown> {
  measured: boolean
  count: number
  reason: string
}

/** Campaigns in the data file: what was requested, and what of it is finished. */
export interface CampaignStore {
  addCampaign(campaign: StoredCampaign, items: readonly BenchItem[]): Promise<void>
  setCampaign(id: string, change: Pick<StoredCampaign, 'state' | 'finishedAtMs' | 'error'>): Promise<void>
  /** Newest first; rows that no longer fit the schema are listed with their problem. */
  campaigns(limit?: number): Promise<StoredRecord<StoredCampaign>[]>
  /** @throws store.corrupt when the row no longer fits the schema */
  campaign(id: string): Promise<StoredCampaign | null>
  /** What a campaign measures, in its order. @throws store.corrupt */
  items(id: string): Promise<BenchItem[]>
  /** Keys of items that need no measuring any more: measured, or refused by the board. */
  finishedKeys(campaignId: string): Promise<Set<string>>
  addRefusal(campaignId: string, item: BenchItem, reason: string): Promise<void>
  /** How many items were refused whole, how many have their counts but no energy, and why one of each was (the first in order of reasons). */
  refusals(campaignId: string): Promise<CampaignRefusal[]>
  forgetCampaign(id: string, withSamples: boolean): Promise<void>
  /** Counts Samples measured earlier to a campaign too, so that it is whole. */
  adopt(campaignId: string, sampleIds: readonly string[]): Promise<void>
}

/** Of a refusal r: whether its item has a Sample all the same, so that only its energy is missing. */
const isMeasured = `EXISTS (
      SELECT 1 FROM profile_sample m WHERE m.campaign_id = r.campaign_id AND m.item_key = r.item_key)`

// An item of a campaign with a meter leaves a Sample of energy beside that of its counts, or a refusal: it is done once.
const campaignSelect = `SELECT c.*,
    (SELECT count(*) FROM profile_sample s WHERE s.campaign_id = c.id AND s.${ofQuantity('latency')}) +
    (SELECT count(*) FROM profile_adopted a WHERE a.campaign_id = c.id) +
    (SELECT count(*) FROM profile_refusal r WHERE r.campaign_id = c.id AND NOT ${isMeasured}) AS done
  FROM profile_campaign c`

const refusalSelect = `SELECT measured, count(*)::INTEGER AS count, min(reason) AS reason FROM (
    SELECT r.reason, ${isMeasured} AS measured FROM profile_refusal r WHERE r.campaign_id = $1)
  GROUP BY measured ORDER BY measured`

/** Returns the campaigns of a data file. */
export function createCampaignStore(store: Store): CampaignStore {
  return {
    addCampaign: (campaign, items) =>
      store.run(campaignColumns.insert, campaignColumns.parameters({ campaign, items })),
    setCampaign: (id, { state, finishedAtMs, error }) =>
      store.run('UPDATE profile_campaign SET state = $2, finished_at_ms = $3, error = $4 WHERE id = $1', [
        id,
        state,
        finishedAtMs,
        error
      ]),
    async campaigns(limit = 200) {
      const rows = await store.all(
        `${campaignSelect} ORDER BY c.started_at_ms DESC LIMIT ${Math.floor(limit)}`
      )
      return rows.map(readCampaign)
    },
    async campaign(id) {
      const [row] = await store.all(`${campaignSelect} WHERE c.id = $1`, [id])
      if (row === undefined) return null
      const found = readCampaign(row)
      if (found.record === null) throw unreadable(id, found.problem)
      return found.record
    },
    async items(id) {
      const [row] = await store.all<{ items: string }>('SELECT items FROM profile_campaign WHERE id = $1', [
        id
      ])
      const found = parseJson(row?.items ?? '', campaignItemsSchema)
      if (found.problem !== null) throw unreadable(id, `items: ${found.problem}`)
      return found.value
    },
    async finishedKeys(campaignId) {
      const rows = await store.all<{ item_key: string }>(
        `SELECT item_key FROM profile_sample WHERE campaign_id = $1
         UNION SELECT s.item_key FROM profile_adopted a JOIN profile_sample s ON s.id = a.sample_id WHERE a.campaign_id = $1
         UNION SELECT item_key FROM profile_refusal WHERE campaign_id = $1`,
        [campaignId]
      )
      return new Set(rows.map((row) => row.item_key))
    },
    addRefusal: (campaignId, item, reason) =>
      store.run('INSERT OR REPLACE INTO profile_refusal VALUES ($1, $2, $3)', [
        campaignId,
        itemKey(item),
        reason
      ]),
    refusals: (campaignId) => store.all<CampaignRefusal>(refusalSelect, [campaignId]),
    // Beside the other statements: millions of Samples take seconds to delete.
    forgetCampaign: (id, withSamples) =>
      store.transactionBeside(async (session) => {
        await session.run('DELETE FROM profile_adopted WHERE campaign_id = $1', [id])
        if (withSamples) {
          // Other campaigns that adopted them lack them from now on.
          await session.run(
            'DELETE FROM profile_adopted WHERE sample_id IN (SELECT id FROM profile_sample WHERE campaign_id = $1)',
            [id]
          )
          await session.run('DELETE FROM profile_sample WHERE campaign_id = $1', [id])
          await session.run(markSummaryStale)
        }
        await session.run('DELETE FROM profile_refusal WHERE campaign_id = $1', [id])
        await session.run('DELETE FROM profile_campaign WHERE id = $1', [id])
      }),
    adopt: (campaignId, sampleIds) =>
      store.append(
        'profile_adopted',
        sampleIds.map((id) => ({ campaign_id: campaignId, sample_id: id }))
      )
  }
}

/** A row of campaignSelect as a campaign, or what does not fit. */
function readCampaign(row: SqlRow): StoredRecord<StoredCampaign> {
  const [id, startedAtMs] = [row['id'] as string, row['started_at_ms'] as number]
  const request = parseJson(row['request'] as string, storedRequestSchema)
  if (request.problem !== null)
    return { id, startedAtMs, record: null, problem: `request: ${request.problem}` }
  const { importedFrom, ...asked } = request.value
  const found = storedCampaignSchema.safeParse({
    id,
    boardId: row['board_id'],
    boardName: row['board_name'],
    buildId: row['build_id'],
    coreName: row['core_name'],
    state: row['state'],
    // Of whatever quantity the file held.
    done: importedFrom === undefined ? row['done'] : row['total'],
    total: row['total'],
    startedAtMs,
    finishedAtMs: row['finished_at_ms'],
    jobId: null,
    error: row['error'],
    request: asked,
    ...(importedFrom === undefined ? {} : { importedFrom })
  })
  if (found.success) return { id, startedAtMs, record: found.data, problem: null }
  const [issue] = found.error.issues
  return { id, startedAtMs, record: null, problem: `${issue?.path.join('.')}: ${issue?.message}` }
}
