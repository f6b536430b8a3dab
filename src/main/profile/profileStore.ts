import { itemKey, type BenchItem } from '../../core/profile/kernelShape'
import type { Campaign, CampaignRequest, Sample, SampleQuery } from '../../shared/contract/profile'
import type { NounMigrations } from '../store/migrations'
import type { SqlRow, SqlValue, Store } from '../store/store'

/** Campaigns and Samples in the data file. */
export const profileMigrations: NounMigrations = {
  noun: 'profile',
  steps: [
    `CREATE TABLE profile_campaign (
       id VARCHAR PRIMARY KEY, board_id VARCHAR NOT NULL, board_name VARCHAR NOT NULL, build_id UBIGINT, core_name VARCHAR NOT NULL,
       state VARCHAR NOT NULL, total INTEGER NOT NULL, started_at_ms DOUBLE NOT NULL, finished_at_ms DOUBLE, error VARCHAR,
       request VARCHAR NOT NULL, items VARCHAR NOT NULL
     );
     CREATE TABLE profile_sample (
       id VARCHAR PRIMARY KEY, campaign_id VARCHAR, item_key VARCHAR NOT NULL,
       kernel VARCHAR NOT NULL, dims INTEGER[] NOT NULL, activation_bits UTINYINT NOT NULL, weight_bits UTINYINT NOT NULL,
       time DOUBLE NOT NULL, time_min DOUBLE NOT NULL, time_max DOUBLE NOT NULL, unit VARCHAR NOT NULL,
       cycles DOUBLE, instructions DOUBLE, macs DOUBLE NOT NULL, repetitions INTEGER NOT NULL, seed UBIGINT NOT NULL,
       checksum UBIGINT, verified BOOLEAN NOT NULL, origin VARCHAR NOT NULL, method VARCHAR NOT NULL,
       board_id VARCHAR NOT NULL, board_kind VARCHAR NOT NULL, board_name VARCHAR NOT NULL, isa VARCHAR NOT NULL, core_name VARCHAR NOT NULL,
       build_id UBIGINT, clock_hz DOUBLE, measured_at_ms DOUBLE NOT NULL, took_ms DOUBLE
     );
     CREATE TABLE profile_campaign_sample (campaign_id VARCHAR NOT NULL, sample_id VARCHAR NOT NULL, PRIMARY KEY (campaign_id, sample_id));
     CREATE TABLE profile_refusal (campaign_id VARCHAR NOT NULL, item_key VARCHAR NOT NULL, reason VARCHAR NOT NULL, PRIMARY KEY (campaign_id, item_key));`
  ]
}

/** What decides whether a Sample can stand for another measurement. */
export interface BoardIdentity {
  boardId: string
  buildId: number
  coreName: string
}

/** A campaign as stored: the Job that runs it is not. */
export type StoredCampaign = Omit<Campaign, 'jobId' | 'done'> & { buildId: number | null; coreName: string }

export interface ProfileStore {
  addCampaign(campaign: StoredCampaign, items: readonly BenchItem[]): Promise<void>
  setCampaign(id: string, change: Pick<StoredCampaign, 'state' | 'finishedAtMs' | 'error'>): Promise<void>
  campaigns(): Promise<(StoredCampaign & { done: number })[]>
  campaign(id: string): Promise<(StoredCampaign & { done: number; items: BenchItem[] }) | null>
  /** Keys of items that need no measuring any more: measured, or refused by the board. */
  finishedKeys(campaignId: string): Promise<Set<string>>
  addRefusal(campaignId: string, item: BenchItem, reason: string): Promise<void>
  forgetCampaign(id: string, withSamples: boolean): Promise<void>
  /** Stores a Sample and its place in its campaign in one transaction. `tookMs`: wall-clock, for estimates. */
  addSample(sample: Sample, tookMs: number | null): Promise<void>
  addSamples(samples: readonly Sample[]): Promise<void>
  /** Counts Samples measured earlier to a campaign too, so that it is whole. */
  adopt(campaignId: string, sampleIds: readonly string[]): Promise<void>
  /** Newest Sample per item key on the same board with the same firmware and at least so many repetitions. */
  measured(board: BoardIdentity, repetitions: number): Promise<Map<string, string>>
  samples(query: SampleQuery, page?: { limit: number; offset: number }): Promise<Sample[]>
  count(query: SampleQuery): Promise<number>
  exportTo(query: SampleQuery, file: string, format: 'csv' | 'parquet'): Promise<number>
  summary(): Promise<SqlRow[]>
  /** Wall-clock times of the latest Samples of a board. */
  tookMs(
    board: BoardIdentity,
    limit: number
  ): Promise<{ item: BenchItem; repetitions: number; tookMs: number }[]>
}

const sampleColumns = `s.id, s.campaign_id, s.kernel, to_json(s.dims) AS dims, s.activation_bits, s.weight_bits, s.time, s.time_min, s.time_max,
  s.unit, s.cycles, s.instructions, s.macs, s.repetitions, s.seed, s.checksum, s.verified, s.origin, s.method, s.board_id, s.board_kind,
  s.board_name, s.isa, s.core_name, s.build_id, s.clock_hz, s.measured_at_ms`

export function createProfileStore(store: Store): ProfileStore {
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
    addSample: (sample, tookMs) =>
      store.transaction(async (session) => {
        await session.run(insertSample, sampleParameters(sample, tookMs))
        if (sample.campaignId !== null) {
          await session.run('INSERT INTO profile_campaign_sample VALUES ($1, $2)', [
            sample.campaignId,
            sample.id
          ])
        }
      }),
    addSamples: (samples) =>
      store.transaction(async (session) => {
        for (const sample of samples) {
          await session.run(insertSample, sampleParameters(sample, null))
          if (sample.campaignId !== null) {
            await session.run('INSERT INTO profile_campaign_sample VALUES ($1, $2)', [
              sample.campaignId,
              sample.id
            ])
          }
        }
      }),
    adopt: (campaignId, sampleIds) =>
      store.append(
        'profile_campaign_sample',
        sampleIds.map((id) => ({ campaign_id: campaignId, sample_id: id }))
      ),
    async measured(board, repetitions) {
      const rows = await store.all<{ item_key: string; id: string }>(
        `SELECT item_key, arg_max(id, measured_at_ms) AS id FROM profile_sample
         WHERE board_id = $1 AND build_id = $2 AND core_name = $3 AND repetitions >= $4 GROUP BY item_key`,
        [board.boardId, board.buildId, board.coreName, repetitions]
      )
      return new Map(rows.map((row) => [row.item_key, row.id]))
    },
    async samples(query, page) {
      const { where, params } = conditions(query)
      const limit =
        page === undefined ? '' : ` LIMIT ${Math.floor(page.limit)} OFFSET ${Math.floor(page.offset)}`
      const rows = await store.all(
        `SELECT ${sampleColumns} FROM profile_sample s ${where} ORDER BY s.measured_at_ms, s.id${limit}`,
        params
      )
      return rows.map(readSample)
    },
    async count(query) {
      const { where, params } = conditions(query)
      const [row] = await store.all<{ rows: number }>(
        `SELECT count(*) AS rows FROM profile_sample s ${where}`,
        params
      )
      return row?.rows ?? 0
    },
    exportTo(query, file, format) {
      const { where, params } = conditions(query)
      const sql = `SELECT s.* EXCLUDE (item_key, dims), to_json(s.dims)::VARCHAR AS dims FROM profile_sample s ${where} ORDER BY s.measured_at_ms, s.id`
      return store.exportQuery(sql, params, file, format)
    },
    summary: () =>
      store.all(
        `SELECT board_id, any_value(board_name) AS board_name, build_id, kernel, unit, origin, count(*) AS samples,
           count(DISTINCT dims) AS shapes, count(DISTINCT activation_bits * 16 + weight_bits) AS pairs, max(measured_at_ms) AS newest_at_ms
         FROM profile_sample GROUP BY board_id, build_id, kernel, unit, origin ORDER BY board_id, kernel, newest_at_ms DESC`
      ),
    async tookMs(board, limit) {
      const rows = await store.all(
        `SELECT kernel, to_json(dims) AS dims, activation_bits, weight_bits, repetitions, took_ms FROM profile_sample
         WHERE board_id = $1 AND core_name = $2 AND took_ms IS NOT NULL ORDER BY measured_at_ms DESC LIMIT ${Math.floor(limit)}`,
        [board.boardId, board.coreName]
      )
      return rows.map((row) => ({
        item: {
          kernel: row['kernel'] as BenchItem['kernel'],
          dims: JSON.parse(row['dims'] as string) as number[],
          activationBits: row['activation_bits'] as number,
          weightBits: row['weight_bits'] as number
        },
        repetitions: row['repetitions'] as number,
        tookMs: row['took_ms'] as number
      }))
    }
  }
}

const insertSample = `INSERT INTO profile_sample VALUES ($1, $2, $3, $4, from_json($5, '["INTEGER"]'), $6, $7, $8, $9, $10, $11, $12, $13, $14,
  $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29)`

function sampleParameters(sample: Sample, tookMs: number | null): SqlValue[] {
  return [
    sample.id,
    sample.campaignId,
    itemKey(sample),
    sample.kernel,
    JSON.stringify(sample.dims),
    sample.activationBits,
    sample.weightBits,
    sample.time,
    sample.timeMin,
    sample.timeMax,
    sample.unit,
    sample.cycles,
    sample.instructions,
    sample.macs,
    sample.repetitions,
    sample.seed,
    sample.checksum,
    sample.verified,
    sample.origin,
    sample.method,
    sample.boardId,
    sample.boardKind,
    sample.boardName,
    sample.isa,
    sample.coreName,
    sample.buildId,
    sample.clockHz,
    sample.measuredAtMs,
    tookMs
  ]
}

function readSample(row: SqlRow): Sample {
  return {
    id: row['id'] as string,
    campaignId: row['campaign_id'] as string | null,
    kernel: row['kernel'] as Sample['kernel'],
    dims: JSON.parse(row['dims'] as string) as number[],
    activationBits: row['activation_bits'] as number,
    weightBits: row['weight_bits'] as number,
    time: row['time'] as number,
    timeMin: row['time_min'] as number,
    timeMax: row['time_max'] as number,
    unit: row['unit'] as Sample['unit'],
    cycles: row['cycles'] as number | null,
    instructions: row['instructions'] as number | null,
    macs: row['macs'] as number,
    repetitions: row['repetitions'] as number,
    seed: row['seed'] as number,
    checksum: row['checksum'] as number | null,
    verified: row['verified'] as boolean,
    origin: row['origin'] as Sample['origin'],
    method: row['method'] as string,
    boardId: row['board_id'] as string,
    boardKind: row['board_kind'] as string,
    boardName: row['board_name'] as string,
    isa: row['isa'] as string,
    coreName: row['core_name'] as string,
    buildId: row['build_id'] as number | null,
    clockHz: row['clock_hz'] as number | null,
    measuredAtMs: row['measured_at_ms'] as number
  }
}

function conditions(query: SampleQuery): { where: string; params: SqlValue[] } {
  const params: SqlValue[] = []
  const parts: string[] = []
  const add = (sql: string, value: SqlValue | undefined): void => {
    if (value === undefined) return
    params.push(value)
    parts.push(sql.replace('?', `$${params.length}`))
  }
  add('s.board_id = ?', query.boardId)
  add('s.id IN (SELECT sample_id FROM profile_campaign_sample WHERE campaign_id = ?)', query.campaignId)
  add('s.kernel = ?', query.kernel)
  add('s.unit = ?', query.unit)
  add('s.activation_bits = ?', query.activationBits)
  add('s.weight_bits = ?', query.weightBits)
  add('s.build_id = ?', query.buildId)
  return { where: parts.length === 0 ? '' : `WHERE ${parts.join(' AND ')}`, params }
}
