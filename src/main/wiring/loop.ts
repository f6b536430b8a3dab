import { AppError } from '../../shared/errors'
import type { Dispatch } from '../hosts/dispatcher'
import { createLoopService, type LoopService } from '../loop/loopService'
import { createRunLabels } from '../runs/runLabels'
import { createCommandCaller } from './commandCaller'
import type { Foundation } from './foundation'

/** The guided loop over the contract itself; `dispatch` may only exist later. */
export function connectLoop(foundation: Foundation, dispatch: () => Dispatch): LoopService {
  const { store, jobs, emitter, nowMs, newId } = foundation
  return createLoopService({
    store,
    labels: createRunLabels(store),
    jobs,
    emit: emitter(),
    nowMs,
    newId,
    calls: {
      call: createCommandCaller(dispatch),
      async follow(jobId, signal, onChange) {
        const cancel = (): void => jobs.cancel(jobId)
        signal.addEventListener('abort', cancel, { once: true })
        try {
          if (signal.aborted) cancel()
          const ended = await jobs.follow(jobId, onChange)
          if (ended.error !== null) throw AppError.from(ended.error)
        } finally {
          signal.removeEventListener('abort', cancel)
        }
      }
    }
  })
}
