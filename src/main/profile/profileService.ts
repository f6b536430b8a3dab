import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type CampaignInput, planCampaign, type PlannedCampaign } from '../../core/profile/campaign'
import { guessMs, type SpeedGuess } from '../../core/profile/duration'
import { type BenchItem, itemKey, type KernelShape } from '../../core/profile/kernelShape'
import type { EmitterOf, HandlersOf } from '../../shared/contract/define'
import type {
  Campaign,
  CampaignRequest,
  profileContract,
  Sample,
  SampleQuery
} from '../../shared/contract/profile'
import { AppError } from '../../shared/errors'
import type { JobService } from '../jobs/jobService'
import type { Store } from '../store/store'
import { type CampaignRun, type ProfileBoards, runCampaign } from './campaignRunner'
import { measureItem, type ProfiledBoard } from './measure'
import { describePlan, firstGuess, identityOf, nothingToMeasure } from './planView'
import { type BoardIdentity, createProfileStore, type StoredCampaign } from './profileStore'
import { csvToSamples, samplesToCsv } from './sampleFiles'

export type { ProfileBoards } from './campaignRunner'
export { profileMigrations } from './profileStore'

export interface ProfileService {
  handlers: HandlersOf<typeof profileContract>
  /** All Samples that match, oldest first. */
  samples(query: SampleQuery): Promise<Sample[]>
  /** Measures these on a connected board now, stores and answers them; for adaptive profiling and checks. */
  measure(
    boardId: string,
    items: readonly BenchItem[],
    options?: {
      repetitions?: number
      seed?: number
      signal?: AbortSignal
      onSample?: (sample: Sample) => void
    }
  ): Promise<Sample[]>
}

export interface ProfileServiceOptions {
  boards: ProfileBoards
  store: Store
  jobs: JobService
  emit: EmitterOf<typeof profileContract>
  nowMs: () => number
  newId: () => string
  /** The checksum a board must report; in compose a worker task (profile.checksum). */
  checksum: (item: BenchItem, seed: number) => Promise<number>
  /** Layer shapes of a model, for campaigns around it. */
  layerShapes: (modelId: string) => Promise<KernelShape[]>
}

/** Measured Samples are announced in batches this often. */
const batchMs = 200

/** Campaigns that measure kernels on a board, and the Samples they leave. */
export function createProfileService(options: ProfileServiceOptions): ProfileService {
  const { boards, jobs, emit, nowMs, newId, checksum, layerShapes } = options
  const store = createProfileStore(options.store)
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

  const plan = async (
    request: CampaignRequest
  ): Promise<{
    board: ProfiledBoard
    planned: PlannedCampaign
    speed: SpeedGuess
    known: Map<string, string>
    calibrated: boolean
  }> => {
    const board = boards.identified(request.boardId)
    const identity = identityOf(board)
    const layers = request.modelId === null ? [] : await layerShapes(request.modelId)
    const input: CampaignInput = { ...request, shapes: [...request.shapes, ...layers] }
    const known = request.remeasure
      ? new Map<string, string>()
      : await store.measured(identity, request.repetitions)
    const { speed, calibrated } = await speedOf(board, identity)
    const planned = planCampaign(input, board.info, speed, (key) => known.has(key))
    return { board, planned, speed, known, calibrated }
  }

  /** The guess, scaled by how long this board's latest Samples really took. */
  const speedOf = async (
    board: ProfiledBoard,
    identity: BoardIdentity
  ): Promise<{ speed: SpeedGuess; calibrated: boolean }> => {
    const guess = firstGuess(board)
    const past = await store.tookMs(identity, 200)
    if (past.length < 20) return { speed: guess, calibrated: false }
    const guessed = past.reduce((sum, { item, repetitions }) => sum + guessMs(item, repetitions, guess), 0)
    const factor = past.reduce((sum, { tookMs }) => sum + tookMs, 0) / guessed
    return {
      speed: { stepsPerMs: guess.stepsPerMs / factor, overheadMs: guess.overheadMs * factor },
      calibrated: true
    }
  }

  const start = (
    campaign: StoredCampaign,
    items: readonly BenchItem[],
    speed: SpeedGuess
  ): { jobId: string; campaignId: string } => {
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
    let fresh: Sample[] = []
    let timer: NodeJS.Timeout | undefined
    const flush = (): void => {
      timer = undefined
      const samples = fresh
      fresh = []
      if (samples.length > 0) emit('profile.measured', { campaignId, samples })
    }
    const finish = async (state: Campaign['state'], error: AppError | null): Promise<void> => {
      clearTimeout(timer)
      flush()
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
          const onSample = (sample: Sample): void => {
            fresh.push(sample)
            timer ??= setTimeout(flush, batchMs)
          }
          await runCampaign(run, { boards, store, newId, nowMs, checksum, onSample }, context)
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

  const resume = async (campaignId: string): Promise<{ jobId: string; campaignId: string }> => {
    const campaign = await store.campaign(campaignId)
    if (campaign === null) throw noCampaign(campaignId)
    const jobId = running.get(campaignId)
    if (jobId !== undefined) return { jobId, campaignId }
    const board = await boards.connect(campaign.boardId)
    await store.setCampaign(campaignId, { state: 'running', finishedAtMs: null, error: null })
    const { speed } = await speedOf(board, identityOf(board))
    return start(campaign, campaign.items, speed)
  }

  const service: ProfileService = {
    samples: (query) => store.samples(query),
    async measure(boardId, items, { repetitions = 2, seed = 1, signal, onSample } = {}) {
      return await boards.withLease(boardId, 'measurement', async (session, board) => {
        const samples: Sample[] = []
        for (const item of items) {
          signal?.throwIfAborted()
          const startedMs = performance.now()
          const measured = await measureItem(session, board, item, {
            repetitions,
            seed,
            campaignId: null,
            newId,
            nowMs,
            checksum,
            signal
          })
          await store.addSample(measured, performance.now() - startedMs)
          samples.push(measured)
          onSample?.(measured)
        }
        return samples
      })
    },
    handlers: {
      'profile.plan': async (request) => {
        const { planned, calibrated } = await plan(request)
        return { plan: describePlan(planned, calibrated) }
      },
      'profile.run': async (request) => {
        await boards.connect(request.boardId)
        const { board, planned, speed, known } = await plan(request)
        const items = [...planned.alreadyMeasured, ...planned.items]
        if (items.length === 0) throw nothingToMeasure(planned)
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
          planned.alreadyMeasured.map((item) => known.get(itemKey(item))!)
        )
        const started = start(campaign, items, speed)
        await announce(campaign.id)
        return started
      },
      'profile.resume': ({ campaignId }) => resume(campaignId),
      'profile.campaigns': async () => ({ campaigns: (await store.campaigns()).map(present) }),
      'profile.forget': async ({ campaignId, samples }) => {
        if (running.has(campaignId)) {
          throw new AppError('board.busy', 'This campaign is running.', 'Cancel it first.')
        }
        await store.forgetCampaign(campaignId, samples)
        return { ok: true }
      },
      'profile.samples': async ({ limit, offset, ...query }) => ({
        samples: await store.samples(query, { limit, offset }),
        total: await store.count(query)
      }),
      'profile.summary': async () => ({
        groups: (await store.summary()).map((row) => ({
          boardId: row['board_id'] as string,
          boardName: row['board_name'] as string,
          buildId: row['build_id'] as number | null,
          kernel: row['kernel'] as Sample['kernel'],
          unit: row['unit'] as Sample['unit'],
          origin: row['origin'] as Sample['origin'],
          samples: row['samples'] as number,
          shapes: row['shapes'] as number,
          pairs: row['pairs'] as number,
          newestAtMs: row['newest_at_ms'] as number
        }))
      }),
      'profile.export': async ({ path: file, format, ...query }) => {
        if (format === 'parquet') {
          if (file === null)
            throw new AppError(
              'input.invalid',
              'Parquet is binary and needs a file.',
              'Give a path, or choose csv.'
            )
          return { rows: await store.exportTo(query, file, 'parquet'), path: path.resolve(file), text: null }
        }
        const samples = await store.samples(query)
        const text = samplesToCsv(samples)
        if (file === null) return { rows: samples.length, path: null, text }
        await writeFile(file, text).catch((cause: unknown) => {
          throw new AppError(
            'input.invalid',
            `${file} cannot be written.`,
            'Check the folder and its permissions.',
            { cause }
          )
        })
        return { rows: samples.length, path: path.resolve(file), text: null }
      },
      'profile.import': async ({ file, kernel, boardName, unit, origin }) => {
        const fileName = 'path' in file ? path.basename(file.path) : file.name
        const text = 'path' in file ? await readText(file.path) : file.text
        const campaignId = newId()
        const samples = csvToSamples({
          text,
          fileName,
          kernel,
          boardName,
          unit,
          origin,
          campaignId,
          newId,
          nowMs: nowMs()
        })
        await store.addSamples(samples)
        return { rows: samples.length, campaignId }
      }
    }
  }
  return service
}

function noCampaign(id: string): AppError {
  return new AppError(
    'input.notFound',
    `There is no campaign ${id}.`,
    'List the campaigns; it may have been forgotten.'
  )
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new AppError('input.notFound', `${file} cannot be read.`, 'Check the path and its permissions.', {
      cause
    })
  }
}
