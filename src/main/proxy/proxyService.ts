import { shapeRows } from '../../core/proxy/samples'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { proxyContract } from '../../shared/contract/proxy'
import { AppError } from '../../shared/errors'
import type { JobService } from '../jobs/jobService'
import { createComparisons } from './comparisons'
import { createFittedProxies } from './fittedProxies'
import { writeReport } from './proxyReport'
import type { ProxyStore } from './proxyStore'
import { createSampleSources, type BoardSamples } from './fitSources'
import type { ProxyTaskRunner } from './taskRunner'

export type { BoardSamples } from './fitSources'
export type { ProxyTaskRunner } from './taskRunner'

/** What the proxy service is made from. */
export interface ProxyServiceDeps {
  store: ProxyStore
  boardSamples: BoardSamples
  jobs: JobService
  tasks: ProxyTaskRunner
  emit: EmitterOf<typeof proxyContract>
  nowMs: () => number
  newId: () => string
}

/** All commands of the noun but those of whole-network calibration, which main/costs provides. */
type ProxyHandlers = Omit<
  HandlersOf<typeof proxyContract>,
  `proxy.${'calibrate' | 'calibrations' | 'forgetCalibration'}`
>

/** The latency proxies of the contract. */
export type ProxyService = ReturnType<typeof createProxyService>

/** Use cases of latency proxies: fit, judge, compare, transfer, pin, predict, report. */
export function createProxyService(deps: ProxyServiceDeps) {
  const sources = createSampleSources(deps.boardSamples)
  const proxies = createFittedProxies({ ...deps, sources })

  const handlers: ProxyHandlers = {
    ...createComparisons({ ...deps, sources }),
    'proxy.samples': async () => ({ sets: await sources.sets() }),
    'proxy.import': ({ paths, kernel, decimal }) => sources.importFiles(paths, kernel, decimal),
    'proxy.list': () => proxies.listStored(),
    'proxy.fit': async (request) => {
      const { jobId } = proxies.fit(request)
      return { jobId }
    },
    'proxy.detail': async ({ id }) => {
      const { summary, fitted } = await proxies.find(id)
      const { train, random, shape, loso } = fitted.splits
      if (train === undefined) {
        throw new AppError('store.corrupt', `The proxy ${id} was stored without its errors.`, 'Fit it again.')
      }
      return {
        proxy: summary,
        splits: {
          train,
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
      await proxies.remove(id)
      return { ok: true }
    },
    'proxy.pin': async ({ id, pinned }) => {
      await proxies.pin(id, pinned)
      return { ok: true }
    },
    'proxy.predict': async ({ id, layers, level }) => {
      const proxy = await proxies.proxyById(id)
      const rows = shapeRows(proxy.kernel, layers)
      const values = proxy.predict(rows)
      const { low, high } = proxy.interval(rows, level)
      return {
        unit: proxy.unit,
        predictions: Array.from(values, (value, row) => ({ value, low: low[row], high: high[row] }))
      }
    },
    'proxy.report': async ({ id, folder }) => {
      const { summary, fitted } = await proxies.find(id)
      const proxy = await proxies.proxyById(id)
      return { files: await writeReport(folder, { ...fitted, proxy, title: summary.title }) }
    }
  }

  return {
    handlers,
    fit: proxies.fit,
    list: proxies.list,
    proxyById: proxies.proxyById,
    proxyFor: proxies.proxyFor
  }
}
