import type { ComparedRecording } from '../../core/compare/compareRecordings'
import type { Deployment } from '../../shared/contract/deploy'
import type { Sample } from '../../shared/contract/profile'
import type { Search } from '../../shared/contract/search'
import { AppError } from '../../shared/errors'
import type { Dispatch } from '../hosts/dispatcher'
import { createRunComparison, type ComparedBoard } from '../runs/runComparison'
import { createCommandCaller } from './commandCaller'

/** Samples of a campaign that are read at a time. */
const samplePage = 20_000

/** Comparison of stored runs over the contract itself; `dispatch` may only exist later. */
export function connectComparison(dispatch: () => Dispatch): ReturnType<typeof createRunComparison> {
  const call = createCommandCaller(dispatch)
  const search = async (searchId: string): Promise<Search> => (await call('search.get', { searchId })).search
  const deployment = async (deploymentId: string): Promise<Deployment> =>
    (await call('deploy.get', { deploymentId })).deployment
  const samples = (campaignId: string): Promise<Sample[]> => readSamples(call, { campaignId })
  return createRunComparison({
    run: async (id) => (await call('run.get', { id })).run,
    search,
    deployment,
    samples,
    board: (boardId) => readBoard(call, boardId),
    proxy: (id) => call('proxy.detail', { id }),
    estimator: (id) => call('estimator.detail', { id }),
    collection: (id) => call('estimator.collection', { id }),
    recording: (id) => readRecording(call, id),
    async workload(id) {
      const { run } = await call('workload.get', { id })
      const [recordingId] = run.recordingIds
      // A recording that was deleted since leaves the figures of the run.
      const power =
        recordingId === undefined ? null : await readRecording(call, recordingId).catch(() => null)
      const { confidence } = run.request
      return { model: run.subject?.model ?? 'unknown', tables: run.tables, confidence, power }
    },
    async loop(loopId) {
      const { loop } = await call('loop.get', { loopId })
      return {
        loop,
        samples: await present(loop.campaignId, samples),
        proxies: await Promise.all(
          loop.proxies.map(({ proxyId }) => present(proxyId, (id) => call('proxy.detail', { id })))
        ),
        search: await present(loop.searchId, search),
        deployment: await present(loop.deploymentId, deployment)
      }
    }
  })
}

/** What a step of a loop made; null when it did not come so far, or when that run was deleted since. */
async function present<R>(id: string | null, read: (id: string) => Promise<R>): Promise<R | null> {
  if (id === null) return null
  try {
    return await read(id)
  } catch (error) {
    if (AppError.from(error).code === 'input.notFound') return null
    throw error
  }
}

async function readSamples(
  call: ReturnType<typeof createCommandCaller>,
  of: { campaignId: string } | { boardId: string }
): Promise<Sample[]> {
  const found: Sample[] = []
  for (let offset = 0, total = 1; offset < total; offset += samplePage) {
    const page = await call('profile.samples', { ...of, limit: samplePage, offset })
    found.push(...page.samples)
    total = page.total
  }
  return found
}

/** Samples of a board that are compared at most: they are held in memory. */
const maxBoardSamples = 500_000

/** @throws input.notFound for a board without Samples, input.unsupported for one with too many */
async function readBoard(
  call: ReturnType<typeof createCommandCaller>,
  boardId: string
): Promise<ComparedBoard> {
  const groups = (await call('profile.summary', {})).groups.filter((group) => group.boardId === boardId)
  const [first] = groups
  if (first === undefined)
    throw new AppError(
      'input.notFound',
      `Nothing was measured on a board ${boardId}.`,
      'Run or import a campaign of it; `bitbench board list` shows the boards.'
    )
  const count = groups.reduce((sum, group) => sum + group.samples, 0)
  if (count > maxBoardSamples)
    throw new AppError(
      'input.unsupported',
      `${first.boardName} has ${count} Samples; at most ${maxBoardSamples} are compared at once.`,
      'Compare campaigns of it instead.'
    )
  return {
    name: first.boardName,
    newestAtMs: Math.max(...groups.map((group) => group.newestAtMs)),
    samples: await readSamples(call, { boardId })
  }
}

/** Points of a power curve: about two a pixel of a wide chart. */
const tracePoints = 1200

async function readRecording(
  call: ReturnType<typeof createCommandCaller>,
  id: string
): Promise<ComparedRecording> {
  const report = await call('energy.report', { recordingId: id })
  const traces = await Promise.all(
    report.gpus.map(async ({ gpuIndex }) => ({
      gpuIndex,
      envelope: await call('gpu.recordingTrace', { id, gpuIndex, metric: 'powerW', buckets: tracePoints })
    }))
  )
  return { report, traces }
}
