import { sqlString } from './sharedCheck'
import type { SharedViews } from './sharedViews'

/** What a result was computed for. */
export interface ForeignKey {
  readonly modelId: string
  readonly dataSetId: string
  readonly split: string
  readonly method: string
  readonly scheme: string
  readonly quantizer: number
}

interface IndexRow {
  host: string
  file: string
  at_ms: number
}

/** Between two looks for new files, ms: searches look results up many times a second. */
const lookEveryMs = 30_000
/** A folder on a network that hangs costs an evaluation no more than this, ms; then it is left alone for a while. */
const maxWaitMs = 3_000

/** Results of other hosts, found by an index of their keys that is made again only where files changed. */
export function createForeignResults(deps: {
  /** Null: no folder is named, or results of others are not wanted. */
  views(): Promise<{ views: SharedViews; self: string } | null>
  arithmetic(): Promise<string>
  nowMs(): number
}) {
  const { nowMs } = deps
  let lookedAtMs = -Infinity
  let indexed: { views: SharedViews; version: number } | null = null
  let restUntilMs = -Infinity

  const look = async (views: SharedViews, self: string): Promise<void> => {
    if (indexed?.views === views && nowMs() - lookedAtMs < lookEveryMs) return
    lookedAtMs = nowMs()
    await views.refresh()
    if (indexed?.views === views && indexed.version === views.version) return
    await views.all(
      `CREATE OR REPLACE TEMP TABLE result_index AS
       SELECT model_id, data_set_id, split, method, scheme, quantizer, host, file, at_ms FROM results
       WHERE arithmetic = ${sqlString(await deps.arithmetic())} AND host <> ${sqlString(self)}`
    )
    indexed = { views, version: views.version }
  }

  const search = async (key: ForeignKey): Promise<{ host: string; judged: string; atMs: number } | null> => {
    const open = await deps.views()
    if (open === null) return null
    const { views, self } = open
    await look(views, self)
    const where = whereOf(key)
    const [row] = await views.all<IndexRow>(
      `SELECT host, file, at_ms FROM result_index WHERE ${where} ORDER BY at_ms DESC, host LIMIT 1`
    )
    if (row === undefined) return null
    const [found] = await views.all<{ judged: string }>(
      `SELECT judged FROM read_parquet(${sqlString(row.file)}, hive_partitioning = false) WHERE ${where} AND at_ms = ${row.at_ms} LIMIT 1`
    )
    return found === undefined ? null : { host: row.host, judged: found.judged, atMs: row.at_ms }
  }

  return async (key: ForeignKey): Promise<{ host: string; judged: string; atMs: number } | null> => {
    if (nowMs() < restUntilMs) return null
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), maxWaitMs)))
    const found = await Promise.race([search(key).catch(() => 'late' as const), late])
    clearTimeout(timer)
    if (found !== 'late') return found
    restUntilMs = nowMs() + lookEveryMs
    return null
  }
}

const whereOf = ({ modelId, dataSetId, split, method, scheme, quantizer }: ForeignKey): string =>
  [
    `model_id = ${sqlString(modelId)}`,
    `data_set_id = ${sqlString(dataSetId)}`,
    `split = ${sqlString(split)}`,
    `method = ${sqlString(method)}`,
    `scheme = ${sqlString(scheme)}`,
    `quantizer = ${Math.trunc(quantizer)}`
  ].join(' AND ')
