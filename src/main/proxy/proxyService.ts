import path from 'node:path'
import { groupByShape } from '../../core/proxy/folds'
import { kernelSpec, type KernelName } from '../../core/proxy/kernels'
import {
  predictNetwork,
  type NetworkCosts,
  type NetworkLayer,
  type NetworkPrediction
} from '../../core/proxy/network'
import { proxyFromJson, type Proxy } from '../../core/proxy/proxy'
import { estimatorNames } from '../../core/proxy/estimators/registry'
import { shapeRows, type Samples } from '../../core/proxy/samples'
import type { EmitterOf, HandlersOf } from '../../shared/contract/define'
import type {
  ComparisonRow,
  ProxySummary,
  SampleSet,
  SampleSource,
  TransferPoint,
  proxyContract
} from '../../shared/contract/proxy'
import { AppError } from '../../shared/errors'
import type { JobContext, JobService } from '../jobs/jobService'
import type { TaskOptions } from '../jobs/taskPool'
import { readSampleFiles } from './proxyFiles'
import { writeReport } from './proxyReport'
import type { ProxyStore } from './proxyStore'
import type { FitOutput, proxyTasks } from './proxyTasks'

/** Samples of boards, as the profile service has them; passed in by compose. */
export interface BoardSamples {
  /** Board and kernel of every set in the store, with its size. */
  list(): Promise<
    {
      boardId: string
      boardName: string
      kernel: KernelName
      unit: Samples['unit']
      rows: number
      shapes: number
    }[]
  >
  load(boardId: string, kernel: KernelName): Promise<Samples>
}

type ProxyTaskTable = {
  [K in keyof typeof proxyTasks]: {
    input: Parameters<(typeof proxyTasks)[K]>[0]
    output: ReturnType<(typeof proxyTasks)[K]>
  }
}

/** The part of the task pool this noun needs. */
export interface ProxyTaskRunner {
  run<K extends keyof ProxyTaskTable>(
    name: K,
    input: ProxyTaskTable[K]['input'],
    options?: TaskOptions
  ): Promise<ProxyTaskTable[K]['output']>
}

export interface ProxyServiceDeps {
  store: ProxyStore
  boardSamples: BoardSamples
  jobs: JobService
  tasks: ProxyTaskRunner
  emit: EmitterOf<typeof proxyContract>
  nowMs: () => number
  newId: () => string
}

export type ProxyService = ReturnType<typeof createProxyService>

/** Published errors of the founding document (training errors, percent), by data set name. */
const foundingPublished: Record<string, { oneStage: number; twoStage: number }> = {
  'BitFusion matmul': { oneStage: 2.29, twoStage: 0.29 },
  'BitFusion conv2d': { oneStage: 3.1, twoStage: 1.96 },
  'MiCo small matmul': { oneStage: 2.91, twoStage: 0.91 },
  'MiCo small conv2d': { oneStage: 2.89, twoStage: 1.28 },
  'MiCo high matmul': { oneStage: 2.92, twoStage: 1.2 },
  'MiCo high conv2d': { oneStage: 2.52, twoStage: 0.99 }
}

/** Use cases of latency proxies: fit, judge, compare, transfer, pin, predict, report. */
export function createProxyService(deps: ProxyServiceDeps) {
  const { store, boardSamples, jobs, tasks, emit, nowMs, newId } = deps
  const revived = new Map<string, Proxy>()
  const imported: SampleSet[] = []
  let comparison: { title: string; rows: ComparisonRow[] } = { title: '', rows: [] }
  let transfer: { title: string; points: TransferPoint[] } = { title: '', points: [] }
  let founding: {
    dataset: string
    publishedOneStage: number
    publishedTwoStage: number
    trainMape: number
    randomMape: number
    unseenShapeMape: number
  }[] = []

  const loadSamples = async (source: SampleSource, kernel: KernelName): Promise<Samples> =>
    source.kind === 'files'
      ? (await readSampleFiles(source.paths, kernel)).samples
      : await boardSamples.load(source.boardId, kernel)

  const titleOf = async (source: SampleSource): Promise<string> => {
    if (source.kind === 'files') return source.paths.map((file) => path.basename(file)).join(', ')
    const sets = await boardSamples.list()
    return sets.find((set) => set.boardId === source.boardId)?.boardName ?? source.boardId
  }

  const summaryById = async (id: string): Promise<ProxySummary> => {
    const found = (await store.list()).find((summary) => summary.id === id)
    if (found === undefined) {
      throw new AppError(
        'input.notFound',
        `There is no proxy ${id}.`,
        'Refresh the list; it may have been removed.'
      )
    }
    return found
  }

  const fittedById = async (id: string): Promise<{ summary: ProxySummary; fitted: FitOutput }> => {
    const summary = await summaryById(id)
    const fitted = await store.fitted(id)
    if (fitted === null) {
      throw new AppError(
        'store.corrupt',
        `The proxy ${id} is listed but its model is gone.`,
        'Remove it and fit again.'
      )
    }
    return { summary, fitted }
  }

  /** The fitted model of a stored proxy; kept in memory once read. */
  const proxyById = async (id: string): Promise<Proxy> => {
    const known = revived.get(id)
    if (known !== undefined) return known
    const proxy = proxyFromJson((await fittedById(id)).fitted.proxy)
    revived.set(id, proxy)
    return proxy
  }

  const listChanged = async (): Promise<void> => emit('proxy.listChanged', { proxies: await store.list() })

  const taskOptions = (context: JobContext): TaskOptions => ({
    signal: context.signal,
    onProgress: (done, total, note) => context.progress(done, total, note)
  })

  /** Fits in a worker, stores and announces the proxy. */
  const fit = (request: {
    source: SampleSource
    kernel: KernelName
    estimator?: ProxySummary['requested']
    seed?: number
    title?: string | undefined
  }) => {
    const { source, kernel, estimator = 'auto', seed = 1 } = request
    const started = jobs.start<ProxySummary>({
      kind: 'proxy.fit',
      title: `Fit ${estimator} for ${kernel}`,
      unit: 'stages',
      async run(context) {
        const samples = await loadSamples(source, kernel)
        const fitted = await tasks.run('proxy.fit', { samples, estimator, seed }, taskOptions(context))
        const summary: ProxySummary = {
          id: newId(),
          title: request.title ?? `${kernelSpec(kernel).title}, ${await titleOf(source)}`,
          kernel,
          unit: samples.unit,
          requested: estimator,
          estimator: fitted.proxy.estimator,
          description: fitted.description,
          rows: samples.count,
          shapes: fitted.proxy.shapes,
          boardId: source.kind === 'board' ? source.boardId : null,
          seed,
          createdAtMs: nowMs(),
          trainMape: fitted.splits.train?.mape ?? fitted.proxy.trainMape,
          randomMape: fitted.splits.random?.mape ?? null,
          unseenShapeMape: fitted.splits.shape?.mape ?? null,
          pinned: false
        }
        await store.add(summary, fitted)
        emit('proxy.fitted', { jobId: context.id, proxy: summary })
        await listChanged()
        return summary
      }
    })
    return started
  }

  const compare = (
    source: SampleSource,
    kernel: KernelName,
    names: readonly ComparisonRow['estimator'][],
    seed: number
  ) =>
    jobs.start({
      kind: 'proxy.compare',
      title: `Compare estimators for ${kernel}`,
      unit: 'estimators',
      total: names.length,
      async run(context) {
        const samples = await loadSamples(source, kernel)
        comparison = { title: `${kernel}, ${await titleOf(source)}`, rows: [] }
        for (const [at, estimator] of names.entries()) {
          context.progress(at, names.length, estimator)
          const { description, fitMs, splits } = await tasks.run(
            'proxy.compare',
            { samples, estimator, seed },
            { signal: context.signal }
          )
          const row: ComparisonRow = { estimator, description, fitMs, splits: comparedSplits(splits) }
          comparison.rows.push(row)
          emit('proxy.compared', { jobId: context.id, row })
        }
        context.progress(names.length, names.length, '')
      }
    })

  const handlers: HandlersOf<typeof proxyContract> = {
    'proxy.samples': async () => ({
      sets: [
        ...(await boardSamples.list()).map(({ boardId, boardName, kernel, unit, rows, shapes }) => ({
          source: { kind: 'board' as const, boardId },
          title: boardName,
          kernel,
          unit,
          rows,
          shapes
        })),
        ...imported
      ]
    }),
    'proxy.import': async ({ paths, kernel }) => {
      const { samples, warnings } = await readSampleFiles(paths, kernel)
      const source: SampleSource = { kind: 'files', paths: paths.map((file) => path.resolve(file)) }
      const set: SampleSet = {
        source,
        title: await titleOf(source),
        kernel,
        unit: samples.unit,
        rows: samples.count,
        shapes: groupByShape(samples).groups
      }
      const again = imported.findIndex(
        (other) => JSON.stringify(other.source) === JSON.stringify(source) && other.kernel === kernel
      )
      if (again >= 0) imported.splice(again, 1)
      imported.push(set)
      return { set, warnings }
    },
    'proxy.list': async () => ({ proxies: await store.list() }),
    'proxy.fit': async (request) => {
      const started = fit(request)
      started.result.catch(() => undefined)
      return { jobId: started.jobId }
    },
    'proxy.detail': async ({ id }) => {
      const { summary, fitted } = await fittedById(id)
      const { train, random, shape, loso } = fitted.splits
      return {
        proxy: summary,
        splits: {
          train: required(train),
          ...(random === undefined ? {} : { random }),
          ...(shape === undefined ? {} : { shape }),
          ...(loso === undefined ? {} : { loso })
        },
        points: fitted.points,
        interval: fitted.interval,
        importance: fitted.importance,
        perPair: fitted.perPair,
        learningCurve: fitted.learningCurve
      }
    },
    'proxy.remove': async ({ id }) => {
      await summaryById(id)
      await store.remove(id)
      revived.delete(id)
      await listChanged()
      return { ok: true }
    },
    'proxy.pin': async ({ id, pinned }) => {
      const summary = await summaryById(id)
      for (const other of await store.list()) {
        const rival = other.kernel === summary.kernel && other.boardId === summary.boardId && other.id !== id
        if (pinned && rival && other.pinned) await store.setPinned(other.id, false)
      }
      await store.setPinned(id, pinned)
      await listChanged()
      return { ok: true }
    },
    'proxy.predict': async ({ id, layers, level }) => {
      const proxy = await proxyById(id)
      const rows = shapeRows(proxy.kernel, layers)
      const values = proxy.predict(rows)
      const { low, high } = proxy.interval(rows, level)
      return {
        unit: proxy.unit,
        predictions: Array.from(values, (value, row) => ({ value, low: low[row], high: high[row] }))
      }
    },
    'proxy.compare': async ({ source, kernel, estimators, seed }) => {
      const started = compare(source, kernel, estimators ?? estimatorNames, seed)
      started.result.catch(() => undefined)
      return { jobId: started.jobId }
    },
    'proxy.comparison': async () => comparison,
    'proxy.transfer': async ({ source, target, kernel, sizes, seeds }) => {
      const started = jobs.start({
        kind: 'proxy.transfer',
        title: `Transfer of ${kernel}`,
        unit: 'points',
        async run(context) {
          const [from, to] = [await loadSamples(source, kernel), await loadSamples(target, kernel)]
          const points = await tasks.run(
            'proxy.transfer',
            { source: from, target: to, sizes, seeds },
            taskOptions(context)
          )
          transfer = { title: `${await titleOf(source)} to ${await titleOf(target)}`, points }
          for (const point of points) emit('proxy.transferred', { jobId: context.id, point })
        }
      })
      started.result.catch(() => undefined)
      return { jobId: started.jobId }
    },
    'proxy.transferCurve': async () => transfer,
    'proxy.founding': async ({ sets }) => {
      const started = jobs.start({
        kind: 'proxy.founding',
        title: 'The founding table, measured again',
        unit: 'data sets',
        total: sets.length,
        async run(context) {
          founding = []
          for (const [at, { dataset, source, kernel }] of sets.entries()) {
            context.progress(at, sets.length, dataset)
            const published = foundingPublished[dataset]
            if (published === undefined) {
              throw new AppError(
                'input.invalid',
                `The founding table has no row "${dataset}".`,
                `It has ${Object.keys(foundingPublished).join(', ')}.`
              )
            }
            const samples = await loadSamples(source, kernel)
            const { splits } = await tasks.run(
              'proxy.compare',
              { samples, estimator: 'twoStage', seed: 1 },
              { signal: context.signal }
            )
            founding.push({
              dataset,
              publishedOneStage: published.oneStage,
              publishedTwoStage: published.twoStage,
              trainMape: required(splits.train).mape,
              randomMape: required(splits.random).mape,
              unseenShapeMape: required(splits.shape).mape
            })
          }
        }
      })
      started.result.catch(() => undefined)
      return { jobId: started.jobId }
    },
    'proxy.foundingTable': async () => ({ rows: founding }),
    'proxy.report': async ({ id, folder }) => {
      const { summary, fitted } = await fittedById(id)
      return {
        files: await writeReport(folder, { ...fitted, proxy: await proxyById(id), title: summary.title })
      }
    }
  }

  return {
    handlers,
    fit,
    compare,
    proxyById,
    list: () => store.list(),
    /** The pinned proxy of a kernel on a board, else the newest one; null when there is none. */
    async proxyFor(kernel: KernelName, boardId: string): Promise<Proxy | null> {
      const fitting = (await store.list()).filter(
        (summary) => summary.kernel === kernel && summary.boardId === boardId
      )
      const chosen = fitting.find((summary) => summary.pinned) ?? fitting[0]
      return chosen === undefined ? null : await proxyById(chosen.id)
    },
    /** Latency of a network on a board: proxies by kernel (pinned first), measured operators, calibration. */
    async predictNetwork(
      boardId: string,
      layers: readonly NetworkLayer[],
      costs: Omit<NetworkCosts, 'proxies'> = {}
    ): Promise<NetworkPrediction> {
      const proxies = new Map<KernelName, Proxy>()
      for (const kernel of new Set(layers.map((layer) => layer.kernel))) {
        const found = (await store.list()).filter((s) => s.kernel === kernel && s.boardId === boardId)
        const chosen = found.find((summary) => summary.pinned) ?? found[0]
        if (chosen !== undefined) proxies.set(kernel, await proxyById(chosen.id))
      }
      return predictNetwork(layers, { ...costs, proxies })
    }
  }
}

function comparedSplits(splits: FitOutput['splits']): ComparisonRow['splits'] {
  const { train, random, shape, loso } = splits
  return {
    train: required(train),
    random: required(random),
    ...(shape === undefined ? {} : { shape }),
    ...(loso === undefined ? {} : { loso })
  }
}

function required<T>(value: T | undefined): T {
  if (value === undefined) {
    throw new AppError(
      'proxy.tooFewSamples',
      'The samples are too few for this split.',
      'Profile more layer shapes and try again.'
    )
  }
  return value
}
