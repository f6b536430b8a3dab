import type { ComparisonRow, ProxySummary, SampleSource, TransferPoint } from '@shared/contract/proxy'
import { ref, type Ref } from 'vue'
import type { Client, CommandInput, CommandOutput } from '../client/client'
import type { useJobs } from './job'
import { createAction, type Action } from './window/action'

/** What is compared: Samples of one kernel, under the name that the page shows. */
export interface ComparisonInput {
  source: SampleSource
  kernel: ProxySummary['kernel']
  title: string
}

/** How estimators compare: on the same Samples, across boards, and with published figures. */
export interface ProxyComparisons {
  readonly comparison: Ref<{ title: string; rows: ComparisonRow[] }>
  readonly transfer: Ref<{ title: string; points: TransferPoint[] }>
  readonly published: Ref<CommandOutput<'proxy.publishedTable'>['rows']>
  /** Fits every estimator and waits for the job; rows come one by one. */
  readonly compare: Action<[input: ComparisonInput], void>
  /** Measures the transfer curve and waits for the job; points come one by one. */
  readonly runTransfer: Action<[input: CommandInput<'proxy.transfer'>, title: string], void>
  readonly loadPublished: Action<[], void>
  readonly measurePublished: Action<[sets: CommandInput<'proxy.measurePublished'>['sets']], void>
}

/** Nothing is compared at first. */
export function createProxyComparisons(client: Client, jobs: ReturnType<typeof useJobs>): ProxyComparisons {
  const comparison = ref<{ title: string; rows: ComparisonRow[] }>({ title: '', rows: [] })
  const transfer = ref<{ title: string; points: TransferPoint[] }>({ title: '', points: [] })
  const published = ref<CommandOutput<'proxy.publishedTable'>['rows']>([])

  client.subscribe('proxy.compared', ({ row }) => {
    const rest = comparison.value.rows.filter(({ estimator }) => estimator !== row.estimator)
    comparison.value = { title: comparison.value.title, rows: [...rest, row] }
  })
  client.subscribe('proxy.transferred', ({ point }) => {
    transfer.value.points.push(point)
  })

  const compare = createAction(async ({ source, kernel, title }: ComparisonInput) => {
    comparison.value = { title, rows: [] }
    const { jobId } = await client.call('proxy.compare', { source, kernel })
    await jobs.whenSettled(jobId)
    comparison.value = await client.call('proxy.comparison', {})
  })

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

  return {
    ...{ comparison, transfer, published, compare, runTransfer },
    ...{ loadPublished, measurePublished }
  }
}
