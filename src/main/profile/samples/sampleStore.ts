import type { BenchItem } from '../../../core/kernel/shape'
import type { CommandOutput } from '../../../shared/contract'
import type { Sample, SampleQuery } from '../../../shared/contract/profile'
import type { SqlValue, Store } from '../../store/store'
import type { ProxyKernelName, Quantity } from '../../../shared/vocabulary'
import { sampleCsvSql } from './sampleCsvSql'
import { createSampleSummary } from './sampleSummary'
import type { UnreadableRow } from '../../store/rowColumns'
import {
  insertSample,
  ofQuantity,
  parseSample,
  readBenchItem,
  readSample,
  sampleColumns,
  sampleParameters,
  sampleRow
} from './sampleColumns'

/** What decides whether a Sample can stand for another measurement. */
export interface BoardIdentity {
  boardId: string
  buildId: number
  coreName: string
}

type SampleGroup = CommandOutput<'profile.summary'>['groups'][number]

/** Samples in the data file. */
export interface SampleStore {
  /** `tookMs`: wall-clock, for estimates. */
  addSample(sample: Sample, tookMs: number | null): Promise<void>
  /** Adds the few Samples of one measurement, all of them or none; `tookMs` as in addSample. */
  addTogether(measured: readonly { sample: Sample; tookMs: number | null }[]): Promise<void>
  /** Adds all of them or, when one cannot be stored, none; keeps no other statement waiting. */
  addSamples(samples: Iterable<readonly Sample[]>): Promise<void>
  /** Newest Sample of a quantity per item key on the same board with the same firmware and at least so many repetitions. */
  measured(board: BoardIdentity, repetitions: number, quantity: Quantity): Promise<Map<string, string>>
  /** The same of latency with their times; `tookMs` is null where the time was not taken. */
  measuredTimes(
    board: BoardIdentity,
    repetitions: number
  ): Promise<Map<string, { id: string; time: number; tookMs: number | null }>>
  /** How many Samples of a campaign were measured before it. */
  adoptedCount(campaignId: string): Promise<number>
  /** In the order in which they were stored. @throws store.corrupt for a row that cannot be read */
  samples(query: SampleQuery): Promise<Sample[]>
  /** One page of them; rows that cannot be read are listed with their problem instead of failing the page. */
  samplePage(
    query: SampleQuery,
    page: { limit: number; offset: number }
  ): Promise<{ samples: Sample[]; unreadable: UnreadableRow[] }>
  count(query: SampleQuery): Promise<number>
  /** What matches, by kernel and unit; the most rows first. */
  kinds(query: SampleQuery): Promise<{ kernel: Sample['kernel']; unit: Sample['unit']; rows: number }[]>
  exportParquet(query: SampleQuery, file: string): Promise<number>
  /** The Samples of one kernel in one unit as a profile CSV, as samplesToCsv gives it. */
  exportCsv(query: SampleQuery, kernel: ProxyKernelName, unit: Sample['unit'], file: string): Promise<number>
  /** Counts per board, firmware, kernel and unit. */
  summary(): Promise<SampleGroup[]>
  /** Wall-clock times of the latest Samples of a board. */
  tookMs(
    board: BoardIdentity,
    limit: number
  ): Promise<{ item: BenchItem; repetitions: number; tookMs: number }[]>
}

/** Returns the samples of a data file. */
export function createSampleStore(store: Store): SampleStore {
  const summary = createSampleSummary(store)
  return {
    addSample: (sample, tookMs) => store.run(insertSample, sampleParameters(sample, tookMs)),
    addTogether: (measured) =>
      store.append(
        'profile_sample',
        measured.map(({ sample, tookMs }) => sampleRow(sample, tookMs))
      ),
    addSamples: (samples) =>
      store.transactionBeside(async (session) => {
        for (const batch of samples) {
          await session.append(
            'profile_sample',
            batch.map((sample) => sampleRow(sample, null))
          )
          await new Promise(setImmediate)
        }
      }),
    async samples(query) {
      const { where, params } = conditions(query)
      const rows = await store.read(
        `SELECT ${sampleColumns} FROM profile_sample s ${where} ORDER BY s.rowid`,
        params
      )
      return rows.map(readSample)
    },
    async samplePage(query, page) {
      const { where, params } = conditions(query)
      const samples: Sample[] = []
      const unreadable: UnreadableRow[] = []
      for (const row of await store.read(pageSql(where, page), params)) {
        const { value, problem } = parseSample(row)
        if (problem === null) samples.push(value)
        else unreadable.push({ id: String(row['id']), problem })
      }
      return { samples, unreadable }
    },
    async count(query) {
      const { where, params } = conditions(query)
      const [row] = await store.read<{ rows: number }>(
        `SELECT count(*) AS rows FROM profile_sample s ${where}`,
        params
      )
      return row?.rows ?? 0
    },
    async kinds(query) {
      const { where, params } = conditions(query)
      return await store.read(
        `SELECT kernel, unit, count(*) AS rows FROM profile_sample s ${where} GROUP BY kernel, unit ORDER BY rows DESC, kernel, unit`,
        params
      )
    },
    exportParquet(query, file) {
      const { where, params } = conditions(query)
      const sql = `SELECT s.* EXCLUDE (item_key, dims), to_json(s.dims)::VARCHAR AS dims FROM profile_sample s ${where}`
      return store.exportQuery(sql, params, file, 'parquet')
    },
    exportCsv(query, kernel, unit, file) {
      const { where, params } = conditions({ ...query, kernel, unit })
      return store.exportQuery(sampleCsvSql(kernel, unit, where), params, file, 'csv')
    },
    summary: () => summary.groups(),
    ...createMeasuredTimes(store)
  }
}

/** What was measured of a board's firmware, and how long it took: what campaigns need not measure again. */
function createMeasuredTimes(
  store: Store
): Pick<SampleStore, 'measured' | 'measuredTimes' | 'adoptedCount' | 'tookMs'> {
  return {
    async measured(board, repetitions, quantity) {
      const rows = await store.all<{ item_key: string; id: string }>(
        `SELECT item_key, arg_max(id, measured_at_ms) AS id FROM profile_sample
         WHERE board_id = $1 AND build_id = $2 AND core_name = $3 AND repetitions >= $4 AND ${ofQuantity(quantity)} GROUP BY item_key`,
        [board.boardId, board.buildId, board.coreName, repetitions]
      )
      return new Map(rows.map((row) => [row.item_key, row.id]))
    },
    async measuredTimes(board, repetitions) {
      const rows = await store.all<{ item_key: string; id: string; time: number; took_ms: number | null }>(
        `SELECT item_key, arg_max(id, measured_at_ms) AS id, arg_max(time, measured_at_ms) AS time,
           arg_max(took_ms, measured_at_ms) AS took_ms FROM profile_sample
         WHERE board_id = $1 AND build_id = $2 AND core_name = $3 AND repetitions >= $4 AND ${ofQuantity('latency')}
         GROUP BY item_key`,
        [board.boardId, board.buildId, board.coreName, repetitions]
      )
      return new Map(rows.map((row) => [row.item_key, { id: row.id, time: row.time, tookMs: row.took_ms }]))
    },
    async adoptedCount(campaignId) {
      const [row] = await store.all<{ rows: number }>(
        'SELECT count(*) AS rows FROM profile_adopted WHERE campaign_id = $1',
        [campaignId]
      )
      return row?.rows ?? 0
    },
    async tookMs(board, limit) {
      const rows = await store.all(
        `SELECT kernel, to_json(dims) AS dims, activation_bits, weight_bits, repetitions, took_ms FROM profile_sample
         WHERE board_id = $1 AND core_name = $2 AND took_ms IS NOT NULL ORDER BY measured_at_ms DESC LIMIT ${Math.floor(limit)}`,
        [board.boardId, board.coreName]
      )
      return rows.flatMap((row) => {
        const item = readBenchItem(row)
        const { repetitions, took_ms: tookMs } = row
        return item === null ? [] : [{ item, repetitions: Number(repetitions), tookMs: Number(tookMs) }]
      })
    }
  }
}

/**
 * One page in the order of storing. The rows are found by their number first: sorting or carrying whole rows up to a
 * late page would take seconds and hundreds of megabytes on ten million Samples.
 */
function pageSql(where: string, { limit, offset }: { limit: number; offset: number }): string {
  const page = `SELECT s.rowid FROM profile_sample s ${where} LIMIT ${Math.floor(limit)} OFFSET ${Math.floor(offset)}`
  return `SELECT ${sampleColumns} FROM profile_sample s WHERE s.rowid IN (${page}) ORDER BY s.rowid`
}

function conditions(query: SampleQuery): { where: string; params: SqlValue[] } {
  const params: SqlValue[] = []
  const parts: string[] = []
  const add = (sql: string, value: SqlValue | undefined): void => {
    if (value === undefined) return
    params.push(value)
    parts.push(sql.replaceAll('?', `$${params.length}`))
  }
  add('s.id = ?', query.id)
  add('s.board_id = ?', query.boardId)
  add(
    '(s.campaign_id = ? OR s.id IN (SELECT sample_id FROM profile_adopted WHERE campaign_id = ?))',
    query.campaignId
  )
  add('s.kernel = ?', query.kernel)
  add('s.unit = ?', query.unit)
  add('s.activation_bits = ?', query.activationBits)
  add('s.weight_bits = ?', query.weightBits)
  add('s.build_id = ?', query.buildId)
  return { where: parts.length === 0 ? '' : `WHERE ${parts.join(' AND ')}`, params }
}
