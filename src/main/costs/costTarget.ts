import {
  isCountUnit,
  isSampleUnit,
  proxyKernelNames,
  quantityOf,
  type ProxyKernelName,
  type Quantity
} from '../../shared/vocabulary'
import type { Proxy } from '../../core/proxy/fit/proxy'
import type { ProxySummary } from '../../shared/contract/proxy'
import { AppError } from '../../shared/errors'
import type { CalibrationStore } from './calibrationStore'
import type { CostTarget } from './networkCost'

/** The part of the proxy service that choosing proxies needs. */
export interface ProxySource {
  list(): Promise<ProxySummary[]>
  /** @throws input.notFound */
  proxyById(id: string): Promise<Proxy>
  /** The pinned proxy of a kernel's quantity on a board, else the newest one; null when there is none. */
  proxyFor(kernel: ProxyKernelName, boardId: string, quantity: Quantity): Promise<Proxy | null>
}

/** Proxies and calibrations that a target is chosen from. */
export interface CostTargetDeps {
  proxies: ProxySource
  calibrations: Pick<CalibrationStore, 'points'>
  /** Build of the firmware on a connected board; null while it is not connected. */
  buildOf: (boardId: string) => number | null
}

/** Which network on which board, and which proxy was requested; null: the board's pinned ones. */
export interface CostRequest {
  proxyId: string | null
  /** Null: the board of the requested proxy, else of the first pinned proxy. */
  boardId: string | null
  /** Null: without two-point calibration, which energy never has. */
  modelId: string | null
  /** Default latency. A proxy of the other quantity that is requested names the board alone. */
  quantity?: Quantity
}

/**
 * Chooses the proxies that price layers on a board: for every kernel the pinned one, else the newest; the proxy requested
 * for by id replaces that of its kernel.
 *
 * @throws proxy.kernelMissing when no board can be derived from the request
 */
export async function costTarget(deps: CostTargetDeps, request: CostRequest): Promise<CostTarget> {
  const { proxyId, boardId, modelId, quantity = 'latency' } = request
  const summaries = await deps.proxies.list()
  const asked = summaries.find((summary) =>
    proxyId === null
      ? summary.pinned && summary.boardId !== null && quantityOf(summary.unit) === quantity
      : summary.id === proxyId
  )
  const target = boardId ?? asked?.boardId ?? null
  if (target === null) {
    throw new AppError(
      'proxy.kernelMissing',
      proxyId === null
        ? quantity === 'energy'
          ? "No proxy of a board's energy is pinned."
          : 'No proxy of a board is pinned.'
        : 'This proxy was not fitted on a board.',
      quantity === 'energy'
        ? 'Profile a board with a power meter beside it, fit a proxy on its energy and pin it.'
        : 'Profile a board, fit a proxy on its Samples and pin it.'
    )
  }
  const proxies = new Map<ProxyKernelName, Proxy>()
  for (const kernel of proxyKernelNames) {
    const found = await deps.proxies.proxyFor(kernel, target, quantity)
    if (found !== null) proxies.set(kernel, found)
  }
  if (asked !== undefined && asked.boardId === target && quantityOf(asked.unit) === quantity) {
    proxies.set(asked.kernel, await deps.proxies.proxyById(asked.id))
  }
  const [first] = proxies.values()
  const usual = quantity === 'energy' ? 'nJ' : 'cycles'
  const unit = first !== undefined && isSampleUnit(first.unit) ? first.unit : usual
  const measured =
    modelId === null || !isCountUnit(unit)
      ? null
      : await deps.calibrations.points(target, modelId, unit, deps.buildOf(target))
  return { boardId: target, unit, proxies, measured }
}
