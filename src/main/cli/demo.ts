import type { Deployment } from '../../shared/contract/deploy'
import type { ProxySummary } from '../../shared/contract/proxy'
import type { Search } from '../../shared/contract/search'
import { formatCount, formatPercent } from '../../shared/units'
import { AppError } from '../../shared/errors'
import { numberOption, textOption, type CliNoun } from './framework'
import { dataSetOption } from './ownData'
import { createLocalClient, createProgressLine, shippedModelId, type LocalClient } from './localClient'

/** `bitbench demo`: the whole loop without a window, over the same commands as the guided first run. */
export const demoCli: CliNoun = {
  noun: 'demo',
  summary: 'the whole loop: connect, profile, fit, search, deploy, check',
  verbs: {
    demo: {
      summary: 'Profiles a board, fits a proxy, searches a scheme, deploys it and compares every output.',
      usage:
        '[--board virtual:small|virtual:mid|virtual:high|qemu|PATH] [--seed S] [--budget-ratio R] [--images N]',
      options: {
        board: { type: 'string', help: 'board id or serial port', default: 'virtual:small' },
        seed: { type: 'string', help: 'seed of design, fit and search', default: '1' },
        model: { type: 'string', help: 'ONNX file; the shipped LeNet-5 without' },
        ...dataSetOption,
        'budget-ratio': { type: 'string', help: 'budget as a share of the int8 cost', default: '0.75' },
        evaluations: { type: 'string', help: 'schemes the search may evaluate', default: '20' },
        images: { type: 'string', help: 'test images to run on the board', default: '250' }
      },
      async run(args, context) {
        const startedMs = performance.now()
        const seed = numberOption(args, 'seed', { min: 0, max: 0xffff_ffff, integer: true }) ?? 1
        const client = createLocalClient(await context.bitbench(), context.signal)
        const result = await runLoop(client, {
          boardId: textOption(args, 'board') ?? 'virtual:small',
          modelPath: textOption(args, 'model'),
          dataSet: textOption(args, 'dataset'),
          seed,
          budgetRatio: numberOption(args, 'budget-ratio', { min: 0.05, max: 1 }) ?? 0.75,
          evaluations: numberOption(args, 'evaluations', { min: 4, max: 500, integer: true }) ?? 20,
          images: numberOption(args, 'images', { min: 1, max: 10_000, integer: true }) ?? 250,
          say: context.log
        })
        const json = { ...result, seed, seconds: Math.round((performance.now() - startedMs) / 100) / 10 }
        return { json, text: table(json), exitCode: result.deploy.bitExact ? 0 : 1 }
      }
    }
  }
}

interface LoopOptions {
  boardId: string
  modelPath: string | undefined
  dataSet: string | undefined
  seed: number
  budgetRatio: number
  evaluations: number
  images: number
  say: (line: string) => void
}

type DemoResult = Awaited<ReturnType<typeof runLoop>>

async function runLoop(client: LocalClient, options: LoopOptions) {
  const { boardId, seed, say } = options
  const follow = (jobId: string): Promise<void> =>
    client.finish(jobId, createProgressLine(say, process.stderr))

  say(`1/5 Connecting ${boardId}`)
  const { board } = await client.call('board.connect', { id: boardId })
  if (board.info === null) {
    throw new AppError(
      'board.notMonitor',
      `${boardId} did not identify itself.`,
      'Load the Bitbench monitor first.'
    )
  }
  const modelId = await chooseModel(client, options.modelPath)
  if (options.dataSet !== undefined)
    await client.call('model.useDataSet', { modelId, dataSet: options.dataSet })

  say(`2/5 Profiling kernels on ${board.name}`)
  const campaign = await client.call('profile.run', { boardId, modelId, seed })
  await follow(campaign.jobId)
  const { total: samples } = await client.call('profile.samples', {
    campaignId: campaign.campaignId,
    limit: 1
  })

  say('3/5 Fitting latency proxies')
  const proxies = await fitProxies(client, boardId, seed, follow)

  say(`4/5 Searching a scheme within ${formatPercent(options.budgetRatio, 0)} of the int8 cost`)
  const started = await client.call('search.start', {
    modelId,
    strategy: 'auto',
    cost: 'proxy',
    proxyId: proxies[0]!.id,
    budgetRatio: options.budgetRatio,
    evaluations: options.evaluations,
    seed
  })
  await follow(started.jobId)
  const { search } = await client.call('search.get', { searchId: started.searchId })
  if (search.best === null) {
    throw new AppError(
      'search.invalid',
      `No scheme is within ${options.budgetRatio} of the int8 cost on ${board.name}.`,
      'Raise --budget-ratio, or choose a board where low bits are cheaper.'
    )
  }

  say(`5/5 Deploying to ${board.name} and comparing ${options.images} images bit for bit`)
  const run = await client.call('deploy.run', {
    modelId,
    scheme: search.best.scheme,
    boardId,
    images: options.images
  })
  await follow(run.jobId)
  const { deployment } = await client.call('deploy.get', { deploymentId: run.deploymentId })
  await client.call('board.disconnect', { id: boardId })

  return {
    board: { kind: board.kind, name: board.name, isa: board.info.isa, buildId: board.info.buildId },
    samples,
    proxy: summariseProxies(proxies),
    search: summariseSearch(search),
    scheme: search.best.scheme,
    deploy: summariseDeployment(deployment)
  }
}

async function chooseModel(client: LocalClient, modelPath: string | undefined): Promise<string> {
  if (modelPath === undefined) return await shippedModelId(client)
  return (await client.call('model.open', { path: modelPath })).model.id
}

async function fitProxies(
  client: LocalClient,
  boardId: string,
  seed: number,
  follow: (jobId: string) => Promise<void>
): Promise<ProxySummary[]> {
  const fitted: ProxySummary[] = []
  for (const kernel of ['conv2d', 'matmul'] as const) {
    const before = new Set((await client.call('proxy.list', {})).proxies.map((proxy) => proxy.id))
    const { jobId } = await client.call('proxy.fit', { source: { kind: 'board', boardId }, kernel, seed })
    await follow(jobId)
    const { proxies } = await client.call('proxy.list', {})
    const proxy = proxies.find((candidate) => !before.has(candidate.id) && candidate.kernel === kernel)
    if (proxy === undefined) {
      throw new AppError(
        'proxy.kernelMissing',
        `No ${kernel} proxy came out of the fit.`,
        'Profile more shapes.'
      )
    }
    await client.call('proxy.pin', { id: proxy.id })
    fitted.push(proxy)
  }
  return fitted
}

/** Errors of both kernels pooled by rows; each kernel's own stand beside them. */
function summariseProxies(proxies: ProxySummary[]) {
  const pooled = (of: (proxy: ProxySummary) => number | null): number | null => {
    const known = proxies.filter((proxy) => of(proxy) !== null)
    const rows = known.reduce((sum, proxy) => sum + proxy.rows, 0)
    return rows === 0 ? null : known.reduce((sum, proxy) => sum + of(proxy)! * proxy.rows, 0) / rows
  }
  return {
    trainMape: pooled((proxy) => proxy.trainMape),
    randomMape: pooled((proxy) => proxy.randomMape),
    unseenShapeMape: pooled((proxy) => proxy.unseenShapeMape),
    kernels: proxies.map(({ kernel, description, rows, shapes, trainMape, randomMape, unseenShapeMape }) => ({
      kernel,
      estimator: description,
      rows,
      shapes,
      trainMape,
      randomMape,
      unseenShapeMape
    }))
  }
}

function summariseSearch(search: Search) {
  return {
    evaluations: search.trace.length,
    budget: search.budget,
    unit: search.costUnit,
    baselineCost: search.baselineCost,
    bestCost: search.best!.cost,
    /** On images no choice was made on, where the search has looked; else on the search split. */
    bestAccuracy: search.test?.best ?? search.best!.accuracy,
    int8Accuracy: search.test?.int8 ?? search.int8Accuracy,
    fpAccuracy: search.test?.float ?? search.floatAccuracy,
    /** Test images, and the paired difference to int8 on them with its 95 % margin. */
    testImages: search.test?.images ?? null,
    versusInt8: search.test?.versusInt8 ?? null,
    searchSplit: {
      bestAccuracy: search.best!.accuracy,
      int8Accuracy: search.int8Accuracy,
      fpAccuracy: search.floatAccuracy
    }
  }
}

function summariseDeployment(deployment: Deployment) {
  const { request, bitExact, boardAccuracy, hostAccuracy, predicted, measured, unit, origin, relativeError } =
    deployment
  return {
    images: request.images,
    bitExact: bitExact === true,
    boardAccuracy,
    hostAccuracy,
    predicted,
    measured,
    unit,
    origin,
    relativeError,
    peakRamBytes: deployment.plan?.peakRamBytes ?? null,
    layers: deployment.layers
  }
}

function table(result: DemoResult & { seconds: number }): string {
  const { board, proxy, search, scheme, deploy } = result
  const percent = (value: number | null): string => formatPercent(value, 1)
  const mape = (value: number | null): string => (value === null ? '–' : `${value.toFixed(1)} %`)
  const rows: [string, string][] = [
    ['Board', `${board.name} (${board.kind}, ${board.isa})`],
    ['Samples', String(result.samples)],
    [
      'Proxy error, unseen shapes',
      `${mape(proxy.unseenShapeMape)}  (random fold ${mape(proxy.randomMape)}, training ${mape(proxy.trainMape)})`
    ],
    ['Search', `${search.evaluations} schemes, budget ${formatCount(search.budget, search.unit)}`],
    [
      'Cost int8 -> best',
      `${formatCount(search.baselineCost)} -> ${formatCount(search.bestCost, search.unit)} (${percent(search.bestCost / search.baselineCost)})`
    ],
    [
      'Accuracy float / int8 / best',
      [search.fpAccuracy, search.int8Accuracy, search.bestAccuracy].map(percent).join(' / ')
    ],
    [
      'Against int8',
      search.versusInt8 === null
        ? 'not tested'
        : `${(100 * search.versusInt8.difference).toFixed(2)} ± ${(100 * search.versusInt8.margin).toFixed(2)} points (95 %) on ${search.testImages} test images`
    ],
    [
      'Scheme',
      scheme.map((layer) => `${layer.layer} w${layer.weightBits}a${layer.activationBits}`).join(', ')
    ],
    [
      'Bit for bit',
      deploy.bitExact ? `equal on ${deploy.images} images` : `DIFFERS on ${deploy.images} images`
    ],
    ['Accuracy on board / host', `${percent(deploy.boardAccuracy)} / ${percent(deploy.hostAccuracy)}`],
    [
      'Per image predicted / measured',
      `${formatCount(deploy.predicted)} / ${formatCount(deploy.measured, deploy.unit)} (error ${percent(deploy.relativeError)}, ${deploy.origin})`
    ],
    ['Time', `${result.seconds} s`]
  ]
  const width = Math.max(...rows.map(([label]) => label.length))
  return rows.map(([label, value]) => `${label.padEnd(width)}  ${value}`).join('\n')
}
