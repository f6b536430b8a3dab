import { createGpuSeconds } from '../../src/main/gpu/store/gpuSeconds'
import type { Store } from '../../src/main/store/store'

/** How much data a run of the benchmark makes. */
export interface DataSize {
  /** Samples of kernels, in one campaign. */
  rows: number
  hours: number
  /** Readings per second and GPU. */
  hz: number
  gpus: number
}

export const recordingId = 'large-recording'
export const campaignId = 'large-campaign'
export const boardId = 'import:large'
/** Board of the first million Samples, which the exports write. */
export const exportedBoardId = 'import:million'
const exportedRows = 1_000_000

/** Start of everything, so that two runs make the same file. */
const startedAtMs = Date.UTC(2026, 0, 1)

/** Fills an empty data file by SQL: its rows are counted out by DuckDB and cost this process no memory. */
export async function makeData(store: Store, size: DataSize, report: (text: string) => void): Promise<void> {
  await makeSamples(store, size.rows, report)
  report('making the readings of the recording')
  await makeRecording(store, size)
  report('making its seconds')
  // A recorder keeps the seconds up to date while it runs; SQL made these readings in one go.
  await createGpuSeconds(store).update({ id: recordingId, state: 'done' })
}

/** An id as long as a UUID. Ascending ones keep the making of the file short: scattered keys take it an hour. */
const sampleId = (index: string): string => `printf('%08x-0000-4000-8000-%012x', ${index}, ${index})`

/** Samples of matmul with every pair of 2, 4 and 8 bits. */
async function makeSamples(store: Store, rows: number, report: (text: string) => void): Promise<void> {
  for (let from = 0; from < rows; from += batchRows) {
    report(`making Samples, ${from} of ${rows}`)
    await addSamples(store, from, Math.min(rows, from + batchRows))
    await store.run('CHECKPOINT')
  }
  await store.run(
    `INSERT INTO profile_campaign VALUES ($1, $2, 'large board', 7, 'large', 'done', $3, $4, $4, NULL, '{"boardId":"${boardId}"}', '[]')`,
    [campaignId, boardId, rows, startedAtMs]
  )
}

/** Rows of one transaction: the keys of an uncommitted one lie in memory. */
const batchRows = 1_000_000

async function addSamples(store: Store, from: number, to: number): Promise<void> {
  await store.run(
    `INSERT INTO profile_sample (id, campaign_id, item_key, kernel, dims, activation_bits, weight_bits, time, time_min, time_max,
       unit, cycles, instructions, macs, repetitions, seed, checksum, verified, origin, method, board_id, board_kind, board_name,
       isa, core_name, build_id, clock_hz, measured_at_ms, took_ms)
     SELECT ${sampleId('i')}, $2, 'matmul-' || i, 'matmul', [1 + i % 61, 1 + i % 127, 1 + i % 31]::INTEGER[],
       [2, 4, 8][1 + i % 3], [2, 4, 8][1 + (i // 3) % 3], 1000 + (i * 7919) % 1000003, 1000, 1100000, 'cycles',
       1000 + (i * 7919) % 1000003, 900 + (i * 7919) % 1000003, (1 + i % 61) * (1 + i % 127) * (1 + i % 31), 2, 1, i % 4294967296, true,
       'simulated', 'bench cycles counter', CASE WHEN i < ${exportedRows} THEN '${exportedBoardId}' ELSE $3 END, 'import', 'large board', 'rv32imc', 'large', 7, 1e8, $4::DOUBLE + i * 10, 1
     FROM range($1::BIGINT, $5::BIGINT) t(i)`,
    [from, campaignId, boardId, startedAtMs, to]
  )
}

/** One recording of a load that rises and falls by the minute, with a phase of a minute every hour. */
async function makeRecording(store: Store, { hours, hz, gpus }: DataSize): Promise<void> {
  const readings = Math.round(hours * 3600 * hz)
  const stepMs = 1000 / hz
  const durationMs = readings * stepMs
  await store.run(
    `INSERT INTO gpu_sample SELECT $1, g.g, i * $4::DOUBLE + g.g * 0.1,
       round(200 + 100 * sin(i * $4::DOUBLE / 60000) + (i * 7919 + g.g * 31) % 17, 2),
       NULL, NULL, 1400 + i % 7, 1593, i % 101, i % 53, 1e9 + (i % 4096) * 4096, 40 + (i // 1000) % 30, NULL, 0
     FROM range($2::BIGINT) t(i), range($3::BIGINT) g(g)`,
    [recordingId, readings, gpus, stepMs]
  )
  await store.run(
    `INSERT INTO gpu_phase (recording_id, sequence, name, trial, from_ms, to_ms, repetitions, ended)
     SELECT $1, h, 'hour', h + 1, h * 3600000 + 1000, least(h * 3600000 + 61000, $3), 100, true FROM range($2::BIGINT) t(h)`,
    [recordingId, Math.ceil(hours), durationMs]
  )
  await store.run(
    'INSERT INTO gpu_host_load SELECT $1, s * 1000, s % 101, 4e9, 1.6e10 FROM range($2::BIGINT) t(s)',
    [recordingId, Math.round(hours * 3600)]
  )
  const each = <T>(value: T): T[] => new Array<T>(gpus).fill(value)
  const details = {
    id: recordingId,
    title: 'large',
    state: 'done',
    origin: 'simulated',
    command: [],
    startedAtMs,
    durationMs,
    exitCode: null,
    gpus: each(0).map((_, index) => ({ index, name: 'NVIDIA A100-SXM4-40GB', uuid: null })),
    driverVersion: '550.54',
    powerFields: each('power.draw'),
    intervalMs: stepMs,
    askedHz: hz,
    achievedHz: hz,
    samples: readings * gpus,
    restarts: 0,
    malformedLines: 0,
    temperatureBeforeC: each(40),
    temperatureAfterC: each(60),
    idleMs: 0,
    message: null
  }
  await store.run('INSERT INTO gpu_recording VALUES ($1, $2, $3, $4)', [
    recordingId,
    startedAtMs,
    'done',
    JSON.stringify(details)
  ])
}
