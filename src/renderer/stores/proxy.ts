import type {
  ComparisonRow,
  ProxyDetail,
  ProxySummary,
  SampleSet,
  SampleSource,
  TransferPoint
} from '@shared/contract/proxy'
import type { LayerShape } from '@core/proxy/samples'
import type { Sample } from '@shared/contract/profile'
import { quantityOf, type Quantity } from '@shared/vocabulary'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { CommandInput, CommandOutput } from '../client/client'
import { useClient } from '../client/current'
import { createAction, forEvery, forgetOnChange } from './window/action'
import { createNewest } from './window/newest'
import { useJobs } from './job'

/** Kernel of a proxy. */
export type ProxyKernel = ProxySummary['kernel']

/** Fitted proxies, what can be fitted, and how the estimators compare. */
export const useProxies = defineStore('proxy', () => {
  const client = useClient()
  const jobs = useJobs()
  const sets = ref<SampleSet[]>([])
  const proxies = ref<ProxySummary[]>([])
  const detail = shallowRef<ProxyDetail | null>(null)
  const comparison = ref<{ title: string; rows: ComparisonRow[] }>({ title: '', rows: [] })
  const transfer = ref<{ title: string; points: TransferPoint[] }>({ title: '', points: [] })
  const published = ref<CommandOutput<'proxy.publishedTable'>['rows']>([])
  /** Stored proxies that cannot be read. */
  const unreadable = ref<CommandOutput<'proxy.list'>['unreadable']>([])
  const importWarnings = ref<string[]>([])
  const sample = shallowRef<Sample | null>(null)

  const pinned = computed(() => proxies.value.filter((proxy) => proxy.pinned))
  /** Whether Search can count latency: a proxy fitted to files alone knows no board to predict for. */
  const predictsBoard = computed(() => predicts('latency'))
  /** The same of energy. */
  const predictsEnergy = computed(() => predicts('energy'))
  const predicts = (quantity: Quantity): boolean =>
    pinned.value.some(({ boardId, unit }) => boardId !== null && quantityOf(unit) === quantity)

  function accept(list: CommandOutput<'proxy.list'>): void {
    proxies.value = list.proxies
    unreadable.value = list.unreadable
  }

  client.subscribe('proxy.listChanged', accept)
  client.subscribe('proxy.compared', ({ row }) => {
    const rest = comparison.value.rows.filter(({ estimator }) => estimator !== row.estimator)
    comparison.value = { title: comparison.value.title, rows: [...rest, row] }
  })
  client.subscribe('proxy.transferred', ({ point }) => {
    transfer.value.points.push(point)
  })

  const load = createAction(async () => {
    const [list, available, compared] = await Promise.all([
      client.call('proxy.list', {}),
      client.call('proxy.samples', {}),
      client.call('proxy.comparison', {})
    ])
    accept(list)
    sets.value = available.sets
    if (compared.rows.length > 0) comparison.value = compared
  })
  // Runs that an import added are listed at once.
  client.subscribe('session.imported', () => void load.run())
  client.subscribe('run.changed', ({ id, kind, forgotten }) => {
    if (kind !== 'proxy') return
    // A deleted proxy is shown no longer; one that was brought back is listed again.
    if (forgotten && detail.value?.proxy.id === id) detail.value = null
    if (forgotten === proxies.value.some((one) => one.id === id)) void load.run()
  })

  /** The Sample behind the point that was clicked; null where it is not in the data file. */
  const loadSample = createAction(async (id: string) => {
    sample.value = (await client.call('profile.samples', { id, limit: 1 })).samples[0] ?? null
  })

  const beginOpen = createNewest()
  const open = createAction(async (id: string) => {
    const isNewest = beginOpen()
    sample.value = null
    const found = await client.call('proxy.detail', { id })
    // Another proxy was opened while this one was read.
    if (isNewest()) detail.value = found
  })

  /** Fits, waits for the job, and returns the new proxy. */
  const fit = createAction(async (input: CommandInput<'proxy.fit'>) => {
    let fitted: ProxySummary | undefined
    const early: { jobId: string; proxy: ProxySummary }[] = []
    const stop = client.subscribe('proxy.fitted', (event) => early.push(event))
    try {
      const { jobId } = await client.call('proxy.fit', input)
      await jobs.whenSettled(jobId)
      fitted = early.find((event) => event.jobId === jobId)?.proxy
    } finally {
      stop()
    }
    accept(await client.call('proxy.list', {}))
    const newest = fitted ?? [...proxies.value].sort((a, b) => b.createdAtMs - a.createdAtMs)[0]
    if (newest !== undefined) await open.run(newest.id)
    return newest
  })

  const compare = createAction(
    async (input: { source: SampleSource; kernel: ProxyKernel; title: string }) => {
      comparison.value = { title: input.title, rows: [] }
      const { jobId } = await client.call('proxy.compare', { source: input.source, kernel: input.kernel })
      await jobs.whenSettled(jobId)
      comparison.value = await client.call('proxy.comparison', {})
    }
  )

  const runTransfer = createAction(async (input: CommandInput<'proxy.transfer'>, title: string) => {
    transfer.value = { title, points: [] }
    const { jobId } = await client.call('proxy.transfer', input)
    await jobs.whenSettled(jobId)
    transfer.value = await client.call('proxy.transferCurve', {})
  })

  const loadPublished = createAction(async () => {
    published.value = (await client.call('proxy.publishedTable', {})).rows
  })

  const measurePublished = createAction(async (sets: CommandInput<'proxy.measurePublished'>['sets']) => {
    const { jobId } = await client.call('proxy.measurePublished', { sets })
    await jobs.whenSettled(jobId)
    await loadPublished.run()
  })

  const pin = createAction(async (id: string, isPinned: boolean) => {
    await client.call('proxy.pin', { id, pinned: isPinned })
    accept(await client.call('proxy.list', {}))
    if (detail.value?.proxy.id === id) await open.run(id)
  })

  const remove = createAction(async (id: string) => {
    await client.call('proxy.remove', { id })
    accept(await client.call('proxy.list', {}))
    if (detail.value?.proxy.id === id) detail.value = null
  })

  const removeUnreadable = createAction(async (rows: readonly { id: string }[]) => {
    await forEvery(rows, ({ id }) => client.call('proxy.remove', { id })).finally(async () =>
      accept(await client.call('proxy.list', {}))
    )
  })

  const importFiles = createAction(async (request: CommandInput<'proxy.import'>) => {
    const { set, warnings } = await client.call('proxy.import', request, { timeoutMs: 300_000 })
    importWarnings.value = warnings
    sets.value = (await client.call('proxy.samples', {})).sets
    return set
  })

  /** Predicts the layers of a precision sweep; wrong sizes become its error. */
  const sweep = createAction(async (id: string, layersOf: () => LayerShape[]) => {
    const layers = layersOf()
    const { predictions } = await client.call('proxy.predict', {
      id,
      layers: layers.map(({ dims, ...bits }) => ({ dims: [...dims], ...bits }))
    })
    return { layers, predictions }
  })

  const report = createAction(async (id: string, folder: string) =>
    client.call('proxy.report', { id, folder }, { timeoutMs: 300_000 })
  )

  forgetOnChange(() => detail.value?.proxy.id, [report, sweep, pin])
  return {
    sets,
    proxies,
    detail,
    comparison,
    transfer,
    published,
    importWarnings,
    unreadable,
    sample,
    pinned,
    predictsBoard,
    predictsEnergy,
    load,
    loadSample,
    open,
    fit,
    compare,
    runTransfer,
    loadPublished,
    measurePublished,
    pin,
    remove,
    removeUnreadable,
    importFiles,
    sweep,
    report
  }
})
