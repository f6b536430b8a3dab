import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resourcePath } from '@main/paths'
import { openSessionBench, type SessionBench } from '../../../support/sessionBench'

let folder: string
let bench: SessionBench
const files = readdirSync(resourcePath('sessions'))

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'bitbench-examples-'))
  bench = await openSessionBench(folder, 'new')
  for (const file of files) await bench.call('session.import', { file: resourcePath('sessions', file) })
})
afterAll(async () => {
  await bench.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('the example sessions', () => {
  it('are one for each page, below 3 MB together', () => {
    expect(files).toEqual(
      ['estimator', 'recording', 'search', 'transfer', 'workload'].map((name) => `${name}.bbsession`)
    )
    const bytes = files.reduce((sum, file) => sum + statSync(resourcePath('sessions', file)).size, 0)
    expect(bytes).toBeLessThan(3_000_000)
  })

  it('say that they are examples, and what is simulated', async () => {
    const [count] = await bench.store.all<{ rows: number; examples: number }>(
      'SELECT count(*) AS rows, count(*) FILTER (example) AS examples FROM session_import'
    )
    expect(count).toEqual({ rows: 15, examples: 15 })
    expect(await bench.store.all('SELECT DISTINCT origin FROM profile_sample')).toEqual([
      { origin: 'simulated' }
    ])
    expect(
      await bench.store.all(
        "SELECT DISTINCT details->>'origin' AS origin, details->>'state' AS state FROM gpu_recording"
      )
    ).toEqual([{ origin: 'simulated', state: 'done' }])
    expect(await bench.store.all("SELECT summary::JSON->>'origin' AS origin FROM latency_estimator")).toEqual(
      [{ origin: 'simulated' }]
    )
    expect(await bench.store.all("SELECT DISTINCT record::JSON->>'state' AS state FROM search")).toEqual([
      { state: 'done' }
    ])
  })

  it('show the power of a workload, simulated in every figure, and the recording of it', async () => {
    const [run] = await bench.store.all<{ power: string; gpu: string; recording: string; n: number }>(
      `SELECT record::JSON->'power'->>'origin' AS power, record::JSON->'power'->>'gpu' AS gpu,
              record::JSON->'recordingIds'->>0 AS recording,
              json_array_length(record::JSON->'evidence'->'energies') AS n FROM workload_run`
    )
    expect(run).toMatchObject({ power: 'simulated', gpu: 'Stand-in V100' })
    expect(Number(run!.n)).toBeGreaterThan(0)
    expect(
      await bench.store.all(
        "SELECT id FROM gpu_recording WHERE details->>'title' = 'Workload gloss-classifier'"
      )
    ).toEqual([{ id: run!.recording }])
  })

  it('keep their boards apart and price nothing', async () => {
    expect(await bench.store.all('SELECT DISTINCT board_id FROM profile_sample ORDER BY board_id')).toEqual([
      { board_id: 'virtual:high@example' },
      { board_id: 'virtual:small@example' }
    ])
    expect(await bench.store.all('SELECT DISTINCT pinned FROM proxy_model')).toEqual([{ pinned: false }])
  })

  it('carry the same kernels on two boards for transfer, and a board run equal to the host', async () => {
    const [shared] = await bench.store.all<{ rows: number }>(
      `SELECT count(DISTINCT item_key) AS rows FROM profile_sample a WHERE a.board_id = 'virtual:high@example'
       AND EXISTS (SELECT 1 FROM profile_sample b WHERE b.board_id = 'virtual:small@example' AND b.item_key = a.item_key)`
    )
    expect(shared!.rows).toBeGreaterThanOrEqual(90)
    expect(await bench.store.all("SELECT record::JSON->>'bitExact' AS same FROM deployment")).toEqual([
      { same: 'true' }
    ])
  })
})
