import { itemKey, type BenchItem } from '../../core/profile/kernelShape'
import type { Campaign, CampaignRequest } from '../../shared/contract/profile'
import type { SqlRow, Store } from '../store/store'

/** A campaign as stored: the Job that runs it is not. */
export type StoredCampaign = Omit<Campaign, 'jobId' | 'done'> & { buildId: number | null; coreName: string }

/** Campaigns in the data file: what was asked for, and what of it is finished. */
export interface CampaignStore {
  addCampaign(campaign: StoredCampaign, items: readonly BenchItem[]): Promise<void>
  setCampaign(id: string, change: Pick<StoredCampaign, 'state' | 'finishedAtMs' | 'error'>): Promise<void>
  campaigns(): Promise<(StoredCampaign & { done: number })[]>
  campaign(id: string): Promise<(StoredCampaign & { done: number; items: BenchItem[] }) | null>
  /** Keys of items that need no measuring any more: measured, or refused by the board. */
  finishedKeys(campaignId: string): Promise<Set<string>>
  addRefusal(campaignId: string, item: BenchItem, reason: string): Promise<void>
  forgetCampaign(id: string, withSamples: boolean): Promise<void>
  /** Counts Samples measured earlier to a campaign too, so that it is whole. */
  adopt(campaignId: string, sampleIds: readonly string[]): Promise<void>
}

export function createCampaignStore(store: Store): CampaignStore {
  const readCampaign = (row: SqlRow): StoredCampaign & { done: number } => ({
    id: row['id'] as string,
    boardId: row['board_id'] as string,
    boardName: row['board_name'] as string,
    buildId: row['build_id'] as number | null,
    coreName: row['core_name'] as string,
    state: row['state'] as Campaign['state'],
    done: row['done'] as number,
    total: row['total'] as number,
    startedAtMs: row['started_at_ms'] as number,
    finishedAtMs: row['finished_at_ms'] as number | null,
    error: row['error'] as string | null,
    request: JSON.parse(row['request'] as string) as CampaignRequest
  })
  const campaignSelect = `SELECT c.*,
      (SELECT count(*) FROM profile_campaign_sample cs WHERE cs.campaign_id = c.id) +
      (SELECT count(*) FROM profile_refusal r WHERE r.campaign_id = c.id) AS done
    FROM profile_campaign c`

  return {
    addCampaign: (campaign, items) =>
      store.run('INSERT INTO profile_campaign VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)', [
        campaign.id,
        campaign.boardId,
        campaign.boardName,
        campaign.buildId,
        campaign.coreName,
        campaign.state,
        campaign.total,
        campaign.startedAtMs,
        campaign.finishedAtMs,
        campaign.error,
        JSON.stringify(campaign.request),
        JSON.stringify(items)
      ]),
    setCampaign: (id, { state, finishedAtMs, error }) =>
      store.run('UPDATE profile_campaign SET state = $2, finished_at_ms = $3, error = $4 WHERE id = $1', [
        id,
        state,
        finishedAtMs,
        error
      ]),
    async campaigns() {
      return (await store.all(`${campaignSelect} ORDER BY c.started_at_ms DESC`)).map(readCampaign)
    },
    async campaign(id) {
      const [row] = await store.all(`${campaignSelect} WHERE c.id = $1`, [id])
      return row === undefined
        ? null
        : { ...readCampaign(row), items: JSON.parse(row['items'] as string) as BenchItem[] }
    },
    async finishedKeys(campaignId) {
      const rows = await store.all<{ item_key: string }>(
        `SELECT s.item_key FROM profile_campaign_sample cs JOIN profile_sample s ON s.id = cs.sample_id WHERE cs.campaign_id = $1
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
    forgetCampaign: (id, withSamples) =>
      store.transaction(async (session) => {
        if (withSamples) await session.run('DELETE FROM profile_sample WHERE campaign_id = $1', [id])
        // Samples that stay may stand in other campaigns too: only the membership goes.
        await session.run('DELETE FROM profile_campaign_sample WHERE campaign_id = $1', [id])
        await session.run(
          'DELETE FROM profile_campaign_sample WHERE sample_id NOT IN (SELECT id FROM profile_sample)'
        )
        await session.run('DELETE FROM profile_refusal WHERE campaign_id = $1', [id])
        await session.run('DELETE FROM profile_campaign WHERE id = $1', [id])
      }),
    adopt: (campaignId, sampleIds) =>
      store.append(
        'profile_campaign_sample',
        sampleIds.map((id) => ({ campaign_id: campaignId, sample_id: id }))
      )
  }
}
