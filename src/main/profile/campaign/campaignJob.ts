import type { BenchItem } from '../../../core/kernel/shape'
import type { SpeedGuess } from '../../../core/profile/duration'
import type { EmitterOf } from '../../../shared/contract/framework/define'
import type { Campaign, profileContract } from '../../../shared/contract/profile'
import { AppError } from '../../../shared/errors'
import { countOf, formatCount } from '../../../shared/units'
import type { RunKeeper } from '../../runs/runKeeper'
import { type CampaignRun, type ProfileBoards, runCampaign } from './campaignLoop'
import type { CampaignRefusal, StoredCampaign } from './campaignStore'
import type { OpenEnergyMeter } from '../measureEnergy'
import type { ProfileStore } from '../profileStore'
import { announceSamples } from '../samples/sampleEvents'

/** What campaigns measure with. */
export interface CampaignMeasuring {
  boards: ProfileBoards
  store: ProfileStore
  emit: EmitterOf<typeof profileContract>
  nowMs: () => number
  newId: () => string
  /** The checksum a board must report; in compose a worker task (profile.checksum). */
  checksum: (item: BenchItem, seed: number) => Promise<number>
  openMeter: OpenEnergyMeter
}

/** What the job of a campaign works with. */
export interface CampaignJobDeps extends CampaignMeasuring {
  runs: RunKeeper<StoredCampaign>
  announce(campaignId: string): Promise<void>
}

/** Starts the job of a stored campaign; returns its id. */
export function startCampaign(
  deps: CampaignJobDeps,
  campaign: StoredCampaign,
  items: readonly BenchItem[],
  speed: SpeedGuess
): string {
  const { boards, store, emit, nowMs, newId, checksum, openMeter, runs, announce } = deps
  const { id: campaignId, request } = campaign
  const run: CampaignRun = {
    campaignId,
    boardId: campaign.boardId,
    boardName: campaign.boardName,
    buildId: campaign.buildId,
    coreName: campaign.coreName,
    items,
    repetitions: request.repetitions,
    seed: request.seed,
    speed,
    energy: request.energy
  }
  const news = announceSamples(emit, campaignId)
  const finish = async (state: Campaign['state'], error: AppError | null): Promise<void> => {
    const refused = state === 'done' ? await store.refusals(campaignId) : []
    news.flush()
    runs.ended(campaignId)
    await store.setCampaign(campaignId, {
      state,
      finishedAtMs: nowMs(),
      error: error !== null ? `${error.message} ${error.hint}` : refusalLine(refused, items.length)
    })
    await announce(campaignId)
  }
  const { jobId } = runs.launch(campaign, {
    kind: 'profile.run',
    title: `Profile ${campaign.boardName}`,
    unit: 'samples',
    total: items.length,
    run: (context) =>
      untilEnded(
        context.signal,
        () =>
          runCampaign(run, { boards, store, newId, nowMs, checksum, openMeter, onSample: news.add }, context),
        finish
      )
  })
  return jobId
}

/** Does the work of a run and keeps how it ended; throws what the work throws. */
async function untilEnded(
  signal: AbortSignal,
  work: () => Promise<unknown>,
  finish: (state: Campaign['state'], error: AppError | null) => Promise<void>
): Promise<void> {
  try {
    await work()
    await finish('done', null)
  } catch (error) {
    const isCancelled = signal.aborted
    await finish(isCancelled ? 'cancelled' : 'failed', isCancelled ? null : AppError.from(error)).catch(
      () => undefined
    )
    throw error
  }
}

/** Says how many items of a campaign were refused and why; null where none was. */
function refusalLine(refusals: readonly CampaignRefusal[], total: number): string | null {
  if (refusals.length === 0) return null
  const of = countOf(total, 'item', formatCount)
  return refusals
    .map(({ measured, count, reason }) =>
      measured
        ? `The energy of ${formatCount(count)} of ${of} is missing: ${reason}`
        : `${formatCount(count)} of ${of} refused: ${reason}`
    )
    .join(' ')
}
