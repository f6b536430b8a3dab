import type { Envelope } from '../../../shared/contract/gpu'
import type { Store } from '../../store/store'

/** Input of an envelope: one column of one GPU between two times, ms since the recording's start. */
export interface EnvelopeRequest {
  id: string
  gpuIndex: number
  /** Column of gpu_sample. */
  column: string
  fromMs: number
  toMs: number
  buckets: number
}

/** Buckets at least this long are put together from seconds, ms. */
export const secondsFromMs = 4_000

/** Min, max and mean per bucket from the readings themselves; null where none fell. */
export async function readEnvelope(
  store: Pick<Store, 'columns'>,
  { id, gpuIndex, column, fromMs, toMs, buckets }: EnvelopeRequest
): Promise<Envelope> {
  const stepMs = Math.max((toMs - fromMs) / buckets, Number.EPSILON)
  const rows = await store.columns(
    `SELECT least($6::INTEGER - 1, floor((t_ms - $3::DOUBLE) / $5::DOUBLE)) AS bucket,
       min(${column}), max(${column}), avg(${column})
     FROM gpu_sample
     WHERE recording_id = $1 AND gpu_index = $2 AND t_ms BETWEEN $3::DOUBLE AND $4::DOUBLE AND ${column} IS NOT NULL
     GROUP BY bucket`,
    [id, gpuIndex, fromMs, toMs, stepMs, buckets]
  )
  return spread(rows, fromMs, stepMs, buckets)
}

/**
 * The same from whole seconds: buckets begin and end on seconds, so that each of them is exact; there may be a few less
 * than were requested. Readings from `keptUntil` (a second) on are not kept by the second yet and read themselves.
 */
export async function readLongEnvelope(
  store: Pick<Store, 'columns'>,
  { id, gpuIndex, column, fromMs, toMs, buckets }: EnvelopeRequest,
  keptUntil: number
): Promise<Envelope> {
  const from = Math.floor(fromMs / 1000)
  const to = Math.floor(toMs / 1000) + 1
  const step = Math.ceil((to - from) / buckets)
  const rows = await store.columns(
    `SELECT floor((second - $3::INTEGER) / $5::INTEGER) AS bucket, min(low), max(high), sum(total) / sum(readings)
     FROM (
       SELECT second, ${column}_min AS low, ${column}_max AS high, ${column}_sum AS total, ${column}_count AS readings
       FROM gpu_second WHERE recording_id = $1 AND gpu_index = $2 AND second >= $3 AND second < $4
       UNION ALL
       SELECT floor(t_ms / 1000)::INTEGER, ${column}, ${column}, ${column}, 1
       FROM gpu_sample WHERE recording_id = $1 AND gpu_index = $2 AND t_ms >= $6::DOUBLE AND t_ms < $7::DOUBLE
         AND ${column} IS NOT NULL
     ) WHERE readings > 0 GROUP BY bucket`,
    [id, gpuIndex, from, to, step, Math.max(from, keptUntil) * 1000, to * 1000]
  )
  return spread(rows, from * 1000, step * 1000, Math.ceil((to - from) / step))
}

function spread(
  [bucket, min, max, mean]: Float64Array[],
  fromMs: number,
  stepMs: number,
  buckets: number
): Envelope {
  const over = (values: Float64Array): (number | null)[] => {
    const out = new Array<number | null>(buckets).fill(null)
    for (let row = 0; row < bucket.length; row++) out[bucket[row]] = values[row]
    return out
  }
  return { fromMs, stepMs, min: over(min), max: over(max), mean: over(mean) }
}
