import type { BoardInfo } from '../../core/board/boardInfo'
import { encodeImage } from '../../core/deploy/image'
import { planDeployment } from '../../core/deploy/plan'
import type { EmitterOf, HandlersOf } from '../../shared/contract/define'
import type { DeployRequest, Deployment, deployContract } from '../../shared/contract/deploy'
import { AppError } from '../../shared/errors'
import type { JobContext, JobService } from '../jobs/jobService'
import type { CodeExport } from './codeExport'
import { ioOf, runDeployment, type Load, type Prepared } from './deployRun'
import type { DeployStore } from './deployStore'
import { describePlan } from './describePlan'
import { loadImage } from './imageRunner'
import type { DeployBoards, DeployModels, PredictNetwork } from './deployNeeds'
import { loadProgram, type Toolchain } from './program'

export interface DeployService {
  handlers: HandlersOf<typeof deployContract>
  /** Deploys and compares like deploy.run, but leaves no record: for whoever wants the measurement alone. */
  measure(request: DeployRequest, context: JobContext): Promise<Deployment>
}

export function createDeployService(deps: {
  store: DeployStore
  jobs: JobService
  emit: EmitterOf<typeof deployContract>
  boards: DeployBoards
  models: DeployModels
  predict: PredictNetwork
  toolchain: Toolchain
  codeExport: CodeExport
  nowMs: () => number
  newId: () => string
}): DeployService {
  const { store, jobs, emit, boards, models, predict, toolchain, codeExport, nowMs, newId } = deps

  const prepare = async (
    request: Pick<DeployRequest, 'modelId' | 'scheme' | 'method' | 'boardId' | 'proxyId'>,
    info: BoardInfo
  ): Promise<Prepared> => {
    const network = await models.quantize(request.modelId, request.scheme, request.method)
    const plan = planDeployment(network, info)
    const predicted = await predict(network, request.modelId, request.boardId, request.proxyId)
    return { network, plan, described: describePlan(network, plan, info, predicted) }
  }

  const loadAs =
    (form: DeployRequest['form']): Load =>
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

  const find = async (deploymentId: string): Promise<Deployment> => {
    const deployment = await store.get(deploymentId)
    if (deployment === null) {
      throw new AppError(
        'input.notFound',
        `There is no deployment ${deploymentId}.`,
        'It may have been forgotten.'
      )
    }
    return deployment
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
    handlers: {
      'deploy.plan': async (request) => ({
        plan: (await prepare(request, await boards.info(request.boardId))).described
      }),
      'deploy.run': async (request) => {
        const board = await boards.describe(request.boardId)
        const modelName = await models.name(request.modelId)
        const id = newId()
        const { jobId, result } = jobs.start({
          kind: 'deploy.run',
          title: `Deploy ${modelName} to ${board.name}`,
          unit: 'images',
          total: request.images,
          async run(context) {
            const deployment = newDeployment(id, context.id, request, modelName, board, nowMs())
            let savedStep: string | undefined
            const tell = async (changes: Partial<Deployment>): Promise<void> => {
              Object.assign(deployment, changes)
              emit('deploy.changed', { ...deployment })
              // Image counts change many times a second; the file needs to know only where it stood.
              if (deployment.step === savedStep && deployment.state === 'running') return
              savedStep = deployment.step
              await store.save(deployment)
            }
            const load = loadAs(request.form)
            await runDeployment(deployment, { boards, models, prepare, load, tell, nowMs }, context)
          }
        })
        // Told by the job and by the record; nobody else waits for it.
        result.catch(() => undefined)
        return { jobId, deploymentId: id }
      },
      'deploy.list': async () => ({ deployments: await store.list() }),
      'deploy.get': async ({ deploymentId }) => ({ deployment: await find(deploymentId) }),
      'deploy.forget': async ({ deploymentId }) => {
        await find(deploymentId)
        await store.remove(deploymentId)
        return { ok: true }
      },
      'deploy.export': async ({ modelId, scheme, method, images, folder }) => {
        const network = await models.quantize(modelId, scheme, method)
        const inputs = await models.testInputs(modelId, images)
        const host = await models.reference(
          network,
          inputs.codes,
          inputs.images,
          new AbortController().signal
        )
        const check = { codes: inputs.codes, logits: host, count: inputs.images }
        return await codeExport.write(network, check, folder)
      }
    }
  }
}

function newDeployment(
  id: string,
  jobId: string,
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
