import type { Job } from '../../shared/contract/job'
import type { Loop, LoopStepId } from '../../shared/contract/loop'
import type { ProxySummary } from '../../shared/contract/proxy'
import { AppError } from '../../shared/errors'
import { namedScoreText, scoreText } from '../../shared/score'
import { unseenErrorText } from '../../shared/text/unseenError'
import { countOf, formatAmount, formatCount, formatPercent } from '../../shared/units'
import type { LoopCalls } from './loopCalls'

/** What a step is given: the loop so far, where to store what it makes, and how to wait for its job. */
export interface StepContext {
  readonly loop: Loop
  readonly calls: LoopCalls
  readonly signal: AbortSignal
  /** Stores changes of the loop at once: a crash after it loses nothing. */
  change(changes: Partial<Loop>): Promise<void>
  /** Stores the job of the step and waits for its end. @throws the job's error */
  follow(jobId: string): Promise<void>
}

/** Runs one step and returns its results, one line each. A step that was interrupted goes on where it stopped. */
export type StepWork = (context: StepContext) => Promise<string[]>

/** Kernels with weights in the order they are fitted. */
const fittedKernels = ['conv2d', 'matmul', 'depthwiseConv2d'] as const

/** What each step does; the order is that of the contract's step ids. */
export const stepWork: Readonly<Record<LoopStepId, StepWork>> = {
  connect,
  profile,
  fit,
  search,
  deploy,
  check
}

async function connect({ loop, calls, change }: StepContext): Promise<string[]> {
  const { board } = await calls.call('board.connect', { id: loop.request.boardId })
  if (board.info === null) {
    throw new AppError(
      'board.notMonitor',
      `${loop.request.boardId} did not identify itself.`,
      'Load the Bitbench monitor first.'
    )
  }
  const { isa, buildId } = board.info
  await change({
    board: { kind: board.kind, name: board.name, isa, buildId },
    modelId: loop.modelId ?? loop.request.modelId ?? (await shippedModel(calls))
  })
  return [`${board.name} is connected`, `${isa}, counts ${board.unit}`]
}

async function shippedModel(calls: LoopCalls): Promise<string> {
  const { models } = await calls.call('model.list', {})
  const shipped = models.find((model) => model.shipped && model.name.startsWith('lenet5')) ?? models[0]
  if (shipped !== undefined) return shipped.id
  throw new AppError('data.missing', 'No model is shipped with this copy.', 'Open one and name it.')
}

async function profile({ loop, calls, change, follow }: StepContext): Promise<string[]> {
  const { boardId, seed, spaceFilling } = loop.request
  const { campaigns } = await calls.call('profile.campaigns', {})
  const begun = campaigns.find(({ id }) => id === loop.campaignId)
  if (begun?.state !== 'done') {
    const { jobId, campaignId } =
      begun === undefined
        ? await calls.call('profile.run', { boardId, modelId: loop.modelId, seed, spaceFilling })
        : await calls.call('profile.resume', { campaignId: begun.id })
    await change({ campaignId })
    await follow(jobId)
  }
  const campaignId = loop.campaignId!
  const { total } = await calls.call('profile.samples', { campaignId, limit: 1 })
  await change({ samples: total })
  return [`${countOf(total, 'sample', formatCount)}, outputs verified against the host`]
}

async function fit(context: StepContext): Promise<string[]> {
  const { loop, calls, change } = context
  for (const kernel of fittedKernels) {
    const measured = { campaignId: loop.campaignId!, kernel, limit: 1 }
    if ((await calls.call('profile.samples', measured)).total === 0) continue
    const stored = (await calls.call('proxy.list', {})).proxies
    const known = loop.proxies.find(({ kernel: of }) => of === kernel)
    if (stored.some(({ id }) => id === known?.proxyId)) continue
    const fitted = await fitKernel(context, kernel, new Set(stored.map(({ id }) => id)))
    await calls.call('proxy.pin', { id: fitted.id })
    const others = loop.proxies.filter(({ kernel: of }) => of !== kernel)
    await change({ proxies: [...others, { kernel, proxyId: fitted.id }] })
  }
  if (loop.proxies.length === 0) {
    throw new AppError('proxy.tooFewSamples', 'There are no samples to fit.', 'Run the profile step again.')
  }
  const { proxies } = await calls.call('proxy.list', {})
  return loop.proxies.map(({ proxyId }) => fitText(proxies.find(({ id }) => id === proxyId)!))
}

async function fitKernel(
  { loop, calls, follow }: StepContext,
  kernel: ProxySummary['kernel'],
  before: ReadonlySet<string>
): Promise<ProxySummary> {
  const { boardId, seed, estimator } = loop.request
  const source = { kind: 'board', boardId } as const
  const { jobId } = await calls.call('proxy.fit', { source, kernel, seed, estimator })
  await follow(jobId)
  const { proxies } = await calls.call('proxy.list', {})
  const fitted = proxies.find((proxy) => !before.has(proxy.id) && proxy.kernel === kernel)
  if (fitted !== undefined) return fitted
  throw new AppError('proxy.kernelMissing', `No ${kernel} proxy came out of the fit.`, 'Profile more shapes.')
}

function fitText({ kernel, unseenShapeMape, estimator }: ProxySummary): string {
  return `${kernel}: ${unseenErrorText(unseenShapeMape)} (${estimator})`
}

async function search({ loop, calls, change, follow }: StepContext): Promise<string[]> {
  const { budgetRatio, evaluations, seed } = loop.request
  const begun = loop.searchId === null ? null : await found(calls, loop.searchId)
  if (begun?.state !== 'done') {
    const { jobId, searchId } =
      begun === null
        ? await calls.call('search.start', {
            ...{ modelId: loop.modelId!, strategy: 'auto', cost: 'proxy', budgetRatio, evaluations, seed },
            proxyId: loop.proxies[0].proxyId
          })
        : await calls.call('search.resume', { searchId: begun.id })
    await change({ searchId })
    await follow(jobId)
  }
  const result = (await calls.call('search.get', { searchId: loop.searchId! })).search
  const { best } = result
  if (best === null) {
    throw new AppError(
      'search.invalid',
      `No scheme is within ${formatPercent(budgetRatio, 0)} of the int8 cost.`,
      'Raise the budget, or choose a board where low bits are cheaper.'
    )
  }
  return [
    `${formatPercent(best.cost / result.baselineCost)} of the cost of int8`,
    `${namedScoreText(result.metric, best.accuracy)}${result.metric === 'accuracy' ? ' right' : ''} on the search split, int8 ${scoreText(result.metric, result.int8Accuracy)}`
  ]
}

/** A search that may have been deleted since. */
async function found(calls: LoopCalls, searchId: string) {
  return await calls.call('search.get', { searchId }).then(
    ({ search: stored }) => stored,
    () => null
  )
}

async function deploy({ loop, calls, change, follow }: StepContext): Promise<string[]> {
  const { boardId, images } = loop.request
  const { deployments } = await calls.call('deploy.list', {})
  const begun = deployments.find(({ id }) => id === loop.deploymentId)
  if (begun?.state !== 'done') {
    const { search: result } = await calls.call('search.get', { searchId: loop.searchId! })
    const { scheme } = result.best!
    const { method } = result.request
    const { jobId, deploymentId } =
      begun === undefined
        ? await calls.call('deploy.run', { modelId: loop.modelId!, scheme, method, boardId, images })
        : await calls.call('deploy.resume', { deploymentId: begun.id })
    await change({ deploymentId })
    await follow(jobId)
  }
  const { deployment } = await calls.call('deploy.get', { deploymentId: loop.deploymentId! })
  return [
    `${countOf(deployment.imagesDone, 'image', formatCount)} run on ${deployment.boardName}`,
    ...(deployment.boardAccuracy === null
      ? []
      : [`${formatPercent(deployment.boardAccuracy)} right on the board`])
  ]
}

async function check({ loop, calls }: StepContext): Promise<string[]> {
  const { deployment } = await calls.call('deploy.get', { deploymentId: loop.deploymentId! })
  if (deployment.bitExact !== true) {
    throw new AppError(
      'deploy.mismatch',
      'The board’s outputs differ from the host’s.',
      'Open Deploy: it lists the first differences.'
    )
  }
  const { predicted, measured, relativeError, unit } = deployment
  return [
    'Every output is bit for bit what the host computes',
    `Predicted ${formatAmount(predicted, unit)}, counted ${formatAmount(measured, unit)} per image (${formatPercent(relativeError)})`
  ]
}

/** Share of a job that is done, 0 to 1; 0 while its total is not known. */
export const shareOf = (job: Job): number => (job.total > 0 ? Math.min(1, job.done / job.total) : 0)
