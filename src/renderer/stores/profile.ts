import type { Campaign, CampaignPreview, CampaignRequest, Sample } from '@shared/contract/profile'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { CommandInput, CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { followStoredRuns } from './followStoredRuns'
import { createAction, forgetOnChange } from './window/action'
import { createNewest } from './window/newest'

/** Most Samples held in the window at once; the table says when there are more. */
const loadedSamples = 20_000

/** Samples of a board and kernel, counted. */
export type SampleGroup = CommandOutput<'profile.summary'>['groups'][number]

/** A campaign as the page requests it; what is absent gets the contract's default. */
export type CampaignRequestInput = Partial<CampaignRequest> & { boardId: string }

/** Campaigns, and the Samples of the board that is looked at. */
export const useProfile = defineStore('profile', () => {
  const client = useClient()
  const campaigns = ref<Campaign[]>([])
  const groups = ref<SampleGroup[]>([])
  const plan = ref<CampaignPreview | null>(null)
  const samples = shallowRef<Sample[]>([])
  const total = ref(0)
  /** Stored Samples of the board that cannot be read. */
  const unreadable = shallowRef<CommandOutput<'profile.samples'>['unreadable']>([])
  const boardId = ref<string | null>(null)

  const running = computed(() => campaigns.value.find((campaign) => campaign.state === 'running') ?? null)

  function accept(campaign: Campaign): void {
    const at = campaigns.value.findIndex(({ id }) => id === campaign.id)
    if (at >= 0) campaigns.value[at] = campaign
    else campaigns.value.unshift(campaign)
    if (campaign.state !== 'running') void loadSummary.run()
  }

  client.subscribe('profile.campaignChanged', accept)
  client.subscribe('profile.measured', ({ samples: measured }) => {
    const mine = measured.filter((sample) => sample.boardId === boardId.value)
    if (mine.length === 0) return
    const known = new Set(samples.value.map(({ id }) => id))
    const fresh = mine.filter(({ id }) => !known.has(id))
    samples.value = [...samples.value, ...fresh].slice(-loadedSamples)
    total.value += fresh.length
  })

  const loadSummary = createAction(async () => {
    groups.value = (await client.call('profile.summary', {})).groups
  })

  const load = createAction(async () => {
    const [list] = await Promise.all([client.call('profile.campaigns', {}), loadSummary.run()])
    campaigns.value = list.campaigns
  })
  followStoredRuns(client, 'campaign', { listed: () => campaigns.value, load: () => load.run() })

  const loadSamples = createAction(async (id: string) => {
    if (boardId.value !== id) {
      // Those of the board before must not stand under this one, also where its own cannot be read.
      samples.value = []
      unreadable.value = []
      total.value = 0
    }
    boardId.value = id
    const reply = await client.call('profile.samples', { boardId: id, limit: loadedSamples })
    // Another board was chosen meanwhile.
    if (boardId.value !== id) return
    samples.value = reply.samples
    unreadable.value = reply.unreadable
    total.value = reply.total
  })

  const beginPreview = createNewest()
  const preview = createAction(async (input: CampaignRequestInput) => {
    const isNewest = beginPreview()
    const found = (await client.call('profile.plan', input)).plan
    // A slower plan of an earlier choice must not stand under the present one.
    if (isNewest()) plan.value = found
    return found
  })

  const start = createAction(async (input: CampaignRequestInput) => {
    const started = await client.call('profile.run', input)
    boardId.value = input.boardId
    return started
  })

  const resume = createAction(async (campaignId: string) => client.call('profile.resume', { campaignId }))

  const forget = createAction(async (campaignId: string, withSamples: boolean) => {
    await client.call('profile.forget', { campaignId, samples: withSamples })
    await load.run()
    if (boardId.value !== null) await loadSamples.run(boardId.value)
  })

  const exportCsv = createAction(async (input: CommandInput<'profile.export'>) =>
    client.call('profile.export', input)
  )

  const importCsv = createAction(async (input: CommandInput<'profile.import'>) => {
    const reply = await client.call('profile.import', input, { timeoutMs: 300_000 })
    await load.run()
    return reply
  })

  forgetOnChange(boardId, [exportCsv])
  return {
    campaigns,
    groups,
    plan,
    samples,
    total,
    unreadable,
    boardId,
    running,
    load,
    loadSummary,
    loadSamples,
    preview,
    start,
    resume,
    forget,
    exportCsv,
    importCsv
  }
})
