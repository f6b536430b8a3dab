import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import {
  loopSchema,
  loopStepIdSchema,
  type Loop,
  type LoopRequest,
  type LoopStep,
  type loopContract
} from '../../shared/contract/loop'
import type { JobService } from '../jobs/jobService'
import { createRunKeeper, type RunKind } from '../runs/runKeeper'
import type { RunLabels } from '../runs/runLabels'
import type { NounMigrations } from '../store/migrations'
import { createRecordTable, recordTableSql } from '../store/recordTable'
import type { Store } from '../store/store'
import type { LoopCalls } from './loopCalls'
import { type LoopWalk, runLoop } from './runLoop'

export const loopMigrations: NounMigrations = { noun: 'loop', steps: [recordTableSql('loop_run')] }

/** The guided loop as one stored, resumable run: what `bitbench demo`, the Start page and any client start. */
export interface LoopService {
  handlers: HandlersOf<typeof loopContract>
  runs: RunKind
}

/** Returns the guided loop: profile, fit, search, deploy, as one stored run. */
export function createLoopService(deps: {
  store: Pick<Store, 'run' | 'all'>
  labels: RunLabels
  jobs: JobService
  emit: EmitterOf<typeof loopContract>
  calls: LoopCalls
  nowMs: () => number
  newId: () => string
}): LoopService {
  const { jobs, labels, emit, calls, nowMs, newId } = deps
  const table = createRecordTable<Loop>(deps.store, { table: 'loop_run', schema: loopSchema })
  const runs = createRunKeeper<Loop>({
    kind: 'loop',
    noun: 'loop',
    jobs,
    labels,
    table,
    describe: ({ request, board, modelId, steps, finishedAtMs }) => ({
      title: `Whole loop on ${board?.name ?? request.boardId}`,
      detail: detailOf(steps),
      finishedAtMs,
      model: modelId,
      board: board?.name ?? request.boardId
    }),
    begin: (loop) => begin(loop)
  })

  const save = async (loop: Loop): Promise<void> => {
    await table.save(loop)
    emit('loop.changed', runs.present(structuredClone(loop)))
  }

  const walk: LoopWalk = { calls, nowMs, save, ended: (id) => runs.ended(id) }

  /** Stores a loop as running and starts its job; a loop that stopped goes on after its last finished step. */
  const begin = async (stored: Loop): Promise<{ jobId: string }> => {
    const loop: Loop = {
      ...stored,
      state: 'running',
      finishedAtMs: null,
      steps: stored.steps.map((step) => (step.state === 'done' ? step : waiting(step.id)))
    }
    // Outputs that differed are compared again after a new deployment, not looked up once more.
    if (stored.steps.some(({ id, state }) => id === 'check' && state === 'failed')) {
      loop.deploymentId = null
      loop.steps = loop.steps.map((step) => (step.id === 'deploy' ? waiting('deploy') : step))
    }
    await table.save(loop)
    const { jobId } = runs.launch(loop, {
      kind: 'loop.run',
      title: `Whole loop on ${loop.board?.name ?? loop.request.boardId}`,
      unit: 'steps',
      total: loop.steps.length,
      run: (context) => runLoop(loop, walk, context)
    })
    loop.jobId = jobId
    await save(loop)
    return { jobId }
  }

  return {
    runs,
    handlers: {
      'loop.run': async (request) => {
        const loop = newLoop(newId(), request, nowMs())
        return { loopId: loop.id, ...(await begin(loop)) }
      },
      'loop.resume': async ({ loopId }) => ({ loopId, ...(await runs.resume(loopId)) }),
      'loop.get': async ({ loopId }) => ({ loop: asItStands(await runs.find(loopId)) }),
      'loop.list': async () => ({ loops: (await runs.list()).map(asItStands) })
    }
  }
}

/** A step that ran in a process that is gone waits again. */
function asItStands(loop: Loop): Loop {
  if (loop.state === 'running') return loop
  const steps = loop.steps.map((step) => (step.state === 'running' ? waiting(step.id) : step))
  return { ...loop, steps }
}

const waiting = (id: LoopStep['id']): LoopStep => ({
  ...{ id, state: 'waiting', jobId: null, startedAtMs: null, finishedAtMs: null, results: [], error: null }
})

function newLoop(id: string, request: LoopRequest, startedAtMs: number): Loop {
  return {
    ...{ id, jobId: null, state: 'running', startedAtMs, finishedAtMs: null, request },
    steps: loopStepIdSchema.options.map(waiting),
    ...{ board: null, modelId: null, campaignId: null, samples: null, proxies: [] },
    ...{ searchId: null, deploymentId: null }
  }
}

function detailOf(steps: readonly LoopStep[]): string {
  const failed = steps.find(({ state }) => state === 'failed')
  const done = steps.filter(({ state }) => state === 'done').length
  return failed?.error === undefined || failed.error === null
    ? `${done} of ${steps.length} steps`
    : `${failed.id}: ${failed.error.message}`
}
