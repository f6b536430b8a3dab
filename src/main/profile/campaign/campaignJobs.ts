import { requireMeterFor } from '../../../core/meter/simulatedMeter'
import { countOf } from '../../../shared/units'
import { type CampaignInput, planCampaign, type PlannedCampaign } from '../../../core/profile/campaign'
import type { SpeedGuess } from '../../../core/profile/duration'
import { type BenchItem, itemKey, type KernelShape } from '../../../core/kernel/shape'
import {
  campaignRequestSchema,
  type Campaign,
  type CampaignPreview,
  type CampaignRequest,
  type KernelEnergy
} from '../../../shared/contract/profile'
import { AppError } from '../../../shared/errors'
import type { JobService } from '../../jobs/jobService'
import { createRunKeeper, type RunDescription, type RunKind } from '../../runs/runKeeper'
import type { RunLabels } from '../../runs/runLabels'
import { speedOf } from '../boardSpeed'
import { type CampaignMeasuring, startCampaign } from './campaignJob'
import type { StoredCampaign } from './campaignStore'
import type { ProfiledBoard } from '../measure'
import type { SampleImport } from '../samples/sampleCommands'
import { importedBoardId } from '../samples/sampleCsv'
import { presentCampaign, identityOf, nothingToMeasure } from './planView'

/** What campaigns are made from. */
export interface CampaignsDeps extends CampaignMeasuring {
  jobs: JobService
  labels: RunLabels
  /** Layer shapes of a model, for campaigns around it. */
  layerShapes: (modelId: string) => Promise<KernelShape[]>
}

interface Started {
  jobId: string
  campaignId: string
}

/** Campaigns as resumable jobs: planned, run, taken up again, forgotten. */
export interface Campaigns {
  runs: RunKind
  plan(request: CampaignRequest): Promise<CampaignPreview>
  run(request: CampaignRequest): Promise<Started>
  resume(campaignId: string): Promise<Started>
  /** Lists imported Samples as a campaign that is done. */
  noteImport(imported: SampleImport): Promise<void>
  list(): Promise<Campaign[]>
  forget(campaignId: string, withSamples: boolean): Promise<void>
}

/** Returns the campaigns: planned, stored, resumable, one job each. */
export function createCampaigns(deps: CampaignsDeps): Campaigns {
  const { boards, store, jobs, labels, emit, nowMs, newId } = deps
  const runs = createRunKeeper<StoredCampaign>({
    kind: 'campaign',
    noun: 'campaign',
    jobs,
    labels,
    table: {
      list: store.campaigns,
      get: store.campaign,
      remove: (id) => store.forgetCampaign(id, false)
    },
    describe: describeCampaign,
    begin: (campaign) => again(campaign)
  })

  const present = (campaign: StoredCampaign): Campaign => {
    const { buildId: _buildId, coreName: _coreName, ...shown } = runs.present(campaign)
    return shown
  }
  const announce = async (id: string): Promise<void> => {
    const campaign = await store.campaign(id)
    if (campaign !== null) emit('profile.campaignChanged', present(campaign))
  }

  const start = (campaign: StoredCampaign, items: readonly BenchItem[], speed: SpeedGuess): Started => ({
    jobId: startCampaign({ ...deps, runs, announce }, campaign, items, speed),
    campaignId: campaign.id
  })

  const again = async (campaign: StoredCampaign): Promise<Started> => {
    const items = await store.items(campaign.id)
    const board = await boards.connect(campaign.boardId)
    await store.setCampaign(campaign.id, { state: 'running', finishedAtMs: null, error: null })
    const { speed } = await speedOf(store, board)
    return start(campaign, items, speed)
  }

  return {
    runs,
    resume: async (campaignId) => ({ campaignId, ...(await runs.resume(campaignId)) }),
    async plan(request) {
      const { plan, calibrated } = await planRequest(deps, request)
      return presentCampaign(plan, calibrated)
    },
    async run(request) {
      await boards.connect(request.boardId)
      const { board, plan, speed, known } = await planRequest(deps, request)
      if (request.energy !== null) requireMeterFor(request.energy.meter.port, board)
      const items = [...plan.alreadyMeasured, ...plan.items]
      if (items.length === 0) throw nothingToMeasure(plan)
      const campaign = newCampaign(newId(), request, board, items.length, nowMs())
      await store.addCampaign(campaign, items)
      await store.adopt(
        campaign.id,
        plan.alreadyMeasured.map((item) => known.get(itemKey(item))!)
      )
      const started = start(campaign, items, speed)
      await announce(campaign.id)
      return started
    },
    async noteImport({ campaignId, boardName, file, total }) {
      await store.addCampaign(importedCampaign(campaignId, boardName, file, total, nowMs()), [])
      await announce(campaignId)
    },
    list: async () => (await runs.list()).map(present),
    async forget(campaignId, withSamples) {
      const { id } = await runs.find(campaignId)
      if (!withSamples) return await runs.forget(id, nowMs())
      if (runs.isRunning(id)) throw new AppError('run.busy', 'This campaign is running.', 'Cancel it first.')
      // With its Samples a campaign goes at once: other campaigns and fits must not lean on them any more.
      await store.forgetCampaign(id, true)
      await labels.drop(id)
    }
  }
}

/** Plans a campaign on a connected board: what is measured already stands apart unless all is measured again. */
async function planRequest(
  { boards, store, layerShapes }: Pick<CampaignsDeps, 'boards' | 'store' | 'layerShapes'>,
  request: CampaignRequest
): Promise<{
  board: ProfiledBoard
  plan: PlannedCampaign
  speed: SpeedGuess
  known: Map<string, string>
  calibrated: boolean
}> {
  const board = boards.identified(request.boardId)
  const layers = request.modelId === null ? [] : await layerShapes(request.modelId)
  const input: CampaignInput = { ...request, shapes: [...request.shapes, ...layers] }
  const known = request.remeasure
    ? new Map<string, string>()
    : request.energy === null
      ? await store.measured(identityOf(board), request.repetitions, 'latency')
      : await store.measured(identityOf(board), 1, 'energy')
  const { speed, calibrated } = await speedOf(store, board)
  const plan = planCampaign(input, board.info, speed, (key) => known.has(key))
  if (request.energy !== null) plan.estimateMs += plan.items.length * energyMs(request.energy)
  return { board, plan, speed, known, calibrated }
}

/** What the trials of an item take on the board: a run of R repetitions and one of R / 4 each. */
const energyMs = ({ trials, trialMs }: KernelEnergy): number => 1.25 * trials * trialMs

function newCampaign(
  id: string,
  request: CampaignRequest,
  board: ProfiledBoard,
  total: number,
  startedAtMs: number
): StoredCampaign {
  return {
    id,
    jobId: null,
    done: 0,
    boardId: board.id,
    boardName: board.name,
    buildId: board.info.buildId,
    coreName: board.info.coreName,
    state: 'running',
    total,
    startedAtMs,
    finishedAtMs: null,
    error: null,
    request
  }
}

function importedCampaign(
  id: string,
  boardName: string,
  file: string,
  total: number,
  atMs: number
): StoredCampaign {
  const boardId = importedBoardId(boardName)
  return {
    ...{ id, boardId, boardName, total, done: total, buildId: null, coreName: boardName },
    ...{ jobId: null, state: 'done', startedAtMs: atMs, finishedAtMs: atMs, error: null },
    request: campaignRequestSchema.parse({ boardId }),
    importedFrom: file
  }
}

function describeCampaign(campaign: StoredCampaign): RunDescription {
  const { boardName, done, total, error, finishedAtMs, request, importedFrom } = campaign
  if (importedFrom !== undefined) {
    const title = `Samples of ${boardName} from ${importedFrom}`
    return { title, detail: countOf(total, 'sample'), finishedAtMs, board: boardName }
  }
  const detail = error ?? `${done} of ${countOf(total, 'sample')}`
  return { title: `Profile ${boardName}`, detail, finishedAtMs, model: request.modelId, board: boardName }
}
