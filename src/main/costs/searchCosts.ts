import type { BoardInfo } from '../../core/board/boardInfo'
import type { RecurrentWork, Workload } from '../../core/model/workload'
import type { QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import { bitFusionCosts, bopsCosts, energyCosts, sizeCosts } from '../../core/search/costs/costModels'
import type { CostTable } from '../../core/search/costs/costTable'
import { ramCost } from '../../core/search/costs/ramCost'
import { tableCost, type SchemeCost } from '../../core/search/space'
import { bitWidths, isKernelBits, type Bits } from '../../core/quant/scheme'
import { AppError } from '../../shared/errors'
import type { CostKind } from '../../shared/contract/search'
import type { Quantity } from '../../shared/vocabulary'

/** A cost and, for latency and RAM, the board it holds for. */
export interface PricedBy {
  readonly cost: SchemeCost
  readonly board: string | null
}

/** What the costs of a search are made from. */
export interface SearchCostDeps {
  workloads(modelId: string): Promise<Workload[]>
  recurrentWork(modelId: string): Promise<RecurrentWork[]>
  int8Network(modelId: string): Promise<QuantizedNetwork>
  /** Predicted latency or energy with its board. @throws AppError proxy.kernelMissing when no proxy predicts it */
  predicted(
    modelId: string,
    proxyId: string | null,
    quantity: Quantity
  ): Promise<{ table: CostTable; board: string }>
  /** The board RAM is planned for: that of the proxy, else any whose kernels are known. */
  planBoard(proxyId: string | null): Promise<{ id: string; info: BoardInfo }>
}

/**
 * What a budget of a search counts, for one model.
 * @throws AppError search.invalid for latency and RAM of a board at widths without kernels
 */
export async function searchCost(
  deps: SearchCostDeps,
  modelId: string,
  kind: CostKind,
  proxyId: string | null,
  widths: readonly Bits[] = bitWidths
): Promise<PricedBy> {
  if (isOfBoard(kind) && !widths.every(isKernelBits)) throw onlyKernelWidths(kind)
  if (isPredicted(kind)) {
    const { table, board } = await deps.predicted(modelId, proxyId, predictedQuantities[kind])
    return { cost: tableCost(table), board }
  }
  if (kind === 'ram') {
    const { id, info } = await deps.planBoard(proxyId)
    return { cost: ramCost(await deps.int8Network(modelId), info), board: id }
  }
  const [workloads, recurrent] = [await deps.workloads(modelId), await deps.recurrentWork(modelId)]
  return { cost: tableCost(analyticCosts[kind](workloads, widths, recurrent)), board: null }
}

/** Costs that proxies predict, with what the proxies are of. */
export const predictedQuantities = { proxy: 'latency', boardEnergy: 'energy' } as const

const isPredicted = (kind: CostKind): kind is keyof typeof predictedQuantities =>
  Object.hasOwn(predictedQuantities, kind)

/** Costs that only a board's own kernels have, with what they are called. */
const boardCosts = { proxy: 'latency', boardEnergy: 'energy on a board', ram: 'RAM' } as const

const isOfBoard = (kind: CostKind): kind is keyof typeof boardCosts => Object.hasOwn(boardCosts, kind)

function onlyKernelWidths(kind: keyof typeof boardCosts): AppError {
  return new AppError(
    'search.invalid',
    `Boards compute ${bitWidths.join(', ')} bits; ${boardCosts[kind]} at other widths is not known.`,
    'Leave the other widths out, or choose BitFusion cycles, bit operations, size or the analytic energy as the cost.'
  )
}

/** Costs that need the network's shapes alone. BitFusion runs no recurrences: they are left out of its cycles. */
export const analyticCosts = {
  bops: bopsCosts,
  size: sizeCosts,
  energy: energyCosts,
  bitfusion: (workloads: readonly Workload[], widths?: readonly Bits[]) => bitFusionCosts(workloads, widths)
} as const
