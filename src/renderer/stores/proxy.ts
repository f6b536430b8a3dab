import type { ProxySummary, SampleSet } from '@shared/contract/proxy'
import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { Client, CommandInput } from '../client/client'
import { useClient } from '../client/current'
import { followStoredRuns } from './followStoredRuns'
import { useJobs } from './job'
import { createOpenProxy } from './openProxy'
import { createProxyComparisons } from './proxyComparisons'
import { createProxyList } from './proxyList'
import { createAction, forEvery, forgetOnChange } from './window/action'

/** Kernel of a proxy. */
export type ProxyKernel = ProxySummary['kernel']

/** Fitted proxies, what can be fitted, and how the estimators compare. */
export const useProxies = defineStore('proxy', () => {
  const client = useClient()
  const jobs = useJobs()
  const sets = ref<SampleSet[]>([])
  const importWarnings = ref<string[]>([])
  const { accept, reload, ...list } = createProxyList(client)
  const { proxies } = list
  const opened = createOpenProxy(client)
  const { detail, open } = opened
  const comparisons = createProxyComparisons(client, jobs)
  const { comparison } = comparisons

  const load = createAction(async () => {
    const [listed, available, compared] = await Promise.all([
      client.call('proxy.list', {}),
      client.call('proxy.samples', {}),
      client.call('proxy.comparison', {})
    ])
    accept(listed)
    sets.value = available.sets
    if (compared.rows.length > 0) comparison.value = compared
  })
  followStoredRuns(client, 'proxy', {
    listed: () => proxies.value,
    load: () => load.run(),
    close: (id) => {
      if (detail.value?.proxy.id === id) detail.value = null
    }
  })

  /** Fits, waits for the job, and returns the new proxy. */
  const fit = createAction(async (input: CommandInput<'proxy.fit'>) => {
    const fitted = await fittedBy(client, jobs, input)
    await reload()
    const newest = fitted ?? [...proxies.value].sort((a, b) => b.createdAtMs - a.createdAtMs)[0]
    if (newest !== undefined) await open.run(newest.id)
    return newest
  })

  const pin = createAction(async (id: string, isPinned: boolean) => {
    await client.call('proxy.pin', { id, pinned: isPinned })
    await reload()
    if (detail.value?.proxy.id === id) await open.run(id)
  })

  const remove = createAction(async (id: string) => {
    await client.call('proxy.remove', { id })
    await reload()
    if (detail.value?.proxy.id === id) detail.value = null
  })

  const removeUnreadable = createAction(async (rows: readonly { id: string }[]) => {
    await forEvery(rows, ({ id }) => client.call('proxy.remove', { id })).finally(reload)
  })

  const importFiles = createAction(async (request: CommandInput<'proxy.import'>) => {
    const { set, warnings } = await client.call('proxy.import', request, { timeoutMs: 300_000 })
    importWarnings.value = warnings
    sets.value = (await client.call('proxy.samples', {})).sets
    return set
  })

  forgetOnChange(() => detail.value?.proxy.id, [opened.report, opened.sweep, pin])
  return {
    ...{ sets, importWarnings, load, fit, pin, remove, removeUnreadable, importFiles },
    ...list,
    ...opened,
    ...comparisons
  }
})

/** Fits and waits for the job; undefined where the event of the new proxy has not come. */
async function fittedBy(
  client: Client,
  jobs: ReturnType<typeof useJobs>,
  input: CommandInput<'proxy.fit'>
): Promise<ProxySummary | undefined> {
  const early: { jobId: string; proxy: ProxySummary }[] = []
  const stop = client.subscribe('proxy.fitted', (event) => early.push(event))
  try {
    const { jobId } = await client.call('proxy.fit', input)
    await jobs.whenSettled(jobId)
    return early.find((event) => event.jobId === jobId)?.proxy
  } finally {
    stop()
  }
}
