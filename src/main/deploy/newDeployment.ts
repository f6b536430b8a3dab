import type { Deployment, DeployRequest } from '../../shared/contract/deploy'

/** A deployment that has done nothing yet. */
export function newDeployment(
  id: string,
  jobId: string | null,
  request: DeployRequest,
  about: { modelName: string; dataSet: string },
  board: { name: string; unit: Deployment['unit']; origin: Deployment['origin'] },
  startedAtMs: number
): Deployment {
  return {
    id,
    jobId,
    state: 'running',
    step: 'plan',
    request,
    ...about,
    boardName: board.name,
    startedAtMs,
    finishedAtMs: null,
    plan: null,
    unit: board.unit,
    origin: board.origin,
    clockHz: null,
    imagesDone: 0,
    bitExact: null,
    mismatches: [],
    boardAccuracy: null,
    hostAccuracy: null,
    predicted: null,
    measured: null,
    interval: null,
    measuredBy: null,
    relativeError: null,
    layers: [],
    error: null
  }
}
