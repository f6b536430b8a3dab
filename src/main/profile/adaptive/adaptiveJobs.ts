import { countOf } from '../../../shared/units'
import { type AdaptivePool, adaptivePool } from '../../../core/profile/adaptivePool'
import type { KernelShape } from '../../../core/kernel/shape'
import type { EmitterOf } from '../../../shared/contract/framework/define'
import type { profileContract, Sample } from '../../../shared/contract/profile'
import type { AdaptiveRequest, AdaptiveRun } from '../../../shared/contract/profile/profileAdaptive'
import { AppError } from '../../../shared/errors'
import type { JobContext, JobService } from '../../jobs/jobService'
import { createRunKeeper, type RunKind } from '../../runs/runKeeper'
import type { RunLabels } from '../../runs/runLabels'
import { runAdaptive, type AdaptiveRunnerOptions } from './adaptiveLoop'
import type { AdaptiveStore, StoredAdaptiveRun } from './adaptiveStore'
import { speedOf } from '../boardSpeed'
import type { ProfiledBoard } from '../measure'
import { announceSamples } from '../samples/sampleEvents'

interface Started {
  jobId: string
  runId: string
}

/** Adaptive profiling as resumable jobs. */
export interface AdaptiveRuns {
  runs: RunKind
  start(request: AdaptiveRequest): Promise<Started>
  resume(runId: string): Promise<Started>
  list(): Promise<AdaptiveRun[]>
  forget(runId: string): Promise<void>
}

/** What adaptive runs are made from. */
export interface AdaptiveRunsDeps extends Omit<AdaptiveRunnerOptions, 'onSample' | 'onStep'> {
  adaptiveStore: AdaptiveStore
  jobs: JobService
  labels: RunLabels
  emit: EmitterOf<typeof profileContract>
  layerShapes: (modelId: string) => Promise<KernelShape[]>
}

/** Returns the adaptive runs: stored, resumable, one job each. */
export function createAdaptiveRuns(deps: AdaptiveRunsDeps): AdaptiveRuns {
  const { boards, store, adaptiveStore, jobs, labels, emit, nowMs, newId, layerShapes } = deps
  const runs = createRunKeeper<StoredAdaptiveRun>({
    kind: 'adaptive',
    noun: 'adaptive run',
    jobs,
    labels,
    table: adaptiveStore,
    describe: (run) => ({
      title: `${run.request.kernel} on ${run.boardName}, adaptively`,
      detail: run.error ?? `${run.adaptive.at(-1)?.rows ?? 0} of ${countOf(run.poolRows, 'row')} measured`,
      finishedAtMs: run.finishedAtMs,
      model: run.request.modelId,
      board: run.boardName
    }),
    begin: async (run) => await begin(run, await boards.connect(run.boardId))
  })

  const present = (run: StoredAdaptiveRun): AdaptiveRun => {
    const { buildId: _buildId, coreName: _coreName, speed: _speed, ...shown } = runs.present(run)
    return shown
  }

  const begin = async (run: StoredAdaptiveRun, board: ProfiledBoard): Promise<Started> => {
    const { request, speed } = run
    const layers = request.modelId === null ? [] : await layerShapes(request.modelId)
    const pool = poolOf({ ...request, shapes: [...request.shapes, ...layers] }, board, speed)
    const change = async (changes: Partial<StoredAdaptiveRun>): Promise<void> => {
      Object.assign(run, changes)
      await adaptiveStore.save(run)
      emit('profile.adaptiveChanged', present({ ...run }))
    }
    const ended = async (changes: Partial<StoredAdaptiveRun>): Promise<void> => {
      runs.ended(run.id)
      await change({ ...changes, finishedAtMs: nowMs() })
    }
    // In the file before its id is given out: a crash from here on leaves a run that can be resumed.
    await adaptiveStore.save({ ...run, state: 'running' })
    const { jobId } = runs.launch(run, {
      kind: 'profile.adaptive',
      title: `Profile ${request.kernel} on ${run.boardName} adaptively`,
      unit: 'ms',
      run: (context) => measure({ ...deps, board, pool, change, ended }, run, context)
    })
    return { jobId, runId: run.id }
  }

  return {
    runs,
    resume: async (runId) => ({ runId, ...(await runs.resume(runId)) }),
    async start(request) {
      const board = await boards.connect(request.boardId)
      const { speed } = await speedOf(store, board)
      return await begin(newRun(newId(), request, board, speed, nowMs()), board)
    },
    list: async () => (await runs.list()).map(present),
    forget: async (runId) => await runs.forget((await runs.find(runId)).id, nowMs())
  }
}

/** Shapes to choose from. @throws input.invalid where there is none */
function poolOf(
  request: Parameters<typeof adaptivePool>[0],
  board: ProfiledBoard,
  speed: StoredAdaptiveRun['speed']
): AdaptivePool {
  const pool = adaptivePool(request, board.info, speed)
  if (pool.items.length > 0) return pool
  const why = pool.skipped[0]?.reason ?? 'no shape of this kernel is possible'
  throw new AppError(
    'input.invalid',
    `There is nothing to measure: ${why}.`,
    'Choose another kernel, other bit pairs, or a higher limit per shape.'
  )
}

/** Measures a run from its start and keeps how it ended; throws what measuring throws. */
async function measure(
  deps: AdaptiveRunsDeps & {
    board: ProfiledBoard
    pool: AdaptivePool
    change(changes: Partial<StoredAdaptiveRun>): Promise<void>
    ended(changes: Partial<StoredAdaptiveRun>): Promise<void>
  },
  run: StoredAdaptiveRun,
  context: JobContext
): Promise<void> {
  const { board, pool, change } = deps
  const { request, boardId, boardName, buildId, coreName, speed } = run
  const news = announceSamples(deps.emit, run.id)
  const ended = async (changes: Partial<StoredAdaptiveRun>): Promise<void> => {
    news.flush()
    await deps.ended(changes)
  }
  try {
    await change({
      ...{ state: 'running', finishedAtMs: null, error: null, adaptive: [], uniform: [] },
      ...{ poolRows: pool.items.length, judgeRows: pool.judge.length }
    })
    const { repetitions, seed } = request
    const stopped = await runAdaptive(
      { campaignId: run.id, boardId, boardName, buildId, coreName, repetitions, seed, speed },
      request,
      pool,
      board.unit,
      {
        ...deps,
        onSample: (sample: Sample) => news.add(sample),
        onStep: (part, step) => change({ [part]: [...run[part], step] })
      },
      context
    )
    await ended({ state: 'done', stopped, knownRows: await deps.store.adoptedCount(run.id) })
  } catch (reason) {
    const { message, hint } = AppError.from(reason)
    const isCancelled = context.signal.aborted
    await ended({
      state: isCancelled ? 'cancelled' : 'failed',
      error: isCancelled ? null : `${message} ${hint}`
    }).catch(() => undefined)
    throw reason
  }
}

function newRun(
  id: string,
  request: AdaptiveRequest,
  board: ProfiledBoard,
  speed: StoredAdaptiveRun['speed'],
  startedAtMs: number
): StoredAdaptiveRun {
  return {
    id,
    jobId: null,
    boardId: board.id,
    boardName: board.name,
    buildId: board.info.buildId,
    coreName: board.info.coreName,
    state: 'running',
    startedAtMs,
    finishedAtMs: null,
    error: null,
    request,
    poolRows: 0,
    judgeRows: 0,
    stopped: null,
    adaptive: [],
    uniform: [],
    knownRows: 0,
    speed
  }
}
