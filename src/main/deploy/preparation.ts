import type { BoardInfo } from '../../core/board/boardInfo'
import type { ReadMonitorFile } from '../../core/board/describedMonitor'
import { checkDescription } from '../../core/board/description/checkDescription'
import { encodeImage } from '../../core/deploy/image'
import { planDeployment } from '../../core/deploy/plan'
import type { deployContract, DeployRequest } from '../../shared/contract/deploy'
import type { HandlersOf } from '../../shared/contract/framework/define'
import type { CodeExport } from './codeExport'
import type { DeployBoards, DeployModels, PredictNetwork } from './deployNeeds'
import { ioOf } from './boardRun'
import type { Loader, Prepared } from './deployRun'
import { presentPlan } from './describePlan'
import { flashContents, writeFlashFile } from './flashFile'
import { loadImage } from './imageRunner'
import { loadProgram, type Toolchain } from './program'

/** What preparing a network for a board needs. */
export interface PreparationDeps {
  boards: DeployBoards
  models: DeployModels
  predict: PredictNetwork
  toolchain: Toolchain
  codeExport: CodeExport
  readMonitor: ReadMonitorFile
  /** What this copy's monitor says of itself; connects no board. */
  monitorInfo: () => Promise<BoardInfo>
}

/** A network as a board takes it: planned, loaded in a form, or written as C. */
export interface NetworkPreparation {
  prepare(
    request: Pick<DeployRequest, 'modelId' | 'scheme' | 'method' | 'boardId' | 'proxyId'>,
    info: BoardInfo
  ): Promise<Prepared>
  loadAs(form: DeployRequest['form']): Loader
  exportNetwork: HandlersOf<typeof deployContract>['deploy.export']
  writeFlash: HandlersOf<typeof deployContract>['deploy.flash']
}

/** Returns the steps before a network runs on a board. */
export function createPreparation(deps: PreparationDeps): NetworkPreparation {
  const { boards, models, predict, toolchain, codeExport } = deps

  /** A machine with this copy's kernels and so much memory, or as much as the largest virtual board has. */
  const infoOf = async (ramBytes: number | null): Promise<BoardInfo> => {
    const info = await deps.monitorInfo()
    return ramBytes === null ? info : { ...info, ram: { low: info.ram.low, high: info.ram.low + ramBytes } }
  }

  return {
    async prepare(request, info) {
      const network = await models.quantize(request.modelId, request.scheme, request.method)
      const plan = planDeployment(network, info)
      const predicted = await predict(network, request.modelId, request.boardId, request.proxyId)
      return { network, plan, described: presentPlan(network, plan, info, predicted) }
    },
    loadAs:
      (form) =>
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
      },
    async writeFlash({ modelId, scheme, method, description, file }) {
      const network = await models.quantize(modelId, scheme, method)
      const { bytes, ...places } = await flashContents(
        network,
        checkDescription(description),
        deps.readMonitor
      )
      await writeFlashFile(file, bytes)
      return { file, sizeBytes: bytes.length, ...places }
    },
    async exportNetwork({ modelId, scheme, method, images, folder, boardId, ramBytes }) {
      const info = boardId === null ? await infoOf(ramBytes) : await boards.info(boardId)
      const network = await models.quantize(modelId, scheme, method)
      const inputs = await models.testInputs(modelId, images)
      const { signal } = new AbortController()
      const logits = await models.reference(network, inputs.codes, inputs.images, signal)
      const check = { codes: inputs.codes, logits, count: inputs.images }
      return await codeExport.write(network, check, folder, info)
    }
  }
}
