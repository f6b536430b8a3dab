import { AppError } from '@shared/errors'
import type { CommandOutput } from '@shared/contract/index'
import { sampleAdaptiveRun } from './sampleAdaptive'
import { sampleBoards } from './sampleBoards'
import { sampleEstimator } from './sampleEstimator'
import { sampleGpuList, sampleRecording } from './sampleGpu'
import { sampleMeter } from './sampleMeter'
import { sampleDeployment, sampleSearch } from './sampleModel'
import { sampleLm } from './sampleLm'
import { sampleLoop } from './sampleRuns'
import { sampleHandlers, type SampleHandlers } from './sampleServices'
import { sampleSharedStatus } from './sampleShared'
import { sampleWorkerStatus } from './sampleWorkers'
import { sampleWorkload } from './sampleWorkload'

/** What a page can be looked at in. */
export const sampleStates = ['empty', 'running', 'finished', 'failed'] as const

/** A state of every page. */
export type SampleState = (typeof sampleStates)[number]

type Loop = CommandOutput<'loop.list'>['loops'][number]
type Job = CommandOutput<'job.list'>['jobs'][number]
type SamplingState = CommandOutput<'gpu.samplingState'>

const { trace: wholeTrace, ...wholeSearch } = sampleSearch
/** A search that has come to its eighth scheme. */
const trace = wholeTrace.slice(0, 8)
const search = {
  ...wholeSearch,
  ...{ test: null, retrained: null },
  best: trace.filter(({ feasible }) => feasible).sort((a, b) => a.loss - b.loss)[0] ?? null
}
const job: Job = {
  ...{ id: 'j1', kind: 'search.run', title: 'Search by mico within 75 % of int8', state: 'running' },
  ...{ done: 8, total: 24, unit: 'schemes', ratePerSecond: 1.6, remainingMs: 10_000, note: 'fc2 at w4' },
  ...{ startedAtMs: 1_790_000_000_000, finishedAtMs: null, resumable: true, error: null }
}
const lineLost = {
  code: 'board.timeout' as const,
  message: 'The board did not reply within 2 s.',
  hint: 'Check the cable and the power of the board, then go on.',
  details: {}
}
const noSampling: SamplingState = {
  ...{ state: 'stopped', intervalMs: 100, achievedHz: null, samples: 0, restarts: 0, gaps: 0 },
  ...{ malformedLines: 0, dropped: 0, recordingId: null, message: null, hint: null }
}
const emptyEnvelope = { fromMs: 0, stepMs: 100, mean: [], min: [], max: [] }

/** A loop whose steps are done up to `at`, which is in `state`. */
const loopAt = (at: number, state: 'running' | 'failed' | 'done'): Loop => ({
  ...sampleLoop,
  state,
  jobId: state === 'running' ? 'j1' : null,
  steps: sampleLoop.steps.map((step, index) => ({
    ...step,
    state: index < at ? ('done' as const) : index === at ? state : ('waiting' as const),
    jobId: index === at && state === 'running' ? 'j1' : null,
    results: index < at ? [`Result of ${step.id}`] : [],
    error: index === at && state === 'failed' ? lineLost : null
  }))
})

/** What a first start shows: nothing was run, nothing is connected. */
const empty: SampleHandlers = {
  'lm.last': () => ({ chat: null, steps: [], loss: null }),
  'run.list': () => ({ runs: [] }),
  'loop.list': () => ({ loops: [] }),
  'job.list': () => ({ jobs: [] }),
  'file.recent': () => ({ files: [] }),
  'file.uploads': () => ({
    files: 0,
    sizeBytes: 0,
    maxFileBytes: 2 * 1024 ** 3,
    maxTotalBytes: 16 * 1024 ** 3
  }),
  'app.log': () => ({ lines: [] }),
  'board.list': () => ({
    boards: sampleBoards
      .filter(({ kind }) => kind === 'virtual')
      .map((board) => ({ ...board, state: 'available', info: null, leasedBy: null, statistics: null }))
  }),
  'board.console': () => ({ chunks: [], droppedChunks: 0 }),
  'profile.summary': () => ({ groups: [] }),
  'profile.campaigns': () => ({ campaigns: [] }),
  'profile.adaptiveRuns': () => ({ runs: [] }),
  'profile.samples': () => ({ samples: [], unreadable: [], total: 0 }),
  'proxy.list': () => ({ proxies: [], unreadable: [] }),
  'proxy.samples': () => ({ sets: [] }),
  'proxy.calibrations': () => ({ calibrations: [], unreadable: [] }),
  'proxy.publishedTable': () => ({ rows: [] }),
  'dataset.list': () => ({ dataSets: [] }),
  'model.list': () => ({ ...sampleHandlers['model.list']!({}), models: [] }),
  'search.list': () => ({ searches: [] }),
  'deploy.list': () => ({ deployments: [] }),
  'workload.list': () => ({ runs: [] }),
  'remote.hosts': () => ({ hosts: [] }),
  'gpu.list': () => ({
    ...{ ...sampleGpuList, state: 'noDriver', gpus: [], driverVersion: null, nvidiaSmiPath: null },
    message: 'nvidia-smi was not found.',
    hint: 'Install the NVIDIA driver, or name the path of nvidia-smi in the settings.'
  }),
  'gpu.samplingState': () => noSampling,
  'gpu.history': () => emptyEnvelope,
  'gpu.recordings': () => ({ recordings: [], unreadable: [] }),
  'lab.status': () => ({ coordinator: null, kept: false, problem: null, self: 'desk/ada', places: [] }),
  'shared.status': () => ({
    ...{ ...sampleSharedStatus, folder: null, name: null, reuse: false, canPublish: false, reused: 0 },
    ...{ hosts: [], leftOut: [] }
  }),
  'worker.status': () => ({
    ...{ ...sampleWorkerStatus, server: null, state: 'off', kept: false, pending: 0, waiting: 0, active: 0 },
    ...{ workers: [], leases: [] }
  })
}

/** Work that goes on. */
const running: SampleHandlers = {
  'meter.live': () => ({ meters: [sampleMeter] }),
  'lm.last': () => ({
    chat: { ...sampleLm.last.chat, jobId: 'j1', state: 'running' },
    steps: sampleLm.last.steps.slice(0, 6),
    loss: null
  }),
  'job.list': () => ({ jobs: [job] }),
  'loop.list': () => ({ loops: [loopAt(3, 'running')] }),
  'search.list': () => ({
    searches: [{ ...search, state: 'running', jobId: 'j1' }]
  }),
  'search.get': () => ({
    search: {
      ...{ ...search, state: 'running' as const, jobId: 'j1' },
      trace
    }
  }),
  'deploy.list': () => ({
    deployments: [
      {
        ...{ ...sampleDeployment, state: 'running' as const, jobId: 'j1', step: 'run' as const },
        ...{ imagesDone: 40, finishedAtMs: null, bitExact: null, boardAccuracy: null, hostAccuracy: null },
        ...{ measured: null, relativeError: null, layers: [] }
      }
    ]
  }),
  'profile.adaptiveRuns': () => ({
    runs: [{ ...sampleAdaptiveRun, state: 'running', jobId: 'j1', finishedAtMs: null, stopped: null }]
  }),
  'gpu.recordings': () => ({
    recordings: [{ ...sampleRecording, state: 'running', durationMs: null, exitCode: null }],
    unreadable: []
  }),
  'workload.list': () => ({
    runs: [{ ...sampleWorkload, state: 'running', jobId: 'j1', finishedAtMs: null }]
  }),
  'workload.get': () => ({ run: { ...sampleWorkload, state: 'running', jobId: 'j1', finishedAtMs: null } })
}

/** Work that has ended as it should. */
const finished: SampleHandlers = {
  'job.list': () => ({ jobs: [{ ...job, state: 'done', done: 24, finishedAtMs: 1_790_000_060_000 }] }),
  'loop.list': () => ({ loops: [loopAt(6, 'done')] }),
  'gpu.samplingState': () => noSampling
}

const locked = (): never => {
  throw new AppError(
    'store.locked',
    'Another Bitbench has the data file open.',
    'Close it, or name another data folder with --data.'
  )
}

/** Work that failed, and lists that cannot be read. */
const failed: SampleHandlers = {
  'lm.last': () => ({
    chat: { ...sampleLm.last.chat, state: 'failed', error: lineLost },
    steps: sampleLm.last.steps.slice(0, 6),
    loss: { ...sampleLm.last.loss, state: 'failed', error: lineLost, measured: null }
  }),
  'job.list': () => ({
    jobs: [{ ...job, state: 'failed', finishedAtMs: 1_790_000_060_000, error: lineLost }]
  }),
  'loop.list': () => ({ loops: [loopAt(3, 'failed')] }),
  'board.list': () => ({
    boards: sampleBoards.map((board, at) =>
      at === 0
        ? { ...board, state: 'reconnecting', info: null, leasedBy: null, reason: lineLost.message }
        : board
    )
  }),
  'search.list': () => ({ searches: [{ ...search, state: 'failed', error: lineLost }] }),
  'search.get': () => ({
    search: {
      ...{ ...search, state: 'failed' as const, error: lineLost },
      trace
    }
  }),
  'deploy.list': () => ({
    deployments: [{ ...sampleDeployment, state: 'failed', bitExact: false, imagesDone: 12 }]
  }),
  'gpu.samplingState': () => ({
    ...noSampling,
    state: 'failed',
    message: 'nvidia-smi ended five times in a row.',
    hint: 'Run nvidia-smi in a terminal and read what it prints.'
  }),
  'gpu.recordings': () => ({
    recordings: [{ ...sampleRecording, state: 'failed', message: 'nvidia-smi ended.' }],
    unreadable: []
  }),
  'workload.list': () => ({
    runs: [{ ...sampleWorkload, state: 'failed', message: 'The runner ended with code 1.' }]
  }),
  'workload.get': () => ({
    run: { ...sampleWorkload, state: 'failed', message: 'The runner ended with code 1.' }
  }),
  'shared.status': () => ({
    ...{ ...sampleSharedStatus, hosts: [], leftOut: [] },
    problem: {
      code: 'data.missing' as const,
      message: 'The shared folder /mnt/lab/bitbench cannot be read.',
      hint: 'Check that it exists and that its disk or network drive is there.'
    }
  }),
  'worker.status': () => ({
    // Of a server that does not reply nothing is known.
    ...{ ...sampleWorkerStatus, waiting: 0, active: 0, workers: [], leases: [] },
    state: 'down',
    problem: {
      ...{ code: 'queue.unreachable' as const, message: 'redis://lab:6379 does not reply.', details: {} },
      hint: 'Check that the server runs and that this machine may reach it.'
    }
  }),
  'proxy.list': locked,
  'dataset.list': locked,
  'model.list': locked,
  'run.list': locked,
  'run.compare': locked,
  'estimator.list': locked,
  'store.info': locked
}

/** Of an estimator alone there is none in the sample: its page is full where work has ended or goes on. */
const withEstimator: SampleHandlers = {
  'estimator.list': () => ({ estimators: [sampleEstimator.estimator] }),
  'estimator.detail': () => sampleEstimator,
  'estimator.predict': () => ({
    predictions: [
      {
        ...{ stagesMs: { vision: 42, prefill: 118, decode: 900 }, totalMs: 1060, lowMs: 1010, highMs: 1120 },
        ...{ decodePerTokenMs: 14.1, warnings: [] }
      }
    ]
  })
}

/** Handlers of every state; what a state does not name is as in the sample. */
export const stateHandlers: Readonly<Record<SampleState, SampleHandlers>> = {
  empty: { ...sampleHandlers, ...empty },
  running: { ...sampleHandlers, ...withEstimator, ...running },
  finished: { ...sampleHandlers, ...withEstimator, ...finished },
  failed: { ...sampleHandlers, ...failed }
}
