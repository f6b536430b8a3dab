import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { arch, cpus, platform, release } from 'node:os'
import path from 'node:path'
import { shapesOf } from '../core/deploy/kernelCalls'
import type { QuantizedNetwork } from '../core/quant/quantizedNetwork'
import { uniformScheme } from '../core/quant/scheme'
import { bopsCosts, sizeCosts } from '../core/search/costModels'
import { commands } from '../shared/contract'
import { kernelNames, type KernelName } from '../core/proxy/kernels'
import type { Proxy } from '../core/proxy/fit/proxy'
import { AppError } from '../shared/errors'
import type { EmitterOf, NounContract } from '../shared/contract/define'
import { createAppService, type AppService } from './app/appService'
import { openSettings } from './app/settingsFile'
import { findExecutable } from './app/tools'
import { createBoardAdapters } from './board/boardAdapters'
import { boardMigrations, createBoardService, type BoardService } from './board/boardService'
import { createCodeExport } from './deploy/codeExport'
import { createDeployService, type DeployService } from './deploy/deployService'
import { createDeployStore, deployMigrations } from './deploy/deployStore'
import { createNetworkCost, type CostTarget } from './deploy/networkCost'
import { createToolchain } from './deploy/program'
import { createUniformRun } from './deploy/uniformRun'
import { createEnergyService, type EnergyService } from './energy/energyService'
import { createEnergyStore, energyMigrations } from './energy/energyStore'
import { createGpuService, type GpuService } from './gpu/gpuService'
import { createGpuStore, gpuMigrations } from './gpu/gpuStore'
import { readHostLoad } from './gpu/hostLoad'
import { createDispatcher, type Dispatch } from './hosts/dispatcher'
import { createEventBus, type EventBus } from './hosts/eventBus'
import { createJobService, type JobService } from './jobs/jobService'
import { createTaskPool, type TaskPool } from './threads/taskPool'
import type { Tasks } from './threads/taskRegistry'
import { createModelService, type ModelService } from './model/modelService'
import { builtPath, installFolder, resourcePath } from './paths'
import { createProfileService, profileMigrations, type ProfileService } from './profile/profileService'
import { createBoardSamples } from './profile/boardSamples'
import { createCalibrationStore } from './proxy/calibrationStore'
import { createProxyService, type ProxyService } from './proxy/proxyService'
import { createProxyStore, proxyMigrations } from './proxy/proxyStore'
import { createSearchService, type SearchService } from './search/searchService'
import { createSearchStore, searchMigrations } from './search/searchStore'
import { createLazyStore, type LazyStore } from './store/lazyStore'
import { openStore } from './store/store'
import { createStoreService } from './store/storeService'

/** Everything one process of Bitbench consists of. */
export interface Bitbench {
  readonly dispatch: Dispatch
  readonly events: EventBus
  readonly app: AppService
  readonly board: BoardService
  readonly deploy: DeployService
  readonly energy: EnergyService
  readonly gpu: GpuService
  readonly jobs: JobService
  readonly model: ModelService
  readonly profile: ProfileService
  readonly proxy: ProxyService
  readonly search: SearchService
  readonly tasks: TaskPool<Tasks>
  readonly store: LazyStore
  /** Cancels what runs, frees the boards, closes the data file. */
  close(): Promise<void>
}

export interface ComposeOptions {
  host: 'electron' | 'web' | 'cli'
  dataFolder: string
  log?: (line: string) => void
}

/**
 * The only place where services meet adapters and each other. Domains do not import one another: what one needs of
 * another is passed here as an interface.
 */
export async function composeBitbench(options: ComposeOptions): Promise<Bitbench> {
  const { host, dataFolder, log = (line) => process.stderr.write(`${line}\n`) } = options
  const events = createEventBus()
  const emitter = <C extends NounContract>(): EmitterOf<C> => events.emit as EmitterOf<C>
  const nowMs = (): number => Date.now()
  const newId = (): string => randomUUID()
  const settingsFile = await openSettings(dataFolder, log)

  const store = createLazyStore(path.join(dataFolder, 'bitbench.duckdb'), () =>
    openStore({
      file: path.join(dataFolder, 'bitbench.duckdb'),
      migrations: [
        boardMigrations,
        deployMigrations,
        energyMigrations,
        gpuMigrations,
        profileMigrations,
        proxyMigrations,
        searchMigrations
      ],
      what: `Bitbench (${host})`
    })
  )
  // A window has nothing to show without its data: a locked file is told before anything opens.
  if (host !== 'cli') await store.ready()

  const jobs = createJobService({ emit: emitter(), nowMs, newId })
  const tasks = createTaskPool<Tasks>({
    workerFile: builtPath('main', 'taskWorker.js'),
    size: settingsFile.get().workers
  })
  const app = createAppService({
    version: readVersion(),
    host,
    platform: `${platform()} ${arch()} ${release()}`,
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} threads`,
    dataFolder,
    settingsFile,
    emit: emitter(),
    spawn
  })
  const findProgram = (names: string[]): Promise<string | null> =>
    findExecutable(names, process.env['PATH'] ?? '')
  const board = createBoardService({
    adapters: createBoardAdapters({
      firmwareFile: resourcePath('firmware', 'build', 'monitor.elf'),
      workerFile: builtPath('main', 'virtualBoardWorker.js'),
      spawn,
      findProgram
    }),
    store,
    jobs,
    emit: emitter(),
    nowMs
  })
  const gpuStore = createGpuStore(store)
  const energy = createEnergyService({
    source: async () => gpuStore,
    store: async () => createEnergyStore(store)
  })
  const steadyMs = (): number => performance.timeOrigin + performance.now()
  const gpu = createGpuService({
    store: async () => gpuStore,
    jobs,
    emit: emitter(),
    spawn,
    env: process.env,
    nvidiaSmiPath: () => settingsFile.get().nvidiaSmiPath,
    steadyMs,
    unixMs: nowMs,
    newId,
    readHostLoad: () => readHostLoad(steadyMs),
    forgetEnergy: (recordingId) => energy.forget(recordingId),
    exportEnergy: (recordingId, file, format) => energy.exportPhases(recordingId, file, format)
  })

  const model = createModelService({
    tasks,
    jobs,
    emit: emitter(),
    modelsFolder: resourcePath('models'),
    openedFile: path.join(dataFolder, 'models.json')
  })
  const profile = createProfileService({
    boards: board,
    store,
    jobs,
    emit: emitter(),
    nowMs,
    newId,
    checksum: (item, seed) => tasks.run('profile.checksum', { item, seed }),
    decide: (plan, state, signal) => tasks.run('profile.decide', { plan, state }, { signal }),
    layerShapes: async (modelId) => shapesOf(await int8Network(modelId))
  })
  const int8Network = async (modelId: string): Promise<QuantizedNetwork> => {
    const layers = (await model.layers(modelId)).map((layer) => layer.name)
    return await model.quantize(modelId, uniformScheme(layers, 8, 8))
  }
  const networkCost = createNetworkCost({
    operatorSamples: async (boardId, unit) =>
      (await profile.samples({ boardId, unit })).filter((sample) => sample.weightBits === 0)
  })
  /** What the firmware of a connected board is; null while it is not connected. */
  const buildOf = (boardId: string): number | null => {
    try {
      return board.identified(boardId).info.buildId
    } catch {
      return null
    }
  }
  const proxy = createProxyService({
    store: createProxyStore(store),
    calibrationStore: createCalibrationStore(store),
    runNetwork: createUniformRun({
      connect: (boardId) => board.connect(boardId),
      layers: (modelId) => model.layers(modelId),
      deploy: () => deploy
    }),
    predictPoints: async (boardId, modelId) =>
      await networkCost.points(await int8Network(modelId), await costTarget(null, boardId, null)),
    boardSamples: createBoardSamples(profile),
    jobs,
    tasks,
    emit: emitter(),
    nowMs,
    newId
  })
  /** The proxies that predict for a board: the pinned ones, and the one asked for by id. */
  const costTarget = async (
    proxyId: string | null,
    boardId: string | null,
    modelId: string | null
  ): Promise<CostTarget> => {
    const summaries = await proxy.list()
    const asked = summaries.find((summary) =>
      proxyId === null ? summary.pinned && summary.boardId !== null : summary.id === proxyId
    )
    const target = boardId ?? asked?.boardId ?? null
    if (target === null) {
      throw new AppError(
        'proxy.kernelMissing',
        proxyId === null ? 'No proxy of a board is pinned.' : 'This proxy was not fitted on a board.',
        'Profile a board, fit a proxy on its Samples and pin it.'
      )
    }
    const proxies = new Map<KernelName, Proxy>()
    for (const kernel of kernelNames) {
      const found = await proxy.proxyFor(kernel, target)
      if (found !== null) proxies.set(kernel, found)
    }
    if (asked !== undefined && asked.boardId === target) {
      proxies.set(asked.kernel, await proxy.proxyById(asked.id))
    }
    const [first] = proxies.values()
    const unit = first?.unit ?? 'cycles'
    const measured =
      modelId === null ? null : await proxy.calibrations.measured(target, modelId, unit, buildOf(target))
    return { boardId: target, unit, proxies, measured }
  }
  const search = createSearchService({
    store: createSearchStore(store),
    jobs,
    emit: emitter(),
    models: model,
    costs: async (modelId, kind, proxyId) => {
      const workloads = await model.workloads(modelId)
      if (kind === 'bops') return bopsCosts(workloads)
      if (kind === 'size') return sizeCosts(workloads)
      return await networkCost.table(
        await int8Network(modelId),
        workloads,
        await costTarget(proxyId, null, modelId)
      )
    },
    nowMs,
    newId
  })
  const deploy = createDeployService({
    store: createDeployStore(store),
    jobs,
    emit: emitter(),
    boards: {
      describe: async (boardId) => board.identified(boardId),
      info: async (boardId) => board.identified(boardId).info,
      withLease: (boardId, owner, work) => board.withLease(boardId, owner, work)
    },
    models: model,
    predict: async (network, modelId, boardId, proxyId) => {
      const target = await costTarget(proxyId, boardId, modelId).catch(() => null)
      return target === null ? null : await networkCost.layers(network, target)
    },
    toolchain: createToolchain({ spawn, findProgram }),
    codeExport: createCodeExport({
      resourceFolder: resourcePath(),
      anyBoard: async () => (await board.connect('virtual:high')).info
    }),
    nowMs,
    newId
  })

  const handlers = {
    ...app.handlers,
    ...board.handlers,
    ...deploy.handlers,
    ...energy.handlers,
    ...gpu.handlers,
    ...jobs.handlers,
    ...model.handlers,
    ...profile.handlers,
    ...proxy.handlers,
    ...search.handlers,
    ...createStoreService(store).handlers
  }
  return {
    dispatch: createDispatcher(commands, handlers, log),
    events,
    app,
    board,
    deploy,
    energy,
    gpu,
    jobs,
    model,
    profile,
    proxy,
    search,
    tasks,
    store,
    async close() {
      await jobs.stop()
      await gpu.close()
      await board.close()
      await tasks.close()
      await store.close()
    }
  }
}

function readVersion(): string {
  return (JSON.parse(readFileSync(path.join(installFolder, 'package.json'), 'utf8')) as { version: string })
    .version
}
