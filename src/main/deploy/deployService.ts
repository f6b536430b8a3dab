import { countOf } from '../../shared/units'
import type { BoardInfo } from '../../core/board/boardInfo'
import { bitFusionHardware } from '../../core/accelerator/bitfusion'
import { bitFusionGraph, bitFusionText } from '../../core/deploy/bitfusionGraph'
import { encodeImage } from '../../core/deploy/image'
import { planDeployment } from '../../core/deploy/plan'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { DeployRequest, Deployment, deployContract } from '../../shared/contract/deploy'
import type { JobContext, JobService } from '../jobs/jobService'
import { createRunKeeper, type RunKind } from '../runs/runKeeper'
import type { RunLabels } from '../runs/runLabels'
import type { CodeExport } from './codeExport'
import { ioOf, runDeployment, type Loader, type Prepared } from './deployRun'
import type { DeployStore } from './deployStore'
import { presentPlan } from './describePlan'
import { boardOutputs } from './fileOutputs'
import { loadImage } from './imageRunner'
import type { DeployBoards, DeployModels, PredictNetwork } from './deployNeeds'
import { loadProgram, type Toolchain } from './program'

/** Deployments for the contract and for the services that use them. */
export interface DeployService {
  handlers: HandlersOf<typeof deployContract>
  runs: RunKind
  /** Deploys and compares like deploy.run, but leaves no record: for whoever wants the measurement alone. */
  measure(request: DeployRequest, context: JobContext): Promise<Deployment>
}

/** Returns the service that plans, loads, runs and compares networks on boards. */
export function createDeployService(deps: {
  store: DeployStore
  labels: RunLabels
  jobs: JobService
  emit: EmitterOf<typeof deployContract>
  boards: DeployBoards
  models: DeployModels
  predict: PredictNetwork
  toolchain: Toolchain
  codeExport: CodeExport
  /** What this copy's monitor says of itself; connects no board. */
  monitorInfo: () => Promise<BoardInfo>
  nowMs: () => number
  newId: () => string
}): DeployService {
  const { store, labels, jobs, emit, boards, models, predict, toolchain, codeExport, nowMs, newId } = deps

  const prepare = async (
    request: Pick<DeployRequest, 'modelId' | 'scheme' | 'method' | 'boardId' | 'proxyId'>,
    info: BoardInfo
  ): Promise<Prepared> => {
    const network = await models.quantize(request.modelId, request.scheme, request.method)
    const plan = planDeployment(network, info)
    const predicted = await predict(network, request.modelId, request.boardId, request.proxyId)
    return { network, plan, described: presentPlan(network, plan, info, predicted) }
  }

  /** A machine with this copy's kernels and so much memory, or as much as the largest virtual board has. */
  const infoOf = async (ramBytes: number | null): Promise<BoardInfo> => {
    const info = await deps.monitorInfo()
    return ramBytes === null ? info : { ...info, ram: { low: info.ram.low, high: info.ram.low + ramBytes } }
  }

  const loadAs =
    (form: DeployRequest['form']): Loader =>
    async (session, { network, plan }, options) => {
      await options.onStep('build')
      if (form === 'c') {
        const check = { codes: new Int8Array(0), logits: new Int32Array(0), count: 0 }
        const sources = await codeExport.callable(network, plan, check)
        const elf = await toolchain.buildCallable(sources, options.signal)
        await options.onStep('upload')
        return await loadProgram(session, elf, ioOf(network), options)
      }
      const image = encodeImage(network, plan)
      await options.onStep('upload')
      return await loadImage(session, image, plan, ioOf(network), options)
    }

  const runs = createRunKeeper<Deployment>({
    kind: 'deployment',
    noun: 'deployment',
    jobs,
    labels,
    table: store,
    describe: ({ modelName, boardName, imagesDone, request, error, finishedAtMs }) => ({
      title: `Deploy ${modelName} to ${boardName}`,
      detail: error?.message ?? `${imagesDone} of ${countOf(request.images, 'image')} compared`,
      finishedAtMs,
      model: modelName,
      board: boardName
    }),
    begin: ({ id, request }) => begin(id, request)
  })

  /** Runs a deployment from its start; an earlier record under this id is replaced. */
  const begin = async (id: string, request: DeployRequest): Promise<{ jobId: string }> => {
    const board = await boards.describe(request.boardId)
    const modelName = await models.name(request.modelId)
    const deployment = newDeployment(id, null, request, modelName, board, nowMs())
    let savedStep: string | undefined
    const tell = async (changes: Partial<Deployment>): Promise<void> => {
      Object.assign(deployment, changes)
      const current = { ...deployment }
      // Image counts change many times a second; the file needs to know only where it stood.
      if (deployment.step !== savedStep || deployment.state !== 'running') {
        savedStep = deployment.step
        await store.save(current)
      }
      emit('deploy.changed', current)
    }
    // In the file before its id is given out: a crash from here on leaves a run that can be resumed.
    await store.save(deployment)
    const { jobId } = runs.launch(deployment, {
      kind: 'deploy.run',
      title: `Deploy ${modelName} to ${board.name}`,
      unit: 'images',
      total: request.images,
      async run(context) {
        const load = loadAs(request.form)
        await runDeployment(deployment, { boards, models, prepare, load, tell, nowMs }, context)
      }
    })
    deployment.jobId = jobId
    return { jobId }
  }

  return {
    async measure(request, context) {
      const board = await boards.describe(request.boardId)
      const modelName = await models.name(request.modelId)
      const deployment = newDeployment(newId(), context.id, request, modelName, board, nowMs())
      const tell = async (changes: Partial<Deployment>): Promise<void> => {
        Object.assign(deployment, changes)
      }
      const load = loadAs(request.form)
      await runDeployment(deployment, { boards, models, prepare, load, tell, nowMs }, context)
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
      'deploy.resume': async ({ deploymentId }) => ({ deploymentId, ...(await runs.resume(deploymentId)) }),
      'deploy.outputs': (request) => boardOutputs({ boards, models }, request),
      'deploy.list': async () => ({ deployments: await runs.list() }),
      'deploy.get': async ({ deploymentId }) => ({ deployment: await runs.find(deploymentId) }),
      'deploy.forget': async ({ deploymentId }) => {
        await runs.forget((await runs.find(deploymentId)).id, nowMs())
        return { ok: true }
      },
      'deploy.bitfusion': async ({ modelId, scheme, hardware }) => {
        const graph = bitFusionGraph(await models.graph(modelId), scheme, bitFusionHardware(hardware))
        return { graph, text: bitFusionText(graph) }
      },
      'deploy.export': async ({ modelId, scheme, method, images, folder, boardId, ramBytes }) => {
        const info = boardId === null ? await infoOf(ramBytes) : await boards.info(boardId)
        const network = await models.quantize(modelId, scheme, method)
        const inputs = await models.testInputs(modelId, images)
        const host = await models.reference(
          network,
          inputs.codes,
          inputs.images,
          new AbortController().signal
        )
        const check = { codes: inputs.codes, logits: host, count: inputs.images }
        return await codeExport.write(network, check, folder, info)
      }
    }
  }
}

function newDeployment(
  id: string,
  jobId: string | null,
  request: DeployRequest,
  modelName: string,
  board: { name: string; unit: Deployment['unit']; origin: Deployment['origin'] },
  startedAtMs: number
): Deployment {
  return {
    id,
    jobId,
    state: 'running',
    step: 'plan',
    request,
    modelName,
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
    relativeError: null,
    layers: [],
    error: null
  }
}
