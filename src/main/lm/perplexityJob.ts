import type { CommandArguments } from '../../shared/contract'
import type { LmLoss } from '../../shared/contract/lm'
import { AppError } from '../../shared/errors'
import type { LmServiceDeps, LmState } from './lmNeeds'

/**
 * Measures perplexity as a Job, in a worker.
 * @throws AppError data.missing, model.invalid, scheme.invalid before it starts
 */
export async function startPerplexity(
  request: CommandArguments<'lm.perplexity'>,
  state: LmState,
  { jobs, tasks, emit }: LmServiceDeps
): Promise<{ jobId: string }> {
  const { files, schemes, documents, seed } = request
  const { name } = await tasks.run('lm.check', { files, schemes, needsText: true })
  // No await between this and the start: of two at once the second is refused.
  if (state.loss?.state === 'running')
    throw new AppError(
      'input.invalid',
      'Perplexity is being measured already.',
      'Stop it, or wait for its end.'
    )
  const change = (changes: Partial<LmLoss>): void => {
    state.loss = { ...state.loss!, ...changes }
    emit('lm.lossChanged', state.loss)
  }
  const { jobId, result } = jobs.start({
    kind: 'lm.perplexity',
    title: `Perplexity of ${name}`,
    unit: 'documents',
    run: ({ signal, progress }) =>
      tasks.run('lm.perplexity', { files, schemes, documents, seed }, { signal, onProgress: progress })
  })
  state.loss = { jobId, state: 'running', error: null, modelName: name, seed, measured: null }
  change({})
  void result.then(
    ({ documents: count, float, schemes: rows }) =>
      change({ state: 'done', measured: { documents: count, float, schemes: [...rows] } }),
    (reason: unknown) => {
      const error = AppError.from(reason)
      const cancelled = error.code === 'job.cancelled'
      change({ state: cancelled ? 'cancelled' : 'failed', error: cancelled ? null : error.toJSON() })
    }
  )
  return { jobId }
}
