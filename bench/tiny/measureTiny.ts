import { AppError } from '../../src/shared/errors'
import { schemeKey, uniformScheme } from '../../src/core/quant/scheme'
import type { Deployment } from '../../src/shared/contract/deploy'
import type { ModelInfo } from '../../src/shared/contract/model'
import type { Search } from '../../src/shared/contract/search'
import type { ScoreName } from '../../src/shared/score'
import type { LocalClient } from '../../src/main/cli/framework/localClient'
import type { TinyReference } from './reference'

/** How the networks are searched and run. */
export interface TinySettings {
  /** The first one's latency is what the search keeps within its budget. */
  readonly boards: readonly string[]
  /** Test items run on every board. */
  readonly images: number
  readonly evaluations: number
  /** Latency of the scheme as a share of int8's. */
  readonly budget: number
  readonly seed: number
}

/** One scheme of a network on the boards. */
export interface TinyRun {
  readonly scheme: string
  /** On the test split, 0..1. */
  readonly score: number
  readonly imageBytes: number
  readonly ramBytes: number
  /** Per item by board, in the unit of its counter; every output was equal to the host's. */
  readonly costs: Readonly<Record<string, { readonly cost: number; readonly unit: string }>>
}

/** A network of MLPerf Tiny at int8 and at the scheme that the search chose. */
export interface TinyResult {
  readonly network: string
  readonly benchmark: string
  readonly parameters: number
  readonly macs: number
  readonly published: { readonly parameters: number; readonly macs: number }
  readonly metric: ScoreName
  /** Items of the test split. */
  readonly items: number
  readonly float: number
  readonly int8: TinyRun
  readonly found: TinyRun
}

/** Weights below 8 bits make kernels faster; single bits only lose accuracy on networks as small as these. */
const widths = { weightBits: [8, 4, 2], activationBits: [8, 4] } as const

/**
 * Profiles the network's layers on the first board, searches a scheme within the latency budget, and runs int8 and that
 * scheme on every board.
 *
 * @throws Error when an output on a board differs from the host's, or no scheme is within the budget
 */
export async function measureTiny(
  client: LocalClient,
  reference: TinyReference,
  settings: TinySettings,
  log: (line: string) => void
): Promise<TinyResult> {
  const { models } = await client.call('model.list', {})
  const shipped = models.find(({ name }) => name === reference.file)
  if (shipped === undefined) throw new Error(`${reference.file} is not shipped with this copy`)
  const { model } = await client.call('model.info', { modelId: shipped.id })
  const search = await searched(client, model, settings, log)
  const { best, test } = search
  if (best === null || test?.best == null) throw new Error(`${reference.file}: no scheme within the budget`)
  const int8 = uniformScheme(model.weightedLayers, 8, 8)
  const runs: TinyRun[] = []
  for (const [scheme, score] of [
    [int8, test.int8],
    [best.scheme, test.best]
  ] as const) {
    const deployments: Deployment[] = []
    for (const boardId of settings.boards) {
      log(`${model.name}: ${schemeKey(scheme)} on ${boardId}`)
      const request = {
        modelId: model.id,
        boardId,
        images: settings.images,
        scheme: scheme.map((bits) => ({ ...bits }))
      }
      deployments.push(await deployed(client, request))
    }
    const { plan } = deployments[0]!
    const costs = deployments.map(({ measured, unit }, at) => [
      settings.boards[at]!,
      { cost: measured!, unit }
    ])
    runs.push({
      scheme: schemeKey(scheme),
      score,
      imageBytes: plan!.imageBytes,
      ramBytes: plan!.peakRamBytes,
      costs: Object.fromEntries(costs)
    })
  }
  const { parameters, macs } = model
  return {
    network: reference.file,
    benchmark: reference.benchmark,
    parameters,
    macs,
    published: { parameters: reference.parameters, macs: reference.macs },
    metric: search.metric,
    items: test.images,
    float: test.float,
    int8: runs[0]!,
    found: runs[1]!
  }
}

async function searched(
  client: LocalClient,
  model: ModelInfo,
  { boards, evaluations, budget, seed }: TinySettings,
  log: (line: string) => void
): Promise<Search> {
  const boardId = boards[0]!
  log(`${model.name}: profiling its layers on ${boardId}`)
  const pairs = widths.weightBits.flatMap((weightBits) =>
    widths.activationBits.map((activationBits) => ({ weightBits, activationBits }))
  )
  const campaign = { boardId, modelId: model.id, pairs, spaceFilling: 6, repetitions: 1, seed }
  await client.call('board.connect', { id: boardId })
  await client.finish((await client.call('profile.run', campaign)).jobId)
  await client.call('board.disconnect', { id: boardId })
  const { sets } = await client.call('proxy.samples', {})
  for (const { source, kernel } of sets) {
    await client.finish((await client.call('proxy.fit', { source, kernel, seed })).jobId)
  }
  const { proxies } = await client.call('proxy.list', {})
  log(`${model.name}: searching, ${evaluations} evaluations`)
  const { searchId, jobId } = await client.call('search.start', {
    modelId: model.id,
    cost: 'proxy',
    proxyId: proxies[0]!.id,
    budgetRatio: budget,
    evaluations,
    seed,
    allowed: model.weightedLayers.map((layer) => ({
      layer,
      weightBits: [...widths.weightBits],
      activationBits: [...widths.activationBits]
    }))
  })
  await client.finish(jobId)
  return (await client.call('search.get', { searchId })).search
}

/** Deployments that a link timeout may interrupt before the run is given up: emulators stall on a loaded machine. */
const attempts = 3

/** Runs items on a board, each output compared with the host's; tried again where a simulated board was too slow for its time limit. */
export async function deployed(
  client: LocalClient,
  request: Parameters<typeof client.call<'deploy.run'>>[1]
): Promise<Deployment> {
  for (let attempt = 1; ; attempt++) {
    await client.call('board.connect', { id: request.boardId })
    try {
      const { jobId, deploymentId } = await client.call('deploy.run', request)
      await client.finish(jobId)
      const { deployment } = await client.call('deploy.get', { deploymentId })
      if (deployment.bitExact === true && deployment.measured !== null) return deployment
      throw new Error(`${deployment.modelName} on ${request.boardId}: an output differs from the host's`)
    } catch (error) {
      if (attempt === attempts || !(error instanceof AppError && error.code === 'board.timeout')) throw error
    } finally {
      await client.call('board.disconnect', { id: request.boardId })
    }
  }
}
