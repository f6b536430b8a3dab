import type { Loop, LoopStep } from '../../shared/contract/loop'
import { AppError } from '../../shared/errors'
import type { JobContext } from '../jobs/jobService'
import type { LoopCalls } from './loopCalls'
import { shareOf, stepWork } from './loopSteps'

/** What running a loop needs besides the loop. */
export interface LoopWalk {
  calls: LoopCalls
  nowMs: () => number
  /** Stores and announces the loop as it is. */
  save(loop: Loop): Promise<void>
  /** The loop runs no more. */
  ended(id: string): void
}

async function runStep(
  loop: Loop,
  step: LoopStep,
  { calls, nowMs, save }: LoopWalk,
  { signal }: JobContext,
  report: (share: number, note: string) => void
): Promise<void> {
  const set = async (changes: Partial<LoopStep>): Promise<void> => {
    Object.assign(step, changes)
    await save(loop)
  }
  signal.throwIfAborted()
  await set({ state: 'running', startedAtMs: nowMs(), finishedAtMs: null, error: null, results: [] })
  report(0, '')
  try {
    const results = await stepWork[step.id]({
      loop,
      calls,
      signal,
      async change(changes) {
        Object.assign(loop, changes)
        await save(loop)
      },
      async follow(jobId) {
        await set({ jobId })
        await calls.follow(jobId, signal, (job) => report(shareOf(job), `${job.title} ${job.note}`))
      }
    })
    await set({ state: 'done', finishedAtMs: nowMs(), results, jobId: null })
  } catch (reason) {
    await set({
      state: 'failed',
      finishedAtMs: nowMs(),
      error: AppError.from(reason).toJSON(),
      jobId: null
    })
    throw reason
  }
}

/** Runs the steps of a loop that are not finished, one after the other, and keeps how it ended. Throws what a step throws. */
export async function runLoop(loop: Loop, walk: LoopWalk, context: JobContext): Promise<void> {
  const { steps } = loop
  const end = async (state: Loop['state']): Promise<void> => {
    loop.state = state
    loop.finishedAtMs = walk.nowMs()
    walk.ended(loop.id)
    await walk.save(loop)
  }
  try {
    for (const [index, step] of steps.entries()) {
      // A finished step stays; only the board has to be connected again after a restart.
      if (step.state === 'done' && step.id !== 'connect') continue
      // A step of several jobs starts each at 0; its own progress never goes back.
      let highest = 0
      await runStep(loop, step, walk, context, (share, note) => {
        highest = Math.max(highest, share)
        context.progress(index + highest, steps.length, `${step.id}: ${note}`)
      })
    }
    context.progress(steps.length, steps.length, '')
    await end('done')
  } catch (reason) {
    const wasCancelled = context.signal.aborted || AppError.from(reason).code === 'job.cancelled'
    await end(wasCancelled ? 'cancelled' : 'failed')
    throw reason
  }
}
