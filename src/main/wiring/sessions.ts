import { formatPercentValue } from '../../shared/units'
import path from 'node:path'
import type { ProxySummary } from '../../shared/contract/proxy'
import type { Run } from '../../shared/contract/run'
import type { GpuStore } from '../gpu/store/gpuStore'
import type { EstimatorStore } from '../estimator/estimatorStore'
import type { ModelService } from '../model/modelService'
import { modelFileParts, readModelFile } from '../model/files/readModelFile'
import { resourcePath } from '../paths'
import type { ProxyStore } from '../proxy/proxyStore'
import type { ImportedRuns } from '../runs/importedRuns'
import { createKeptKind } from '../runs/keptRuns'
import type { RunKind } from '../runs/runKeeper'
import { createRunLabels, type RunLabels } from '../runs/runLabels'
import { createSessionService, type SessionService } from '../session/sessionService'
import type { Foundation } from './foundation'
import { sessionTables } from './sessionTables'

/** Session files over the tables of every noun. */
export function connectSessions(
  foundation: Foundation,
  needs: {
    model: ModelService
    imported: ImportedRuns
    proxies: Pick<ProxyStore, 'list'>
    recordings: Pick<GpuStore, 'list'>
    runs: () => Promise<Run[]>
    version: string
  }
): SessionService {
  const { store, emitter, nowMs, newId, dataFolder } = foundation
  const { model, imported, proxies, recordings, runs, version } = needs
  const labels = createRunLabels(store)
  const listed = async () =>
    (await model.handlers['model.list']({}, { signal: new AbortController().signal })).models
  return createSessionService({
    ...{ store, runs, version, nowMs, newId },
    emit: emitter(),
    tables: sessionTables,
    async reliances() {
      const all = (await proxies.list()).proxies
      const traces = (await recordings.list()).filter(({ campaignId }) => campaignId !== undefined)
      return (run, texts) => [
        ...pinnedProxies(all, run, texts),
        ...traces.filter(({ campaignId }) => campaignId === run.id).map(({ id }) => id)
      ]
    },
    async models(ids) {
      const named = (await listed()).filter(({ id }) => ids.has(id))
      const all = named.map(async ({ id, name, shipped }) => {
        return { id, name, shipped, dataSet: (await model.info(id)).dataSet }
      })
      return await Promise.all(all)
    },
    async modelFiles(id) {
      const { path: file } = await model.info(id)
      return await modelFileParts(file)
    },
    modelIds: async () => new Set((await listed()).map(({ id }) => id)),
    modelIdOf: async (file) => (await readModelFile(file)).id,
    openModel: async (file) => void (await model.open(file)),
    async markers() {
      const labelled = [...(await labels.all())]
      return new Map(labelled.map(([id, { markers }]) => [id, markers]))
    },
    origin: () => imported.origin(),
    modelsFolder: path.join(dataFolder, 'models'),
    scratchFolder: path.join(dataFolder, 'sessions'),
    examplesFolder: resourcePath('sessions')
  })
}

/** Proxies that price a run which names none: those of its boards that are pinned, else the newest of each kernel. */
function pinnedProxies(proxies: readonly ProxySummary[], run: Run, texts: ReadonlySet<string>): string[] {
  if (run.kind !== 'search' && run.kind !== 'deployment' && run.kind !== 'loop') return []
  const chosen = new Map<string, { id: string; pinned: boolean }>()
  for (const { id, kernel, boardId, pinned } of proxies) {
    if (boardId === null || !texts.has(boardId)) continue
    const key = `${kernel} ${boardId}`
    if (!chosen.has(key) || (pinned && !chosen.get(key)!.pinned)) chosen.set(key, { id, pinned })
  }
  return [...chosen.values()].map(({ id }) => id)
}

/** What other domains keep that is listed as runs, deleted ones too. */
export interface Kept {
  recordings: Pick<GpuStore, 'list' | 'unreadable'>
  removeRecording(id: string): Promise<void>
  estimators: Pick<EstimatorStore, 'list' | 'unreadable' | 'remove'>
}

/** Recordings, proxies and estimators as runs: listed, named, deleted and restored like all others. */
export function keptKinds(labels: RunLabels, kept: Kept, proxies: ProxyStore): RunKind[] {
  return [
    createKeptKind({
      ...{ kind: 'recording', noun: 'recording', labels, remove: kept.removeRecording },
      unreadable: () => kept.recordings.unreadable(),
      facts: async () =>
        (await kept.recordings.list()).map(
          ({ id, title, state, startedAtMs, durationMs, samples, gpus }) => ({
            ...{ id, title, startedAtMs, model: null, dataSet: null },
            state: state === 'commandFailed' ? ('failed' as const) : state,
            detail: `${samples} readings of ${gpus.map(({ name }) => name).join(', ')}`,
            finishedAtMs: durationMs === null ? null : startedAtMs + durationMs,
            board: gpus[0]?.name ?? null
          })
        )
    }),
    createKeptKind({
      ...{ kind: 'proxy', noun: 'proxy', labels, remove: (id) => proxies.remove(id) },
      facts: async () =>
        (await proxies.list()).proxies.map((proxy) => ({
          ...{ id: proxy.id, title: proxy.title, state: 'done' as const, startedAtMs: proxy.createdAtMs },
          ...{ finishedAtMs: proxy.createdAtMs, model: null, board: proxy.boardId, dataSet: null },
          detail: `${proxy.estimator} for ${proxy.kernel}, ${proxy.rows} rows, ${errorText(proxy.unseenShapeMape)}`
        }))
    }),
    createKeptKind({
      ...{ kind: 'estimator', noun: 'estimator', labels, remove: (id) => kept.estimators.remove(id) },
      unreadable: async () =>
        (await kept.estimators.unreadable()).map(({ createdAtMs, ...row }) => ({
          ...row,
          startedAtMs: createdAtMs
        })),
      facts: async () =>
        (await kept.estimators.list()).map((estimator) => ({
          ...{ id: estimator.id, title: estimator.title, state: 'done' as const },
          ...{ startedAtMs: estimator.createdAtMs, finishedAtMs: estimator.createdAtMs },
          ...{ model: null, board: null, dataSet: null },
          detail: `${estimator.model}, ${estimator.stages.length} stages, held-out error ${formatPercentValue(estimator.totalMape, 1)}`
        }))
    })
  ]
}

const errorText = (mape: number | null): string =>
  mape === null ? 'error on unseen shapes unknown' : `error on unseen shapes ${formatPercentValue(mape, 1)}`
