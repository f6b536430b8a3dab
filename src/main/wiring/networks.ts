import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { ofNewestBuild } from '../../core/profile/newestBuild'
import type { BoardService } from '../board/boardService'
import { createCalibrations, type Calibrations } from '../costs/calibrations'
import { createCalibrationStore } from '../costs/calibrationStore'
import { createCostService, type CostService } from '../costs/costService'
import { layerShapes } from '../costs/int8Network'
import { standInModels } from '../costs/standInModels'
import { createUniformRun } from '../costs/uniformRun'
import { createDataSetService, type DataSetService } from '../dataset/dataSetService'
import { createCodeExport } from '../deploy/codeExport'
import { createDeployService, type DeployService } from '../deploy/deployService'
import type { DeployModels, RecordPower } from '../deploy/deployNeeds'
import { createDeployStore } from '../deploy/deployStore'
import { createToolchain } from '../deploy/program'
import { createResultStore } from '../model/accuracy/resultStore'
import { withForeignResults } from '../model/accuracy/sharedResults'
import { createModelService, type ModelService } from '../model/modelService'
import { resourcePath } from '../paths'
import { createBoardSamples } from '../profile/samples/boardFitSources'
import type { OpenEnergyMeter } from '../profile/measureEnergy'
import { createProfileService, type ProfileService } from '../profile/profileService'
import { createProxyService, type ProxyService } from '../proxy/proxyService'
import { createProxyStore, type ProxyStore } from '../proxy/proxyStore'
import { createSearchService, type SearchService } from '../search/searchService'
import { createSearchStore } from '../search/searchStore'
import { storedImpacts } from '../workload/storedImpacts'
import type { RunKind } from '../runs/runKeeper'
import { createRunOrigins } from '../remote/runOrigins'
import { createRunService, type RunService } from '../runs/runService'
import { createImportedRuns } from '../runs/importedRuns'
import { createRunLabels, type RunLabels } from '../runs/runLabels'
import type { SessionService } from '../session/sessionService'
import type { SharedService } from '../shared/sharedService'
import { monitorInfo } from './devices'
import type { Foundation } from './foundation'
import type { BoardMeters } from './meterPower'
import { connectSessions, keptKinds, type Kept } from './sessions'

/** The services of the loop from networks and Samples to a verified deployment. */
export interface Networks {
  readonly dataset: DataSetService
  readonly model: ModelService
  readonly profile: ProfileService
  readonly proxy: ProxyService
  readonly calibrations: Calibrations
  readonly search: SearchService
  readonly deploy: DeployService
  readonly runs: RunService
  readonly session: SessionService
}

/** What the services of the loop share. */
interface Base extends Foundation {
  readonly labels: RunLabels
}

/** Connects them in the order of the loop: each needs only what stands before it. */
export function connectNetworks(
  foundation: Foundation,
  board: BoardService,
  otherRuns: readonly RunKind[],
  kept: Kept & { version: string },
  { recordPower, openMeter }: BoardMeters,
  folder: Pick<SharedService, 'findResult' | 'reused'>
): Networks {
  const { store, emitter, nowMs, newId } = foundation
  const labels = createRunLabels(store)
  const base: Base = { ...foundation, labels }
  const imported = createImportedRuns(store, newId)
  const anyInfo = monitorInfo()
  const { dataset, model } = connectModels(foundation, folder)
  const profile = connectProfile(base, board, model, openMeter)
  const proxies = createProxyStore(store)
  const visible = visibleProxies(proxies, labels)
  const proxy = connectProxies(base, profile, visible)
  const calibrationStore = createCalibrationStore(store)
  const costs = createCostService({
    models: model,
    proxies: proxy,
    calibrations: calibrationStore,
    buildOf: (boardId) => buildOf(board, boardId),
    boardInfo: async (boardId) => (await board.connect(boardId)).info,
    monitorInfo: anyInfo,
    operatorSamples: async (boardId, unit) =>
      ofNewestBuild(await profile.samples({ boardId, unit, weightBits: 0 }))
  })
  const search = connectSearch(base, model, costs)
  const deployNeeds = { board, costs, recordPower, monitorInfo: anyInfo }
  const deploy = connectDeploy(base, { ...deployNeeds, model })
  const onStandIns = connectDeploy(base, { ...deployNeeds, model: standInModels(model) })
  const calibrations = createCalibrations({
    ...base,
    calibrationStore,
    emit: emitter(),
    runNetwork: createUniformRun({
      connect: (boardId) => board.connect(boardId),
      layers: (modelId) => model.layers(modelId),
      // A network of which there is no data takes the same time on noise.
      measure: async (request, context) =>
        ((await model.info(request.modelId)).misfit === undefined ? deploy : onStandIns).measure(
          request,
          context
        )
    }),
    predictPoints: costs.points
  })
  const runs = createRunService({
    labels,
    kinds: [...profile.runs, search.runs, deploy.runs, ...otherRuns, ...keptKinds(labels, kept, proxies)],
    imported,
    origins: () => createRunOrigins(store).all(),
    modelNames: (ids) => model.names(ids),
    emit: emitter(),
    nowMs
  })
  const session = connectSessions(foundation, {
    ...{ model, imported, version: kept.version },
    proxies: visible,
    recordings: kept.recordings,
    runs: () => runs.list()
  })
  return { dataset, model, profile, proxy, calibrations, search, deploy, runs, session }
}

function connectModels(
  { store, tasks, jobs, emitter, dataFolder, nowMs }: Foundation,
  folder: Pick<SharedService, 'findResult' | 'reused'>
): Pick<Networks, 'dataset' | 'model'> {
  const dataset = createDataSetService({
    ...{ tasks, jobs, nowMs },
    emit: emitter(),
    root: path.join(dataFolder, 'datasets')
  })
  const model = createModelService({
    ...{ tasks, jobs, nowMs },
    emit: emitter(),
    modelsFolder: resourcePath('models'),
    openedFile: path.join(dataFolder, 'models.json'),
    dataSetsFile: path.join(dataFolder, 'modelDataSets.json'),
    findDataSet: (name) => dataset.find(name),
    results: withForeignResults(createResultStore(store), folder.findResult, folder.reused)
  })
  return { dataset, model }
}

function connectProfile(
  base: Base,
  boards: BoardService,
  model: ModelService,
  openMeter: OpenEnergyMeter
): ProfileService {
  const { tasks } = base
  return createProfileService({
    ...base,
    boards,
    openMeter,
    emit: base.emitter(),
    checksum: (item, seed) => tasks.run('profile.checksum', { item, seed }),
    decide: (plan, state, signal) => tasks.run('profile.decide', { plan, state }, { signal }),
    readCsv: (text, options) => tasks.run('profile.readCsv', { text, options }),
    layerShapes: (modelId) => layerShapes(model, modelId)
  })
}

function connectProxies(base: Base, profile: ProfileService, store: ProxyStore): ProxyService {
  return createProxyService({
    ...base,
    store,
    boardSamples: createBoardSamples(profile),
    emit: base.emitter()
  })
}

function connectSearch(base: Base, models: ModelService, costs: CostService): SearchService {
  return createSearchService({
    ...base,
    store: createSearchStore(base.store),
    emit: base.emitter(),
    models,
    costs: costs.search,
    impacts: storedImpacts(base.store)
  })
}

function connectDeploy(
  base: Base,
  needs: {
    board: BoardService
    model: DeployModels
    costs: CostService
    recordPower: RecordPower
    monitorInfo: ReturnType<typeof monitorInfo>
  }
): DeployService {
  const { board } = needs
  return createDeployService({
    ...base,
    recordPower: needs.recordPower,
    store: createDeployStore(base.store),
    emit: base.emitter(),
    boards: {
      describe: async (boardId) => board.identified(boardId),
      info: async (boardId) => board.identified(boardId).info,
      withLease: (boardId, owner, work) => board.withLease(boardId, owner, work)
    },
    models: needs.model,
    predict: needs.costs.predict,
    toolchain: createToolchain(base),
    monitorInfo: needs.monitorInfo,
    readMonitor: (name, ending) => readFile(resourcePath('firmware', 'build', `${name}.${ending}`)),
    codeExport: createCodeExport({ resourceFolder: resourcePath() })
  })
}

/** Proxies without those that were deleted and can be restored: they are listed, chosen and carried nowhere. */
function visibleProxies(proxies: ProxyStore, labels: RunLabels): ProxyStore {
  return {
    ...proxies,
    async list() {
      const [all, hidden] = await Promise.all([proxies.list(), labels.forgotten()])
      return { ...all, proxies: all.proxies.filter(({ id }) => !hidden.has(id)) }
    }
  }
}

/** Build of the firmware on a connected board; null while it is not connected. */
function buildOf(board: BoardService, boardId: string): number | null {
  try {
    return board.identified(boardId).info.buildId
  } catch {
    return null
  }
}
