import { countOf } from '../../shared/units'
import { bitFusionHardware } from '../../core/accelerator/bitfusion'
import { bitFusionGraph, bitFusionText } from '../../core/deploy/bitfusionGraph'
import type { CommandOutput } from '../../shared/contract'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type {
  DeployEnergyRequest,
  DeployRequest,
  Deployment,
  deployContract
} from '../../shared/contract/deploy'
import type { JobContext, JobService } from '../jobs/jobService'
import { createRunKeeper, type RunDescription, type RunKind } from '../runs/runKeeper'
import type { RunLabels } from '../runs/runLabels'
import type { RecordPower } from './deployNeeds'
import { runDeployment } from './deployRun'
import { startEnergyJob } from './energyJob'
import type { DeployStore } from './deployStore'
import { boardOutputs } from './fileOutputs'
import { newDeployment } from './newDeployment'
import { createPreparation, type PreparationDeps } from './preparation'

/** Deployments for the contract and for the services that use them. */
export interface DeployService {
  handlers: HandlersOf<typeof deployContract>
  runs: RunKind
  /** Deploys and compares like deploy.run, but leaves no record: for whoever wants the measurement alone. */
  measure(request: DeployRequest, context: JobContext): Promise<Deployment>
  /** Energy on a board as a Job, by a power meter. @throws what planning and the meter throw */
  measureEnergy(request: DeployEnergyRequest): ReturnType<typeof startEnergyJob>
}

/** What the deploy service is made from. */
export interface DeployServiceDeps extends PreparationDeps {
  store: DeployStore
  labels: RunLabels
  jobs: JobService
  emit: EmitterOf<typeof deployContract>
  nowMs: () => number
  newId: () => string
  recordPower: RecordPower
}

/** Returns the service that plans, loads, runs and compares networks on boards. */
export function createDeployService(deps: DeployServiceDeps): DeployService {
  const { store, labels, jobs, emit, boards, models, nowMs, newId } = deps

  const preparation = createPreparation(deps)
  const { prepare, loadAs, exportNetwork, writeFlash } = preparation
  const measureEnergy: DeployService['measureEnergy'] = (request) =>
    startEnergyJob(request, { ...deps, preparation })

  const runs = createRunKeeper<Deployment>({
    kind: 'deployment',
    noun: 'deployment',
    jobs,
    labels,
    table: store,
    describe: describeDeployment,
    begin: ({ id, request }) => begin(id, request)
  })

  const run = (deployment: Deployment, change: ChangeDeployment, context: JobContext): Promise<void> => {
    const load = loadAs(deployment.request.form)
    return runDeployment(deployment, { boards, models, prepare, load, change, nowMs }, context)
  }

  const recordOf = async (id: string, jobId: string | null, request: DeployRequest): Promise<Deployment> => {
    const board = await boards.describe(request.boardId)
    const { modelId } = request
    const about = { modelName: await models.name(modelId), dataSet: await models.dataSet(modelId) }
    return newDeployment(id, jobId, request, about, board, nowMs())
  }

  /** Runs a deployment from its start; an earlier record under this id is replaced. */
  const begin = async (id: string, request: DeployRequest): Promise<{ jobId: string }> => {
    const deployment = await recordOf(id, null, request)
    const change = storing(deployment, store, emit)
    // In the file before its id is given out: a crash from here on leaves a run that can be resumed.
    await store.save(deployment)
    const { jobId } = runs.launch(deployment, {
      kind: 'deploy.run',
      title: `Deploy ${deployment.modelName} to ${deployment.boardName}`,
      unit: 'images',
      total: request.images,
      run: (context) => run(deployment, change, context)
    })
    deployment.jobId = jobId
    return { jobId }
  }

  return {
    measureEnergy,
    async measure(request, context) {
      const deployment = await recordOf(newId(), context.id, request)
      await run(deployment, async (changes) => void Object.assign(deployment, changes), context)
      return deployment
    },
    runs,
    handlers: {
      'deploy.plan': async (request) => ({
        plan: (await prepare(request, await boards.info(request.boardId))).described
      }),
      'deploy.run': async (request) => {
        const deploymentId = newId()
        return { deploymentId, ...(await begin(deploymentId, request)) }
      },
      'deploy.energy': async (request) => startedOf(await measureEnergy(request)),
      'deploy.resume': async ({ deploymentId }) => ({ deploymentId, ...(await runs.resume(deploymentId)) }),
      'deploy.outputs': (request) => boardOutputs({ boards, models }, request),
      'deploy.list': async () => ({ deployments: await runs.list() }),
      'deploy.get': async ({ deploymentId }) => ({ deployment: await runs.find(deploymentId) }),
      'deploy.forget': async ({ deploymentId }) => {
        await runs.forget((await runs.find(deploymentId)).id, nowMs())
        return { ok: true }
      },
      'deploy.bitfusion': (input) => bitFusionOf(models, input),
      'deploy.export': exportNetwork,
      'deploy.flash': writeFlash
    }
  }
}

type ChangeDeployment = (changes: Partial<Deployment>) => Promise<void>

/** Makes changes of a deployment, announces each and stores those that count. */
function storing(
  deployment: Deployment,
  store: DeployStore,
  emit: DeployServiceDeps['emit']
): ChangeDeployment {
  let savedStep: string | undefined
  return async (changes) => {
    Object.assign(deployment, changes)
    const current = { ...deployment }
    // Image counts change many times a second; the file needs to know only where it stood.
    if (deployment.step !== savedStep || deployment.state !== 'running') {
      savedStep = deployment.step
      await store.save(current)
    }
    emit('deploy.changed', current)
  }
}

function describeDeployment(deployment: Deployment): RunDescription {
  const { modelName, boardName, dataSet, imagesDone, request, error, finishedAtMs } = deployment
  return {
    title: `Deploy ${modelName} to ${boardName}`,
    detail: error?.message ?? `${imagesDone} of ${countOf(request.images, 'image')} compared`,
    finishedAtMs,
    model: modelName,
    board: boardName,
    dataSet
  }
}

/** A network under a scheme as BitFusion's simulator takes it. */
async function bitFusionOf(
  models: DeployServiceDeps['models'],
  { modelId, scheme, hardware }: Parameters<HandlersOf<typeof deployContract>['deploy.bitfusion']>[0]
): Promise<CommandOutput<'deploy.bitfusion'>> {
  const graph = bitFusionGraph(await models.graph(modelId), scheme, bitFusionHardware(hardware))
  return { graph, text: bitFusionText(graph) }
}

/** What a client gets of a started energy job; the job itself reports how it ended. */
function startedOf({ result, ...started }: Awaited<ReturnType<typeof startEnergyJob>>) {
  result.catch(() => undefined)
  return started
}
