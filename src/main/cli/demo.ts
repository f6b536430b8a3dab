import { formatBitPair } from '../../shared/bitPair'
import path from 'node:path'
import type { CommandInput } from '../../shared/contract'
import type { Deployment } from '../../shared/contract/deploy'
import type { ProxySummary } from '../../shared/contract/proxy'
import type { Loop } from '../../shared/contract/loop'
import type { Search } from '../../shared/contract/search'
import { scoreText, scoreTitle } from '../../shared/score'
import { countOf, formatCount, formatPercent, formatPercentValue } from '../../shared/units'
import { AppError } from '../../shared/errors'
import { writeWholeFile } from '../files/replaceFile'
import { lineOptions, openLine } from './board/boardLine'
import { numberOption, textOption, type CliNoun } from './framework/framework'
import { dataSetOption } from './model/ownData'
import { clientOf, createProgressLine, shippedModelId, type LocalClient } from './framework/localClient'
import { networkPath } from './model/networkPath'

/** `bitbench demo`: the whole loop without a window, as the stored run that the Start page starts too. */
export const demoCli: CliNoun = {
  noun: 'demo',
  verbs: {
    demo: {
      summary: 'Profiles a board, fits a proxy, searches a scheme, deploys it and compares every output.',
      usage:
        '[--board virtual:small|virtual:mid|virtual:high|qemu|PATH] [--baud N] [--seed S] [--budget-ratio R] [--images N] [--out FILE]',
      options: {
        board: { type: 'string', help: 'board id or serial port', default: 'virtual:small' },
        ...lineOptions,
        seed: { type: 'string', help: 'seed of design, fit and search', default: '1' },
        model: { type: 'string', help: 'ONNX file; the shipped LeNet-5 without' },
        ...dataSetOption,
        'budget-ratio': { type: 'string', help: 'budget as a share of the int8 cost', default: '0.75' },
        evaluations: { type: 'string', help: 'schemes the search may evaluate', default: '20' },
        images: { type: 'string', help: 'test images to run on the board', default: '250' },
        out: { type: 'string', help: 'file that gets the JSON too' }
      },
      async run(args, context) {
        const startedMs = performance.now()
        const seed = numberOption(args, 'seed', { min: 0, max: 0xffff_ffff, integer: true }) ?? 1
        const out = textOption(args, 'out')
        const client = await clientOf(context)
        const modelPath = textOption(args, 'model')
        const modelId =
          modelPath === undefined
            ? await shippedModelId(client)
            : await openModel(client, modelPath, context.cwd)
        const dataSet = textOption(args, 'dataset')
        if (dataSet !== undefined) await client.call('model.useDataSet', { modelId, dataSet })
        const boardId = textOption(args, 'board') ?? 'virtual:small'
        await openLine(client, boardId, args)
        const result = await runLoop(
          client,
          {
            boardId,
            modelId,
            seed,
            budgetRatio: numberOption(args, 'budget-ratio', { min: 0.05, max: 1 }) ?? 0.75,
            evaluations: numberOption(args, 'evaluations', { min: 4, max: 500, integer: true }) ?? 20,
            images: numberOption(args, 'images', { min: 1, max: 10_000, integer: true }) ?? 250
          },
          context.log
        )
        const json = { ...result, seed, seconds: Math.round((performance.now() - startedMs) / 100) / 10 }
        if (out !== undefined)
          await writeWholeFile(path.resolve(context.cwd, out), `${JSON.stringify(json, null, 2)}\n`)
        return { json, text: table(json), exitCode: result.deploy.bitExact ? 0 : 1 }
      }
    }
  }
}

type DemoResult = Awaited<ReturnType<typeof runLoop>>

const openModel = async (client: LocalClient, file: string, cwd: string): Promise<string> =>
  (await client.call('model.open', { path: networkPath(cwd, file) })).model.id

/** Runs the stored loop (loop.run) to its end and reads what its steps made. */
async function runLoop(
  client: LocalClient,
  request: CommandInput<'loop.run'> & { boardId: string },
  log: (line: string) => void
) {
  const { loopId, jobId } = await client.call('loop.run', request)
  log(`Loop ${loopId}; if it is interrupted: bitbench run resume ${loopId}`)
  const failure = await client.finish(jobId, createProgressLine(log, process.stderr)).then(
    () => null,
    (reason: unknown) => AppError.from(reason)
  )
  const { loop } = await client.call('loop.get', { loopId })
  // Outputs that differ are a verdict with figures, not a reason to show none.
  if (failure !== null && failure.code !== 'deploy.mismatch') throw failure
  const result = await resultOf(client, loop)
  await client.call('board.disconnect', { id: request.boardId })
  return result
}

async function resultOf(client: LocalClient, loop: Loop) {
  const { proxies: stored } = await client.call('proxy.list', {})
  const proxies = loop.proxies.map(({ proxyId }) => stored.find(({ id }) => id === proxyId)!)
  const { search } = await client.call('search.get', { searchId: loop.searchId! })
  const { deployment } = await client.call('deploy.get', { deploymentId: loop.deploymentId! })
  return {
    board: loop.board!,
    samples: loop.samples!,
    proxy: summariseProxies(proxies),
    search: summariseSearch(search),
    scheme: search.best!.scheme,
    deploy: summariseDeployment(deployment)
  }
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
    /** What the scores below are. */
    metric: search.metric,
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
  const rows: [string, string][] = [
    ['Board', `${board.name} (${board.kind}, ${board.isa})`],
    ['Samples', String(result.samples)],
    [
      'Proxy error, unseen shapes',
      `${formatPercentValue(proxy.unseenShapeMape)}  (random fold ${formatPercentValue(proxy.randomMape)}, training ${formatPercentValue(proxy.trainMape)})`
    ],
    ['Search', `${countOf(search.evaluations, 'scheme')}, budget ${formatCount(search.budget, search.unit)}`],
    [
      'Cost int8 -> best',
      `${formatCount(search.baselineCost)} -> ${formatCount(search.bestCost, search.unit)} (${formatPercent(search.bestCost / search.baselineCost)})`
    ],
    [
      `${scoreTitle(search.metric)} float / int8 / best`,
      [search.fpAccuracy, search.int8Accuracy, search.bestAccuracy]
        .map((score) => scoreText(search.metric, score))
        .join(' / ')
    ],
    [
      'Against int8',
      search.versusInt8 === null
        ? 'not tested'
        : `${(100 * search.versusInt8.difference).toFixed(2)} ± ${(100 * search.versusInt8.margin).toFixed(2)} points (95 %) on ${countOf(search.testImages, 'test image')}`
    ],
    [
      'Scheme',
      scheme
        .map((layer) => `${layer.layer} ${formatBitPair(layer.weightBits, layer.activationBits)}`)
        .join(', ')
    ],
    [
      'Bit for bit',
      deploy.bitExact
        ? `equal on ${countOf(deploy.images, 'image')}`
        : `DIFFERS on ${countOf(deploy.images, 'image')}`
    ],
    [
      'Accuracy on board / host',
      deploy.boardAccuracy === null
        ? 'none: the items have no label for every output'
        : `${formatPercent(deploy.boardAccuracy)} / ${formatPercent(deploy.hostAccuracy)}`
    ],
    [
      'Per image predicted / measured',
      `${formatCount(deploy.predicted)} / ${formatCount(deploy.measured, deploy.unit)} (error ${formatPercent(deploy.relativeError)}, ${deploy.origin}${overBudget(deploy, search)})`
    ],
    ['Time', `${result.seconds} s`]
  ]
  const width = Math.max(...rows.map(([label]) => label.length))
  return rows.map(([label, value]) => `${label.padEnd(width)}  ${value}`).join('\n')
}

/** ", 1.6 % over the budget" where the board needs more than the budget that the prediction keeps; else nothing. */
export function overBudget(
  { measured, unit }: { measured: number | null; unit: string },
  search: { budget: number | null; unit: string }
): string {
  if (measured === null || search.budget === null || unit !== search.unit) return ''
  return measured <= search.budget ? '' : `, ${formatPercent(measured / search.budget - 1)} over the budget`
}
