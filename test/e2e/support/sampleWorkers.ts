import type { WorkerInfo, WorkerStatus } from '@shared/contract/worker'

const code = '0.1.0-3f9c2a71be04'
const arithmetic = 'x64-avx2-fma'
const worker = (changes: Partial<WorkerInfo>): WorkerInfo => ({
  ...{ id: 'w1', host: 'bench-a', pid: 4012, processor: 'Invented processor of a layout test' },
  ...{ code, arithmetic, tasks: ['model.evaluate'], concurrency: 4, done: 112, failed: 0, perMinute: 38 },
  ...{ running: [{ task: 'model.evaluate', forMs: 2_150 }], startedAtMs: 0, seenAtMs: 0, silentMs: 1_200 },
  ...{ isAlive: true, matches: true, isHere: false },
  ...changes
})

/** A queue server with this copy, a worker of its version, one of another version and one that is gone. */
export const sampleWorkerStatus: WorkerStatus = {
  ...{ server: 'redis://lab:6379', state: 'up', problem: null, pending: 6, kept: true },
  ...{ code, arithmetic, waiting: 12, active: 3 },
  workers: [
    worker({ isHere: true, host: 'desk', pid: 812, concurrency: 2, running: [] }),
    worker({ id: 'w2' }),
    worker({ id: 'w3', host: 'bench-b', pid: 77, code: '0.0.9-0d11c0ffee12', matches: false, running: [] }),
    worker({ id: 'w4', host: 'bench-c', pid: 4100, isAlive: false, silentMs: 61_000, failed: 2 })
  ],
  leases: [
    { name: '10.0.0.7:3333', token: 4, host: 'desk', pid: 812, user: 'ada', heldMs: 64_000, leftMs: 21_000 }
  ]
}
