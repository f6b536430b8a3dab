import type { PhaseMark, Recording } from '../../shared/contract/gpu'
import { meterAboutSchema, type MeterAbout } from '../../shared/contract/meter'
import { AppError } from '../../shared/errors'
import { parseJson } from '../store/recordTable'
import type { Store } from '../store/store'
import { metricColumns } from './store/gpuTables'

type SampleFormat = 'csv' | 'parquet'

/** What a file of samples says about its recording. */
export interface ImportedSamples {
  startedAtMs: number
  driverVersion: string
  origin: Recording['origin']
  /** The power meter that the samples came from; null for GPUs. */
  meter: MeterAbout | null
  gpus: { index: number; samples: number; hasInstant: boolean; hasPower: boolean; lastMs: number }[]
  /** From the samples of each phase: the ends are known to one interval. */
  phases: PhaseMark[]
}

/** Writes every sample of a recording to a file and returns their number. */
export async function exportSamples(
  store: Pick<Store, 'exportQuery' | 'read'>,
  { id, driverVersion, origin, meter }: Recording,
  file: string,
  format: SampleFormat
): Promise<number> {
  const areStretches = meter?.kind === 'ppk2' && meter.binMs !== null
  const extent = await extentOf(store, id)
  return await store.exportQuery(
    exportSql(areStretches),
    [id, driverVersion, origin, meter === undefined ? null : JSON.stringify(meter), extent.first],
    file,
    format,
    // The two ends of a stretch must not come into different pieces; averaged readings are few.
    areStretches ? [[leastMs, mostMs]] : piecesOf(extent)
  )
}

/** Samples that are sorted and joined with phases at once. */
const samplesAtOnce = 500_000
/** Before and after every sample, ms. */
const [leastMs, mostMs] = [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]

/** Number of a recording's samples and the times of the first and the last, ms; null without any. */
interface Extent {
  samples: number
  first: number | null
  last: number | null
}

async function extentOf(store: Pick<Store, 'read'>, id: string): Promise<Extent> {
  const [extent] = await store.read<Extent>(
    `SELECT count(*)::INTEGER AS samples, min(t_ms) AS first, max(t_ms) AS last FROM gpu_sample
     WHERE recording_id = $1`,
    [id]
  )
  return extent
}

/** Stretches of time from .. to (ms, the end left out) that hold about so many samples each. */
function piecesOf({ samples, first, last }: Extent): [number, number][] {
  const count = Math.max(1, Math.ceil(samples / samplesAtOnce))
  const end = (at: number): number => first! + ((last! - first!) * at) / count
  return Array.from({ length: count }, (_, at) => [
    at === 0 ? leastMs : end(at),
    at === count - 1 ? mostMs : end(at + 1)
  ])
}

/**
 * Takes samples of a file that exportSamples wrote into a recording, and returns what is known of it.
 *
 * @throws data.invalid when its power meter cannot be read
 */
export async function importSamples(
  store: Pick<Store, 'read' | 'run'>,
  id: string,
  file: string,
  format: SampleFormat
): Promise<ImportedSamples> {
  const from = `read_${format}('${file.replaceAll("'", "''")}'${format === 'csv' ? ', header = true, sample_size = -1' : ''})`
  const [about] = await store.read<{ started: number; driver: string; origin: Recording['origin'] }>(
    `SELECT min(unix_ms - t_ms)::DOUBLE AS started, coalesce(min(driver_version)::VARCHAR, '') AS driver, min(origin) AS origin FROM ${from}`
  )
  const meter = await meterIn(store, from, file)
  const columns = metricColumns.map((column) => `${column}::DOUBLE AS ${column}`).join(', ')
  const hasEnds = await hasColumn(store, from, 'end_ms')
  // A stretch becomes its beginning and its end again.
  const points = hasEnds
    ? 'unnest(CASE WHEN end_ms IS NULL THEN [t_ms::DOUBLE] ELSE [t_ms::DOUBLE, end_ms::DOUBLE] END)'
    : 't_ms'
  await store.run(
    `INSERT INTO gpu_sample (recording_id, gpu_index, t_ms, ${metricColumns.join(', ')})
     SELECT $1, gpu_index, point_ms, ${metricColumns.join(', ')} FROM (
       SELECT gpu_index, t_ms AS begin_ms, ${points}::DOUBLE AS point_ms, ${columns} FROM ${from}
     ) ORDER BY begin_ms, point_ms`,
    [id]
  )
  const gpus = await store.read<ImportedSamples['gpus'][number]>(
    `SELECT gpu_index AS "index", count(*)::INTEGER AS samples, count(power_instant_w) > 0 AS "hasInstant",
       count(power_w) > 0 AS "hasPower", max(t_ms) AS "lastMs"
     FROM gpu_sample WHERE recording_id = $1 GROUP BY gpu_index ORDER BY gpu_index`,
    [id]
  )
  const phases = await store.read<{ name: string; trial: number; fromMs: number; toMs: number }>(
    `SELECT phase::VARCHAR AS name, trial::INTEGER AS trial, min(t_ms) AS "fromMs", max(${hasEnds ? 'coalesce(end_ms::DOUBLE, t_ms)' : 't_ms'}) AS "toMs"
     FROM ${from} WHERE phase IS NOT NULL GROUP BY ALL ORDER BY "fromMs"`
  )
  return {
    startedAtMs: about.started,
    driverVersion: about.driver,
    origin: about.origin,
    meter,
    gpus,
    phases: phases.map((phase) => ({ ...phase, repetitions: null, ended: true }))
  }
}

/** Whether a file of samples has a column. */
const hasColumn = async (store: Pick<Store, 'read'>, from: string, name: string): Promise<boolean> =>
  (await store.read(`SELECT 1 FROM (DESCRIBE SELECT * FROM ${from}) WHERE column_name = $1`, [name])).length >
  0

/** The power meter in a file of samples; null where it names none, as files of GPUs and those of earlier versions. */
async function meterIn(store: Pick<Store, 'read'>, from: string, file: string): Promise<MeterAbout | null> {
  if (!(await hasColumn(store, from, 'meter'))) return null
  const [row] = await store.read<{ meter: string | null }>(`SELECT min(meter)::VARCHAR AS meter FROM ${from}`)
  if (row === undefined || row.meter === null) return null
  const { value, problem } = parseJson(row.meter, meterAboutSchema)
  if (value !== null) return value
  throw new AppError(
    'data.invalid',
    `The column "meter" of ${file} cannot be read: ${problem}`,
    'Export the recording again.'
  )
}

/** Samples of a recording as they are, from $6 on and before $7 ms. */
const plainSamples =
  'SELECT *, NULL::DOUBLE AS end_ms FROM gpu_sample WHERE recording_id = $1 AND t_ms >= $6 AND t_ms < $7'

/**
 * Averaged stretches, which are stored as their beginning and their end with the same power, as one row each with `end_ms`.
 * Points that are no such pair stay rows of their own, so that no point is lost.
 */
const stretches = `
  SELECT * EXCLUDE (place, next_ms, next_w, last_w), CASE WHEN place % 2 = 0 AND power_w = next_w THEN next_ms END AS end_ms
  FROM (
    SELECT *, row_number() OVER points - 1 AS place, lead(t_ms) OVER points AS next_ms,
      lead(power_w) OVER points AS next_w, lag(power_w) OVER points AS last_w
    FROM gpu_sample WHERE recording_id = $1
    WINDOW points AS (PARTITION BY gpu_index ORDER BY t_ms, rowid)
  ) WHERE place % 2 = 0 OR NOT coalesce(power_w = last_w, false)`

/** Every sample with the innermost phase it fell into and the host's last known load; the meter is in the first row. */
const exportSql = (areStretches: boolean): string => `
  SELECT s.recording_id, r.started_at_ms + s.t_ms AS unix_ms, s.t_ms, ${areStretches ? 's.end_ms, ' : ''}s.gpu_index,
    ${metricColumns.map((column) => `s.${column}`).join(', ')},
    (SELECT arg_max(p.name, p.from_ms) FROM gpu_phase p WHERE ${isWithin}) AS phase,
    (SELECT arg_max(p.trial, p.from_ms) FROM gpu_phase p WHERE ${isWithin}) AS trial,
    h.cpu_percent AS host_cpu_percent, h.memory_used_bytes AS host_memory_used_bytes,
    $2 AS driver_version, $3 AS origin,
    CASE WHEN s.t_ms = $5 THEN $4::VARCHAR END AS meter
  FROM (${areStretches ? stretches : plainSamples}) s
  JOIN gpu_recording r ON r.id = s.recording_id
  ASOF LEFT JOIN gpu_host_load h ON h.recording_id = s.recording_id AND s.t_ms >= h.t_ms
  WHERE s.recording_id = $1 AND s.t_ms >= $6 AND s.t_ms < $7
  ORDER BY s.t_ms, coalesce(s.end_ms, s.t_ms), s.gpu_index`

/** A stretch that begins at the end of a phase is not of it. */
const isWithin = `p.recording_id = s.recording_id AND s.t_ms >= p.from_ms
  AND (s.t_ms < p.to_ms OR (s.end_ms IS NULL AND s.t_ms = p.to_ms))`
