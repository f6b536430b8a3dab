import { type BoardInfo, requireSpan } from '../../core/board/boardInfo'
import type { Plan } from '../../core/deploy/plan'
import { ratioInterval } from '../../core/math/ratioInterval'
import type { QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import type { DeployPlan, DeployRequest, Deployment } from '../../shared/contract/deploy'
import { AppError } from '../../shared/errors'
import type { JobContext } from '../jobs/jobService'
import { hostClockText, isTimedByHost, timeRepetitions } from '../../core/board/hostClock'
import { type BatchExecution, ioOf, runBatches, type DeploySession } from './boardRun'
import { compareBatch, startComparison, type Comparison } from './compare'
import type { Runner } from './imageRunner'
import type { DeployBoards, DeployModels } from './deployNeeds'

/** A network that is planned for a board. */
export interface Prepared {
  network: QuantizedNetwork
  plan: Plan
  described: DeployPlan
}

/** Brings the network onto a leased board in the requested form. */
export type Loader = (
  session: DeploySession,
  prepared: Prepared,
  options: {
    signal: AbortSignal
    onStep: (step: Deployment['step']) => Promise<void>
    onProgress: (doneBytes: number, totalBytes: number) => void
  }
) => Promise<Runner>

/**
 * One deployment from plan to verdict. `change` is called with every change of the record; a failure is recorded before it
 * is thrown, so that the record always says how it ended. On a core without a counter the outputs are compared all the same
 * and the network is timed by the host's clock, or `measured` stays null.
 */
export async function runDeployment(
  deployment: Deployment,
  deps: DeploymentDeps,
  { signal, progress }: JobContext
): Promise<void> {
  const { boards, models, prepare, change, nowMs } = deps
  const { request } = deployment
  try {
    const info = await boards.info(request.boardId)
    await change({ step: 'plan', clockHz: info.clockHz })
    progress(0, request.images, 'planning')
    const prepared = await prepare(request, info)
    const { network, described } = prepared
    await change({ step: 'quantize', plan: described, predicted: described.predicted })

    progress(0, request.images, 'host reference')
    const inputs = await models.testInputs(request.modelId, request.images)
    const host = await models.reference(network, inputs.codes, inputs.images, signal)
    const site: RunSite = { deployment, info, prepared, inputs, host, deps, context: { signal, progress } }
    await boards.withLease(request.boardId, `deploying ${deployment.modelName}`, (session) =>
      runOnBoard(session, site)
    )
    await change({ state: 'done', step: 'done', finishedAtMs: nowMs() })
  } catch (reason) {
    const failure = AppError.from(reason)
    const { code, message, hint } = failure
    await change(
      signal.aborted
        ? { state: 'cancelled', finishedAtMs: nowMs() }
        : { state: 'failed', finishedAtMs: nowMs(), error: { code, message, hint } }
    )
    throw failure
  }
}

/** What a deployment needs of other nouns, and where its changes go. */
export interface DeploymentDeps {
  boards: DeployBoards
  models: DeployModels
  prepare: (request: DeployRequest, info: BoardInfo) => Promise<Prepared>
  load: Loader
  change: (changes: Partial<Deployment>) => Promise<void>
  nowMs: () => number
  /** A clock that does not go back, ms; default the computer's. */
  steadyMs?: () => number
}

/** All that a run on a leased board works with. */
interface RunSite {
  readonly deployment: Deployment
  readonly info: BoardInfo
  readonly prepared: Prepared
  readonly inputs: Awaited<ReturnType<DeployModels['testInputs']>>
  readonly host: Awaited<ReturnType<DeployModels['reference']>>
  readonly deps: DeploymentDeps
  readonly context: Pick<JobContext, 'signal' | 'progress'>
}

/** Loads the network, runs and compares all images, and records the verdict. */
async function runOnBoard(session: DeploySession, site: RunSite): Promise<void> {
  const { deployment, info, prepared, inputs, deps, context } = site
  const { change, load, steadyMs = () => performance.now() } = deps
  const isCounted = info.counters[deployment.unit]
  const runner = await load(session, prepared, {
    signal: context.signal,
    onStep: (step) => change({ step }),
    onProgress: (doneBytes, totalBytes) =>
      context.progress(
        0,
        inputs.images,
        `uploading ${Math.round(doneBytes / 1024)} of ${Math.round(totalBytes / 1024)} KiB`
      )
  })
  await change({ step: 'run' })
  const { comparison, batches } = await compareImages(session, runner, site)
  const spent = batches.reduce((sum, batch) => sum + batch.spent, 0)
  const timedByHost =
    isTimedByHost({ info, origin: deployment.origin }) &&
    (await timeNetwork(runner, Math.min(runner.place.images, inputs.images), info.clockHz ?? 0, steadyMs))
  const { measured, measuredBy } = isCounted
    ? { measured: spent / inputs.images, measuredBy: null }
    : timedByHost || { measured: null, measuredBy: null }
  const { described } = prepared
  await change({
    ...verdict(comparison, measured, described.predicted, inputs.labels !== null),
    measuredBy,
    interval: isCounted ? intervalOver(batches, (batch) => batch.spent) : null,
    layers: layerCosts(described, batches, inputs.images)
  })
}

/** What the board counted for a batch of images, and for every layer of the Plan; null where it counts no layers. */
interface CountedBatch {
  images: number
  spent: number
  layers: number[] | null
}

/** Runs all images and compares their outputs with the host's. */
async function compareImages(
  session: DeploySession,
  runner: Runner,
  { deployment, info, prepared, inputs, host, deps, context }: RunSite
): Promise<{ comparison: Comparison; batches: CountedBatch[] }> {
  const { network } = prepared
  const { nowMs, change } = deps
  const comparison = startComparison()
  const isCounted = info.counters[deployment.unit]
  const batches: CountedBatch[] = []
  /** Counters of the layers go on over all batches. */
  let before: number[] = []
  const execute: BatchExecution = async (count, first) => {
    const startedMs = nowMs()
    const counted = await runner.execute(count, first)
    // Time passes otherwise on a simulated board.
    if (isCounted && deployment.origin === 'measured') requireSpan(info, (nowMs() - startedMs) / count)
    return counted
  }
  const { place } = runner
  const io = ioOf(network)
  for await (const batch of runBatches(
    session,
    place,
    io,
    inputs.codes,
    inputs.images,
    execute,
    context.signal
  )) {
    const counters = isCounted ? await runner.layerCounters() : null
    const upToNow = counters?.map((layer) => layer[deployment.unit]) ?? null
    const layers = upToNow?.map((sum, layer) => sum - (before[layer] ?? 0)) ?? null
    batches.push({ images: batch.count, spent: batch.spent[deployment.unit], layers })
    before = upToNow ?? []
    compareBatch(comparison, batch, host, inputs.labels, network.outputCount)
    context.progress(comparison.images, inputs.images, 'comparing with the host')
    await change({ imagesDone: comparison.images })
  }
  return { comparison, batches }
}

/**
 * Times the images that lie on the board by the host's clock. A network too short for it has no figure but says so.
 *
 * @param images how many lie there
 */
async function timeNetwork(
  runner: Runner,
  images: number,
  clockHz: number,
  nowMs: () => number
): Promise<Pick<Deployment, 'measured' | 'measuredBy'>> {
  const hint = 'Compare more images, or describe a counter of the board (docs/boards.md).'
  if (images < 2) return { measured: null, measuredBy: `one image alone cannot be timed by the host’s clock` }
  try {
    const time = await timeRepetitions(
      async (count) => {
        await runner.execute(count, 0)
      },
      { what: 'This network', hint, clockHz, maxRepetitions: images, nowMs }
    )
    return { measured: time.cycles.mean, measuredBy: hostClockText(time) }
  } catch (reason) {
    const { code, message } = AppError.from(reason)
    if (code !== 'board.refused') throw reason
    // It stands within a sentence.
    return { measured: null, measuredBy: message.replace(/\.$/, '') }
  }
}

/** @param measured per image; null on a core without a counter, which reports zeros */
function verdict(
  comparison: Comparison,
  measured: number | null,
  predicted: number | null,
  hasLabels: boolean
): Partial<Deployment> {
  return {
    bitExact: comparison.differentOutputs === 0,
    mismatches: comparison.mismatches,
    boardAccuracy: hasLabels ? comparison.boardCorrect / comparison.images : null,
    hostAccuracy: hasLabels ? comparison.hostCorrect / comparison.images : null,
    measured,
    relativeError: predicted === null || measured === null ? null : (predicted - measured) / measured
  }
}

/** 95 % interval of a cost per image over the batches. */
function intervalOver(
  batches: readonly CountedBatch[],
  cost: (batch: CountedBatch) => number
): Deployment['interval'] {
  const images = batches.map((batch) => batch.images)
  const found = ratioInterval(batches.map(cost), images, 0.95)
  return found && { low: found.low, high: found.high }
}

function layerCosts(
  described: DeployPlan,
  batches: readonly CountedBatch[],
  images: number
): Deployment['layers'] {
  if (batches.some(({ layers }) => layers === null)) return []
  return described.layers.map((layer, index) => {
    const cost = (batch: CountedBatch): number => batch.layers?.[index] ?? 0
    const measured = batches.reduce((sum, batch) => sum + cost(batch), 0) / images
    const { name, op, predicted } = layer
    return {
      name,
      op,
      predicted,
      measured,
      interval: intervalOver(batches, cost),
      relativeError: predicted === null || measured === 0 ? null : (predicted - measured) / measured
    }
  })
}
