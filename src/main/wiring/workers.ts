import { builtPath } from '../paths'
import { sharedTasks } from '../sharedTasks'
import type { Tasks } from '../taskRegistry'
import { readCodeIdentity } from '../worker/codeIdentity'
import { createWorkerService, type WorkerService } from '../worker/workerService'
import type { Foundation } from './foundation'

/** The queue server and its workers, in front of this process's threads. */
export function connectWorkers(foundation: Foundation, version: string): WorkerService<Tasks> {
  const { tasks, dataFolder, settingsFile, emitter, log, nowMs, newId } = foundation
  return createWorkerService<Tasks>({
    local: tasks,
    shared: sharedTasks,
    dataFolder,
    ownThreads: () => settingsFile.get().workers,
    identity: () => readCodeIdentity(builtPath('main', 'taskWorker.js'), version),
    emit: emitter(),
    log,
    nowMs,
    newId
  })
}
