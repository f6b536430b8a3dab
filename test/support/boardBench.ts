import { makeTwin } from '@core/twin/makeTwin'
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { boardContract } from '@shared/contract/board'
import { jobContract } from '@shared/contract/job'
import { type BoardAdapters, createBoardAdapters } from '@main/board/boardAdapters'
import { type BoardService, boardMigrations, createBoardService } from '@main/board/boardService'
import { createJobService, type JobService } from '@main/jobs/jobService'
import { resourcePath } from '@main/paths'
import type { NounMigrations } from '@main/store/migrations'
import { openStore, type Store } from '@main/store/store'
import { hasTool } from './ptyPair'
import { testCores } from './rtl/verilated'
import { bundleWorker } from './workerFile'

export interface BoardBench {
  boards: BoardService
  jobs: JobService
  store: Store
  /** Every event since the start, checked against its schema. */
  events: { event: string; payload: unknown }[]
  close(): Promise<void>
}

let workerFile: Promise<string> | undefined
/** Bundled once per test file. */
export const virtualBoardWorker = (): Promise<string> =>
  (workerFile ??= bundleWorker('src/main/board/links/virtualBoardWorker.ts'))

/** The board service with everything real behind it (virtual boards, QEMU, ports), or with adapters of the test's. */
export async function createBoardBench(
  change: Partial<BoardAdapters> = {},
  migrations: readonly NounMigrations[] = []
): Promise<BoardBench> {
  const events: BoardBench['events'] = []
  const adapters = createBoardAdapters({
    firmwareFile: resourcePath('firmware', 'build', 'monitor.elf'),
    workerFile: await virtualBoardWorker(),
    spawn,
    flashFolder: path.join(tmpdir(), `bitbench-flash-${process.pid}`),
    cores: testCores,
    findProgram: async (names) => names.find(hasTool) ?? null
  })
  const schemas = { ...boardContract.events, ...jobContract.events }
  const emit = (event: string, payload: unknown): void => {
    events.push({ event, payload: schemas[event as keyof typeof schemas].parse(payload) })
  }
  const store = await openStore({ file: ':memory:', migrations: [boardMigrations, ...migrations] })
  let jobNumber = 0
  const jobs = createJobService({ emit, nowMs: () => Date.now(), newId: () => `job${++jobNumber}` })
  const boards = createBoardService({
    adapters: { ...adapters, ...change },
    store,
    jobs,
    emit,
    nowMs: () => Date.now(),
    makeTwin: ({ firmware, request }, { signal, onProgress }) =>
      makeTwin(firmware, request, async (done, total, note) => {
        signal.throwIfAborted()
        onProgress(done, total, note)
        await new Promise((resolve) => setImmediate(resolve))
      })
  })
  return {
    boards,
    jobs,
    store,
    events,
    async close() {
      await jobs.stop()
      await boards.close()
      await store.close()
    }
  }
}
