import path from 'node:path'
import { expect, it } from 'vitest'
import { createGpuStore } from '@main/gpu/store/gpuStore'
import { gpuMigrations } from '@main/gpu/store/gpuTables'
import { openStore } from '@main/store/store'
import { newRecording } from '@main/gpu/recording/recordRequest'
import type { Recording } from '@shared/contract/gpu'
import { temporaryFolder } from '../../../support/temporaryFolder'

/** More than are sorted at once: two GPUs, a reading of each every 10 ms. */
const samples = 1_100_000

it('a long recording is exported piece by piece: every sample once, in order, in its phase', async () => {
  const store = await openStore({ file: ':memory:', migrations: [gpuMigrations] })
  try {
    const gpuStore = createGpuStore(store)
    await gpuStore.save(recording())
    await store.run(
      `INSERT INTO gpu_sample (recording_id, gpu_index, t_ms, power_w)
       SELECT 'r', i % 2, 10.0 * (i // 2), i FROM range(${samples}) t(i)`
    )
    await store.run("INSERT INTO gpu_host_load VALUES ('r', 0, 25, 1000, 2000), ('r', 3e6, 75, 1500, 2000)")
    await store.run(
      "INSERT INTO gpu_phase VALUES ('r', 'early', 1, 0, 1e6, NULL, true, 0), ('r', 'late', 1, 2e6, 4e6, NULL, true, 1)"
    )
    const file = path.join(temporaryFolder(), 'long.parquet')
    expect(await gpuStore.exportSamples('r', file, 'parquet')).toBe(samples)
    const [found] = await store.read(
      `SELECT count(DISTINCT power_w)::INTEGER AS powers, min(unix_ms) AS first, max(t_ms) AS last,
         count(*) FILTER (phase = 'early')::INTEGER AS early, count(*) FILTER (phase = 'late')::INTEGER AS late,
         count(*) FILTER (host_cpu_percent = 75)::INTEGER AS busy,
         count(*) FILTER (file_row_number <> power_w)::INTEGER AS misplaced
       FROM read_parquet('${file}', file_row_number = true)`
    )
    expect(found).toEqual({
      ...{ powers: samples, first: 1000, last: 5_499_990, misplaced: 0 },
      // Both ends of a phase are in it: 100,001 and 200,001 readings of each GPU; from 3,000 s on the host is busy.
      ...{ early: 200_002, late: 400_002, busy: samples - 600_000 }
    })
  } finally {
    await store.close()
  }
})

function recording(): Recording {
  const request = {
    ...{ id: 'r', title: 'long', gpus: [], command: [], driverVersion: '1', origin: 'simulated' },
    ...{ idleMs: 0, idleAfterMs: 0, intervalMs: 10 }
  } as unknown as Parameters<typeof newRecording>[0]
  const unread = { state: 'unavailable' as const, reason: 'none', source: null }
  return newRecording(request, 1000, [], {
    ...{ counter: unread, cpuCounter: unread, strangers: [], strangersUnknown: null },
    ...{ clockLock: null, migGpus: [], powerLimitsW: [] }
  })
}
