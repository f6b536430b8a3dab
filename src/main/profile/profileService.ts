import type { BenchItem, KernelShape } from '../../core/kernel/shape'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { profileContract, Sample, SampleQuery } from '../../shared/contract/profile'
import type { JobService } from '../jobs/jobService'
import type { RunKind } from '../runs/runKeeper'
import type { RunLabels } from '../runs/runLabels'
import type { Store } from '../store/store'
import type { SampleTable } from '../../core/proxy/samples'
import type { ProxyKernelName, Quantity } from '../../shared/vocabulary'
import { readFitSamples } from './samples/fitSamples'
import type { Decide } from './adaptive/adaptiveLoop'
import { createAdaptiveRuns } from './adaptive/adaptiveJobs'
import { createAdaptiveStore } from './adaptive/adaptiveStore'
import type { ProfileBoards } from './campaign/campaignLoop'
import { createCampaigns } from './campaign/campaignJobs'
import type { OpenEnergyMeter } from './measureEnergy'
import { createProfileStore } from './profileStore'
import { createSampleExchange, type ReadCsvText } from './samples/sampleCommands'

export type { ProfileBoards } from './campaign/campaignLoop'
export { profileMigrations } from './profileStore'

/** Measurements of kernels for the contract and for proxies. */
export interface ProfileService {
  handlers: HandlersOf<typeof profileContract>
  /** Campaigns and adaptive runs. */
  runs: RunKind[]
  /** All Samples that match, in the order in which they were stored. */
  samples(query: SampleQuery): Promise<Sample[]>
  /** What a proxy of a kernel on a board is fitted to; null when nothing was measured. */
  fitSamples(boardId: string, kernel: ProxyKernelName, quantity: Quantity): Promise<SampleTable | null>
}

/** What the profile service is made from. */
export interface ProfileServiceOptions {
  boards: ProfileBoards
  store: Store
  jobs: JobService
  labels: RunLabels
  emit: EmitterOf<typeof profileContract>
  nowMs: () => number
  newId: () => string
  /** The checksum a board must report; in compose a worker task (profile.checksum). */
  checksum: (item: BenchItem, seed: number) => Promise<number>
  /** Opens a power meter beside a board. */
  openMeter: OpenEnergyMeter
  /** What an adaptive run measures next; in compose a worker task (profile.decide). */
  decide: Decide
  /** Reads the text of a profile CSV; in compose a worker task (profile.readCsv). */
  readCsv: ReadCsvText
  /** Layer shapes of a model, for campaigns around it. */
  layerShapes: (modelId: string) => Promise<KernelShape[]>
}

/** Campaigns and adaptive runs that measure kernels on a board, and the Samples they leave. */
export function createProfileService(options: ProfileServiceOptions): ProfileService {
  const store = createProfileStore(options.store)
  const deps = { ...options, store }
  const campaigns = createCampaigns(deps)
  const adaptive = createAdaptiveRuns({ ...deps, adaptiveStore: createAdaptiveStore(options.store) })
  return {
    samples: (query) => store.samples(query),
    fitSamples: (boardId, kernel, quantity) => readFitSamples(options.store, boardId, kernel, quantity),
    runs: [campaigns.runs, adaptive.runs],
    handlers: {
      ...createSampleExchange({ ...deps, noteImport: campaigns.noteImport }),
      'profile.plan': async (request) => ({ plan: await campaigns.plan(request) }),
      'profile.run': (request) => campaigns.run(request),
      'profile.resume': ({ campaignId }) => campaigns.resume(campaignId),
      'profile.campaigns': async () => ({ campaigns: await campaigns.list() }),
      'profile.forget': async ({ campaignId, samples }) => {
        await campaigns.forget(campaignId, samples)
        return { ok: true }
      },
      'profile.adaptive': (request) => adaptive.start(request),
      'profile.adaptiveResume': ({ runId }) => adaptive.resume(runId),
      'profile.adaptiveRuns': async () => ({ runs: await adaptive.list() }),
      'profile.adaptiveForget': async ({ runId }) => {
        await adaptive.forget(runId)
        return { ok: true }
      },
      'profile.samples': async ({ limit, offset, ...query }) => ({
        ...(await store.samplePage(query, { limit, offset })),
        total: await store.count(query)
      }),
      'profile.summary': async () => ({ groups: await store.summary() })
    }
  }
}
