import { countOf } from '../../shared/units'
import { adaptivePool } from '../../core/profile/adaptivePool'
import type { KernelShape } from '../../core/kernel/shape'
import type { EmitterOf } from '../../shared/contract/framework/define'
import type { profileContract, Sample } from '../../shared/contract/profile'
import type { AdaptiveRequest, AdaptiveRun } from '../../shared/contract/profile/profileAdaptive'
import { AppError } from '../../shared/errors'
import type { JobService } from '../jobs/jobService'
import { createRunKeeper, type RunKind } from '../runs/runKeeper'
import type { RunLabels } from '../runs/runLabels'
import { runAdaptive, type AdaptiveRunnerOptions } from './adaptiveLoop'
import type { AdaptiveStore, StoredAdaptiveRun } from './adaptiveStore'
import { speedOf } from './boardSpeed'
import type { ProfiledBoard } from './measure'
import { announceSamples } from './sampleEvents'

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

/** Returns the adaptive runs: stored, resumable, one job each. */
export function createAdaptiveRuns(
  deps: Omit<AdaptiveRunnerOptions, 'onSample' | 'onStep'> & {
    adaptiveStore: AdaptiveStore
    jobs: JobService
    labels: RunLabels
    emit: EmitterOf<typeof profileContract>
    layerShapes: (modelId: string) => Promise<KernelShape[]>
  }
): AdaptiveRuns {
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
    const pool = adaptivePool({ ...request, shapes: [...request.shapes, ...layers] }, board.info, speed)
    if (pool.items.length === 0) {
      const why = pool.skipped[0]?.reason ?? 'no shape of this kernel is possible'
      throw new AppError(
        'input.invalid',
        `There is nothing to measure: ${why}.`,
        'Choose another kernel, other bit pairs, or a higher limit per shape.'
      )
    }
    const news = announceSamples(emit, run.id)
    const change = async (changes: Partial<StoredAdaptiveRun>): Promise<void> => {
      Object.assign(run, changes)
      await adaptiveStore.save(run)
      emit('profile.adaptiveChanged', present({ ...run }))
    }
    const finish = async (changes: Partial<StoredAdaptiveRun>): Promise<void> => {
      news.flush()
      runs.ended(run.id)
      await change({ ...changes, finishedAtMs: nowMs() })
    }
    // In the file before its id is given out: a crash from here on leaves a run that can be resumed.
    await adaptiveStore.save({ ...run, state: 'running' })
    const { jobId } = runs.launch(run, {
      kind: 'profile.adaptive',
      title: `Profile ${request.kernel} on ${run.boardName} adaptively`,
      unit: 'ms',
      async run(context) {
        try {
          await change({
            state: 'running',
            finishedAtMs: null,
            error: null,
            poolRows: pool.items.length,
            judgeRows: pool.judge.length,
            adaptive: [],
            uniform: []
          })
          const ended = await runAdaptive(
            {
              campaignId: run.id,
              boardId: run.boardId,
              buildId: run.buildId,
              coreName: run.coreName,
              repetitions: request.repetitions,
              seed: request.seed,
              speed
            },
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
          await finish({ state: 'done', stopped: ended, knownRows: await store.adoptedCount(run.id) })
        } catch (reason) {
          const error = AppError.from(reason)
          const isCancelled = context.signal.aborted
          await finish({
            state: isCancelled ? 'cancelled' : 'failed',
            error: isCancelled ? null : `${error.message} ${error.hint}`
          }).catch(() => undefined)
          throw reason
        }
      }
    })
    return { jobId, runId: run.id }
  }

  return {
    runs,
    resume: async (runId) => ({ runId, ...(await runs.resume(runId)) }),
    async start(request) {
      const board = await boards.connect(request.boardId)
      return await begin(
        {
          id: newId(),
          jobId: null,
          boardId: board.id,
          boardName: board.name,
          buildId: board.info.buildId,
          coreName: board.info.coreName,
          state: 'running',
          startedAtMs: nowMs(),
          finishedAtMs: null,
          error: null,
          request,
          poolRows: 0,
          judgeRows: 0,
          stopped: null,
          adaptive: [],
          uniform: [],
          knownRows: 0,
          speed: (await speedOf(store, board)).speed
        },
        board
      )
    },
    list: async () => (await runs.list()).map(present),
    forget: async (runId) => await runs.forget((await runs.find(runId)).id, nowMs())
  }
}
