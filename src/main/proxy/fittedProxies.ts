import { estimatorText } from '../../core/proxy/report/modelName'
import { quantityOf, type ProxyKernelName, type Quantity } from '../../shared/vocabulary'
import { kernelSpec } from '../../core/kernel/spec'
import { proxyFromJson, type Proxy } from '../../core/proxy/fit/proxy'
import type { EmitterOf } from '../../shared/contract/framework/define'
import type { ProxySummary, SampleSource, proxyContract } from '../../shared/contract/proxy'
import { AppError } from '../../shared/errors'
import type { JobService, StartedJob } from '../jobs/jobService'
import type { ProxyStore } from './proxyStore'
import type { FitOutput } from './proxyTasks'
import type { SampleSources } from './fitSources'
import { taskOptions, type ProxyTaskRunner } from './taskRunner'

/** A proxy to fit. */
export interface FitRequest {
  source: SampleSource
  kernel: ProxyKernelName
  estimator?: ProxySummary['requested']
  seed?: number
  title?: string | undefined
}

/** The proxies of the data file: fitted, read back, pinned, removed. */
export interface FittedProxies {
  /** Fits in a worker, stores and announces the proxy. */
  fit(request: FitRequest): StartedJob<ProxySummary>
  /** Newest first; without rows that cannot be read. */
  list(): Promise<ProxySummary[]>
  /** The same with the stored rows that cannot be read. */
  listStored(): ReturnType<ProxyStore['list']>
  /** @throws input.notFound, store.corrupt */
  find(id: string): Promise<{ summary: ProxySummary; fitted: FitOutput }>
  /** The fitted model; kept in memory once read. @throws as find */
  proxyById(id: string): Promise<Proxy>
  /** The pinned proxy of a kernel's quantity on a board, else the newest one; null when there is none. */
  proxyFor(kernel: ProxyKernelName, boardId: string, quantity: Quantity): Promise<Proxy | null>
  pin(id: string, pinned: boolean): Promise<void>
  remove(id: string): Promise<void>
}

/** What fitting and keeping proxies needs. */
export interface FittedProxiesDeps {
  store: ProxyStore
  sources: SampleSources
  jobs: JobService
  tasks: ProxyTaskRunner
  emit: EmitterOf<typeof proxyContract>
  nowMs: () => number
  newId: () => string
}

/** Fits and keeps proxies, one job each. */
export function createFittedProxies(deps: FittedProxiesDeps): FittedProxies {
  const { store, emit } = deps
  const revived = new Map<string, Proxy>()

  const summaryById = async (id: string): Promise<ProxySummary> => {
    const found = (await store.list()).proxies.find((summary) => summary.id === id)
    if (found !== undefined) return found
    throw new AppError(
      'input.notFound',
      `There is no proxy ${id}.`,
      'Refresh the list; it may have been removed.'
    )
  }
  const find: FittedProxies['find'] = async (id) => {
    const summary = await summaryById(id)
    const fitted = await store.fitted(id)
    if (fitted !== null) return { summary, fitted }
    throw new AppError(
      'store.corrupt',
      `The proxy ${id} is listed but its model is gone.`,
      'Remove it and fit again.'
    )
  }
  const proxyById = async (id: string): Promise<Proxy> => {
    const known = revived.get(id)
    if (known !== undefined) return known
    const proxy = proxyFromJson((await find(id)).fitted.proxy)
    revived.set(id, proxy)
    return proxy
  }
  const listChanged = async (): Promise<void> => emit('proxy.listChanged', await store.list())

  return {
    find,
    proxyById,
    list: async () => (await store.list()).proxies,
    listStored: () => store.list(),
    fit: (request) => startFit({ ...deps, listChanged }, request),
    async proxyFor(kernel, boardId, quantity) {
      const fitting = (await store.list()).proxies.filter((summary) =>
        predicts(summary, kernel, boardId, quantity)
      )
      const chosen = fitting.find((summary) => summary.pinned) ?? fitting[0]
      return chosen === undefined ? null : await proxyById(chosen.id)
    },
    async pin(id, pinned) {
      const { kernel, boardId, unit } = await summaryById(id)
      for (const other of (await store.list()).proxies) {
        const isRival = other.id !== id && predicts(other, kernel, boardId, quantityOf(unit))
        if (pinned && isRival && other.pinned) await store.setPinned(other.id, false)
      }
      await store.setPinned(id, pinned)
      await listChanged()
    },
    async remove(id) {
      const { unreadable } = await store.list()
      if (!unreadable.some((row) => row.id === id)) await summaryById(id)
      await store.remove(id)
      revived.delete(id)
      await listChanged()
    }
  }
}

/** Whether a proxy is of this kernel's quantity on this board; null: fitted on files. */
const predicts = (
  { unit, ...summary }: ProxySummary,
  kernel: ProxyKernelName,
  boardId: string | null,
  quantity: Quantity
): boolean => summary.kernel === kernel && summary.boardId === boardId && quantityOf(unit) === quantity

/** Starts the job that fits a proxy in a worker, stores it and announces it. */
function startFit(
  deps: FittedProxiesDeps & { listChanged(): Promise<void> },
  { source, kernel, estimator = 'auto', seed = 1, title }: FitRequest
): StartedJob<ProxySummary> {
  const { store, sources, jobs, tasks, emit } = deps
  return jobs.start<ProxySummary>({
    kind: 'proxy.fit',
    title: `Fit ${estimator} for ${kernel}`,
    unit: '%',
    total: 100,
    async run(context) {
      const samples = await sources.load(source, kernel)
      const fitted = await tasks.run('proxy.fit', { samples, estimator, seed }, taskOptions(context))
      const { proxy, splits } = fitted
      const summary: ProxySummary = {
        id: deps.newId(),
        title: title ?? `${kernelSpec(kernel).title}, ${await sources.titleOf(source)}`,
        kernel,
        unit: samples.unit,
        requested: estimator,
        estimator: estimatorText(estimator, proxy.model),
        description: fitted.description,
        rows: proxy.rows,
        shapes: proxy.shapes,
        boardId: source.kind === 'board' ? source.boardId : null,
        seed,
        createdAtMs: deps.nowMs(),
        trainMape: splits.train?.mape ?? proxy.trainMape,
        randomMape: splits.random?.mape ?? null,
        unseenShapeMape: splits.shape?.mape ?? null,
        pinned: false
      }
      await store.add(summary, fitted)
      emit('proxy.fitted', { jobId: context.id, proxy: summary })
      await deps.listChanged()
      return summary
    }
  })
}
