import { type CampaignInput, planCampaign, type PlannedCampaign } from '../../core/profile/campaign'
import type { SpeedGuess } from '../../core/profile/duration'
import { type BenchItem, itemKey, type KernelShape } from '../../core/profile/kernelShape'
import type { EmitterOf } from '../../shared/contract/define'
import type { Campaign, CampaignPlan, CampaignRequest, profileContract } from '../../shared/contract/profile'
import { AppError } from '../../shared/errors'
import type { JobService } from '../jobs/jobService'
import { speedOf } from './boardSpeed'
import { type CampaignRun, type ProfileBoards, runCampaign } from './campaignRunner'
import type { StoredCampaign } from './campaignStore'
import type { ProfiledBoard } from './measure'
import { describePlan, identityOf, nothingToMeasure } from './planView'
import type { ProfileStore } from './profileStore'
import { announceSamples } from './sampleNews'

export interface CampaignsDeps {
  boards: ProfileBoards
  store: ProfileStore
  jobs: JobService
  emit: EmitterOf<typeof profileContract>
  nowMs: () => number
  newId: () => string
  /** The checksum a board must report; in compose a worker task (profile.checksum). */
  checksum: (item: BenchItem, seed: number) => Promise<number>
  /** Layer shapes of a model, for campaigns around it. */
  layerShapes: (modelId: string) => Promise<KernelShape[]>
}

interface Started {
  jobId: string
  campaignId: string
}

/** Campaigns as resumable jobs: planned, run, taken up again, forgotten. */
export interface Campaigns {
  plan(request: CampaignRequest): Promise<CampaignPlan>
  run(request: CampaignRequest): Promise<Started>
  resume(campaignId: string): Promise<Started>
  list(): Promise<Campaign[]>
  forget(campaignId: string, withSamples: boolean): Promise<void>
}

export function createCampaigns(deps: CampaignsDeps): Campaigns {
  const { boards, store, jobs, emit, nowMs, newId, checksum, layerShapes } = deps
  const running = new Map<string, string>()

  const present = (campaign: StoredCampaign & { done: number }): Campaign => {
    const { buildId: _buildId, coreName: _coreName, ...shown } = campaign
    const jobId = running.get(campaign.id) ?? null
    // Running in the file but not in this process: the process that ran it is gone.
    const state = campaign.state === 'running' && jobId === null ? 'interrupted' : campaign.state
    return { ...shown, state, jobId, request: campaign.request }
  }
  const announce = async (id: string): Promise<void> => {
    const campaign = await store.campaign(id)
    if (campaign === null) return
    const { items: _items, ...rest } = campaign
    emit('profile.campaignChanged', present(rest))
  }

  const planned = async (
    request: CampaignRequest
  ): Promise<{
    board: ProfiledBoard
    plan: PlannedCampaign
    speed: SpeedGuess
    known: Map<string, string>
    calibrated: boolean
  }> => {
    const board = boards.identified(request.boardId)
    const layers = request.modelId === null ? [] : await layerShapes(request.modelId)
    const input: CampaignInput = { ...request, shapes: [...request.shapes, ...layers] }
    const known = request.remeasure
      ? new Map<string, string>()
      : await store.measured(identityOf(board), request.repetitions)
    const { speed, calibrated } = await speedOf(store, board)
    const plan = planCampaign(input, board.info, speed, (key) => known.has(key))
    return { board, plan, speed, known, calibrated }
  }

  const start = (campaign: StoredCampaign, items: readonly BenchItem[], speed: SpeedGuess): Started => {
    const { id: campaignId, request } = campaign
    const run: CampaignRun = {
      campaignId,
      boardId: campaign.boardId,
      buildId: campaign.buildId,
      coreName: campaign.coreName,
      items,
      repetitions: request.repetitions,
      seed: request.seed,
      speed
    }
    const news = announceSamples(emit, campaignId)
    const finish = async (state: Campaign['state'], error: AppError | null): Promise<void> => {
      news.flush()
      running.delete(campaignId)
      await store.setCampaign(campaignId, {
        state,
        finishedAtMs: nowMs(),
        error: error === null ? null : `${error.message} ${error.hint}`
      })
      await announce(campaignId)
    }
    const job = jobs.start({
      kind: 'profile.run',
      title: `Profile ${campaign.boardName}`,
      unit: 'samples',
      total: items.length,
      resume: () => resume(campaignId),
      async run(context) {
        try {
          await runCampaign(run, { boards, store, newId, nowMs, checksum, onSample: news.add }, context)
          await finish('done', null)
        } catch (error) {
          const isCancelled = context.signal.aborted
          await finish(isCancelled ? 'cancelled' : 'failed', isCancelled ? null : AppError.from(error)).catch(
            () => undefined
          )
          throw error
        }
      }
    })
    running.set(campaignId, job.jobId)
    // The job list tells how it ended; nobody has to wait for it here.
    job.result.catch(() => undefined)
    return { jobId: job.jobId, campaignId }
  }

  const resume = async (campaignId: string): Promise<Started> => {
    const campaign = await store.campaign(campaignId)
    if (campaign === null) throw noCampaign(campaignId)
    const jobId = running.get(campaignId)
    if (jobId !== undefined) return { jobId, campaignId }
    const board = await boards.connect(campaign.boardId)
    await store.setCampaign(campaignId, { state: 'running', finishedAtMs: null, error: null })
    const { speed } = await speedOf(store, board)
    return start(campaign, campaign.items, speed)
  }

  return {
    resume,
    async plan(request) {
      const { plan, calibrated } = await planned(request)
      return describePlan(plan, calibrated)
    },
    async run(request) {
      await boards.connect(request.boardId)
      const { board, plan, speed, known } = await planned(request)
      const items = [...plan.alreadyMeasured, ...plan.items]
      if (items.length === 0) throw nothingToMeasure(plan)
      const campaign: StoredCampaign = {
        id: newId(),
        boardId: board.id,
        boardName: board.name,
        buildId: board.info.buildId,
        coreName: board.info.coreName,
        state: 'running',
        total: items.length,
        startedAtMs: nowMs(),
        finishedAtMs: null,
        error: null,
        request
      }
      await store.addCampaign(campaign, items)
      await store.adopt(
        campaign.id,
        plan.alreadyMeasured.map((item) => known.get(itemKey(item))!)
      )
      const started = start(campaign, items, speed)
      await announce(campaign.id)
      return started
    },
    list: async () => (await store.campaigns()).map(present),
    async forget(campaignId, withSamples) {
      if (running.has(campaignId)) {
        throw new AppError('board.busy', 'This campaign is running.', 'Cancel it first.')
      }
      await store.forgetCampaign(campaignId, withSamples)
    }
  }
}

function noCampaign(id: string): AppError {
  return new AppError(
    'input.notFound',
    `There is no campaign ${id}.`,
    'List the campaigns; it may have been forgotten.'
  )
}
