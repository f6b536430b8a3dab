import path from 'node:path'
import { recurrentWorkOf, workloadsOf, type Workload } from '../../../core/model/workload'
import type { Graph } from '../../../core/model/graph'
import { proxyFromJson, type Proxy } from '../../../core/proxy/fit/proxy'
import {
  boardSchemeOf,
  isBits,
  isKernelBits,
  schemeOf,
  type Bits,
  type Scheme
} from '../../../core/quant/scheme'
import { allowedOf, checkAllowed, type AllowedBits } from '../../../core/search/allowedBits'
import { proxyCosts, recurrentLayers } from '../../../core/search/costs/costModels'
import {
  createSpace,
  tableCost,
  widthsFor,
  type SchemeCost,
  type SearchSpace
} from '../../../core/search/space'
import { parseBitPair } from '../../../shared/bitPair'
import { quantityOf } from '../../../shared/vocabulary'
import { AppError } from '../../../shared/errors'
import { analyticCosts, predictedQuantities } from '../../costs/searchCosts'
import { readUserText } from '../../proxy/proxyFiles'
import {
  choiceOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext
} from '../framework/framework'

/** Costs that a search on files alone can count: they need no board. */
export const fileCosts = ['bops', 'size', 'energy', 'bitfusion'] as const
type FileCost = (typeof fileCosts)[number]

/** A search space with the budgets that options name. */
export interface BudgetedSpace {
  readonly space: SearchSpace
  /** One per cost of the space; null: no limit. */
  readonly ratios: readonly (number | null)[]
  readonly names: readonly (FileCost | ProxyCost)[]
}

/** Reads --proxy or --cost, --budget-ratio, --also, --bits and --pin. */
export async function budgetedSpace(
  args: CliArguments,
  context: CliContext,
  graph: Graph
): Promise<BudgetedSpace> {
  const workloads = workloadsOf(graph)
  const layers = workloads.map(({ layer }) => layer)
  const also = alsoWithin(textOption(args, 'also'), [...fileCosts, ...proxyCostKinds])
  const allowed = allowedBits(args, layers)
  const widths = widthsFor(allowed)
  const predicted = await predictedCosts(args, context, graph, workloads)
  const [firstPredicted] = predicted.keys()
  const names = [
    firstPredicted ?? choiceOption(args, 'cost', fileCosts) ?? 'bops',
    ...also.map(({ name }) => name)
  ]
  const space = createSpace({
    layers,
    macs: workloads.map(({ macs }) => macs),
    costs: names.map((name) =>
      isFileCost(name)
        ? tableCost(analyticCosts[name](workloads, widths, recurrentWorkOf(graph)))
        : (predicted.get(name) ?? needsProxies(name))
    ),
    allowed,
    widths
  })
  return { space, ratios: [ratioOption(args), ...also.map(({ ratio }) => ratio)], names }
}

/** Costs that proxies predict, in the order in which they become the first. */
const proxyCostKinds = ['proxy', 'boardEnergy'] as const
type ProxyCost = (typeof proxyCostKinds)[number]

const isFileCost = (name: FileCost | ProxyCost): name is FileCost => Object.hasOwn(analyticCosts, name)

function needsProxies(name: ProxyCost): never {
  throw new UsageError(`${name} needs proxies of ${predictedQuantities[name]} (--proxy P.json,…)`)
}

/** Latency and energy as the proxies of --proxy predict them: of each quantity, one proxy per kernel. */
async function predictedCosts(
  args: CliArguments,
  context: CliContext,
  graph: Graph,
  workloads: Workload[]
): Promise<ReadonlyMap<ProxyCost, SchemeCost>> {
  const byQuantity = { latency: new Map<Proxy['kernel'], Proxy>(), energy: new Map<Proxy['kernel'], Proxy>() }
  for (const file of textOption(args, 'proxy')?.split(',') ?? []) {
    const proxy = proxyFromJson(parse(await readUserText(path.resolve(context.cwd, file)), file))
    byQuantity[quantityOf(proxy.unit)].set(proxy.kernel, proxy)
  }
  const constant = recurrentLayers(graph)
  return new Map(
    proxyCostKinds.flatMap((name): [ProxyCost, SchemeCost][] => {
      const proxies = byQuantity[predictedQuantities[name]]
      return proxies.size === 0 ? [] : [[name, tableCost(proxyCosts(workloads, proxies, 0, constant))]]
    })
  )
}

/** Reads --budget-ratio; null: none. @throws UsageError */
export function ratioOption(args: CliArguments): number | null {
  const text = textOption(args, 'budget-ratio') ?? '0.7'
  if (text === 'none') return null
  return ratio(text, '--budget-ratio')
}

function ratio(text: string, option: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value > 0 && value <= 1) return value
  throw new UsageError(`${option} must be a number above 0, at most 1, not "${text}"`)
}

/** Reads `size=0.5,energy=0.6` of the given costs. @throws UsageError */
export function alsoWithin<Kind extends string>(
  text: string | undefined,
  kinds: readonly Kind[]
): { name: Kind; ratio: number }[] {
  return (text === undefined ? [] : text.split(',')).map((part) => {
    const [given = '', share = ''] = part.split('=')
    const name = kinds.find((kind) => kind === given)
    if (name === undefined) throw new UsageError(`--also counts ${kinds.join(', ')}, not "${given}"`)
    return { name, ratio: ratio(share, '--also') }
  })
}

/**
 * Reads `--bits 8,4,2` for all layers and `--pin conv1=w8a8,fc3=w8` for single ones.
 * @throws UsageError; AppError search.invalid for a layer pinned twice, or an input pinned to other than 8 bits
 */
export function allowedBits(args: CliArguments, layers: readonly string[]): AllowedBits[] {
  const widths = textOption(args, 'bits')?.split(',').map(bits) ?? null
  const pins = (textOption(args, 'pin')?.split(',') ?? []).map((part): AllowedBits => {
    const [, layer, widths = ''] = /^(.+)=(.+)$/.exec(part) ?? []
    const pair = parseBitPair(widths)
    const weightBits = pair?.weightBits ?? /^w(\d+)$/i.exec(widths)?.[1]
    const activationBits = pair?.activationBits ?? /^a(\d+)$/i.exec(widths)?.[1]
    if (layer === undefined || (weightBits === undefined && activationBits === undefined)) {
      throw new UsageError(`--pin takes LAYER=wWaA, LAYER=wW or LAYER=aA, not "${part}"`)
    }
    return {
      layer,
      ...(weightBits === undefined ? {} : { weightBits: [bits(weightBits)] }),
      ...(activationBits === undefined ? {} : { activationBits: [bits(activationBits)] })
    }
  })
  const allowed = allowedOf(layers, widths, pins)
  checkAllowed(allowed, layers)
  return allowed
}

/**
 * Reads --start. A file's own scheme is taken up to widths with kernels where the search has no others.
 * @throws AppError scheme.invalid
 */
export function startScheme(
  args: CliArguments,
  graph: Graph,
  allowed: readonly AllowedBits[]
): Scheme | undefined {
  const text = textOption(args, 'start')
  if (text === undefined) return undefined
  return widthsFor(allowed).every(isKernelBits) ? boardSchemeOf(text, graph) : schemeOf(text, graph)
}

function bits(text: string | number): Bits {
  const value = Number(text)
  if (isBits(value)) return value
  throw new UsageError(`Widths are 1 to 8, not "${text}"`)
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError(
      'proxy.invalid',
      `${file} is not JSON.`,
      'Give a file written by `bitbench proxy fit --out`.',
      { cause }
    )
  }
}
