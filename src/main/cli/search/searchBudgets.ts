import path from 'node:path'
import { workloadsOf, type Workload } from '../../../core/model/workload'
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
import { proxyCosts } from '../../../core/search/costModels'
import {
  createSpace,
  tableCost,
  widthsFor,
  type AllowedBits,
  type SchemeCost,
  type SearchSpace
} from '../../../core/search/space'
import { parseBitPair } from '../../../shared/bitPair'
import { AppError } from '../../../shared/errors'
import { analyticCosts } from '../../costs/searchCosts'
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
  readonly names: readonly string[]
}

/** Reads --proxy or --cost, --budget-ratio, --also, --bits and --pin. */
export async function budgetedSpace(
  args: CliArguments,
  context: CliContext,
  graph: Graph
): Promise<BudgetedSpace> {
  const workloads = workloadsOf(graph)
  const layers = workloads.map(({ layer }) => layer)
  const also = alsoWithin(textOption(args, 'also'))
  const allowed = allowedBits(args, layers)
  const widths = widthsFor(allowed)
  const first = await firstCost(args, context, workloads, widths)
  const space = createSpace({
    layers,
    macs: workloads.map(({ macs }) => macs),
    costs: [first.cost, ...also.map(({ name }) => tableCost(analyticCosts[name](workloads, widths)))],
    allowed,
    widths
  })
  return {
    space,
    ratios: [ratioOption(args), ...also.map(({ ratio }) => ratio)],
    names: [first.name, ...also.map(({ name }) => name)]
  }
}

async function firstCost(
  args: CliArguments,
  context: CliContext,
  workloads: Workload[],
  widths: readonly Bits[]
): Promise<{ name: string; cost: SchemeCost }> {
  const files = textOption(args, 'proxy')
  if (files === undefined) {
    const name = choiceOption(args, 'cost', fileCosts) ?? 'bops'
    return { name, cost: tableCost(analyticCosts[name](workloads, widths)) }
  }
  const proxies = new Map<Proxy['kernel'], Proxy>()
  for (const file of files.split(',')) {
    const proxy = proxyFromJson(parse(await readUserText(path.resolve(context.cwd, file)), file))
    proxies.set(proxy.kernel, proxy)
  }
  return { name: 'proxy', cost: tableCost(proxyCosts(workloads, proxies)) }
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

/** Reads `size=0.5,energy=0.6`. @throws UsageError */
export function alsoWithin(text: string | undefined): { name: FileCost; ratio: number }[] {
  return (text === undefined ? [] : text.split(',')).map((part) => {
    const [name = '', share = ''] = part.split('=')
    if (!(fileCosts as readonly string[]).includes(name)) {
      throw new UsageError(`--also counts ${fileCosts.join(', ')}, not "${name}"`)
    }
    return { name: name as FileCost, ratio: ratio(share, '--also') }
  })
}

/** Reads `--bits 8,4,2` for all layers, then `--pin conv1=w8a8,fc3=w8` for single ones. @throws UsageError */
export function allowedBits(args: CliArguments, layers: readonly string[]): AllowedBits[] {
  const widths = textOption(args, 'bits')?.split(',').map(bits)
  const general =
    widths === undefined ? [] : layers.map((layer) => ({ layer, weightBits: widths, activationBits: widths }))
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
  return [...general, ...pins]
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
