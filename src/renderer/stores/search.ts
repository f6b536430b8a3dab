import type { CandidateJson, Search } from '@shared/contract/search'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { CommandInput, CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { followStoredRuns } from './followStoredRuns'
import { createAction, forgetOnChange } from './window/action'
import { useLastRuns } from './window/lastRuns'
import { createNewest } from './window/newest'

/** A search in the list. */
export type SearchSummary = CommandOutput<'search.list'>['searches'][number]

/** Searches; the one that is open with its trace, live. */
export const useSearches = defineStore('search', () => {
  const client = useClient()
  const last = useLastRuns()
  const searches = ref<SearchSummary[]>([])
  const openId = ref<string | null>(null)
  const trace = shallowRef<CandidateJson[]>([])
  /** Index of the candidate that was chosen by hand; null: the best one. */
  const chosenIndex = ref<number | null>(null)

  /** A scheme of a search that another search of its network shall evaluate first. */
  const offered = ref<{ modelId: string; scheme: CandidateJson['scheme']; from: string } | null>(null)

  const open = computed<SearchSummary | null>(
    () => searches.value.find(({ id }) => id === openId.value) ?? null
  )

  /** The scheme the page shows and deploys. */
  const selected = computed<CandidateJson | null>(
    () => trace.value.find(({ index }) => index === chosenIndex.value) ?? open.value?.best ?? null
  )

  function accept(search: SearchSummary): void {
    const at = searches.value.findIndex(({ id }) => id === search.id)
    if (at >= 0) searches.value[at] = search
    else searches.value.unshift(search)
  }

  function show(search: Search): void {
    const { trace: candidates, ...summary } = search
    accept(summary)
    if (openId.value !== search.id) chosenIndex.value = null
    openId.value = search.id
    last.note('search', search.id)
    trace.value = candidates
  }

  client.subscribe('search.changed', accept)
  client.subscribe('search.traced', ({ searchId, candidate, speed }) => {
    searches.value = searches.value.map((one) => (one.id === searchId ? { ...one, speed } : one))
    if (searchId !== openId.value) return
    if (trace.value.some(({ index }) => index === candidate.index)) return
    trace.value = [...trace.value, candidate].sort((a, b) => a.index - b.index)
  })

  const beginSelect = createNewest()
  const select = createAction(async (searchId: string) => {
    const isNewest = beginSelect()
    const { search } = await client.call('search.get', { searchId })
    // Another search was chosen while this one was read.
    if (isNewest()) show(search)
  })

  const load = createAction(async () => {
    searches.value = (await client.call('search.list', {})).searches
    const newest = [...searches.value].sort((a, b) => b.startedAtMs - a.startedAtMs)[0]
    if (newest !== undefined)
      await select.run(openId.value ?? last.idIn('search', searches.value) ?? newest.id)
  })
  followStoredRuns(client, 'search', {
    listed: () => searches.value,
    load: () => load.run(),
    close: (id) => {
      if (openId.value === id) openId.value = null
    }
  })

  const start = createAction(async (input: CommandInput<'search.start'>) => {
    const started = await client.call('search.start', input)
    await select.run(started.searchId)
    return started
  })

  const resume = createAction(async (searchId: string) => client.call('search.resume', { searchId }))

  /** The network of a search under a scheme as BitFusion's compiler takes it, and the same as text to read. */
  const bitFusionGraph = createAction(
    async (modelId: string, scheme: CandidateJson['scheme']) =>
      await client.call('deploy.bitfusion', { modelId, scheme })
  )

  forgetOnChange(openId, [resume, bitFusionGraph])
  return {
    ...{ searches, open, openId, trace, chosenIndex, selected, offered },
    ...{ select, load, start, resume, bitFusionGraph }
  }
})
