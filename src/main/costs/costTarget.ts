import { isCountUnit, proxyKernelNames, type ProxyKernelName } from '../../shared/vocabulary'
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
  /** The pinned proxy of a kernel on a board, else the newest one; null when there is none. */
  proxyFor(kernel: ProxyKernelName, boardId: string): Promise<Proxy | null>
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
  /** Null: without two-point calibration. */
  modelId: string | null
}

/**
 * Chooses the proxies that price layers on a board: for every kernel the pinned one, else the newest; the proxy asked
 * for by id replaces that of its kernel.
 *
 * @throws proxy.kernelMissing when no board can be derived from the request
 */
export async function costTarget(deps: CostTargetDeps, request: CostRequest): Promise<CostTarget> {
  const { proxyId, boardId, modelId } = request
  const summaries = await deps.proxies.list()
  const asked = summaries.find((summary) =>
    proxyId === null ? summary.pinned && summary.boardId !== null : summary.id === proxyId
  )
  const target = boardId ?? asked?.boardId ?? null
  if (target === null) {
    throw new AppError(
      'proxy.kernelMissing',
      proxyId === null ? 'No proxy of a board is pinned.' : 'This proxy was not fitted on a board.',
      'Profile a board, fit a proxy on its Samples and pin it.'
    )
  }
  const proxies = new Map<ProxyKernelName, Proxy>()
  for (const kernel of proxyKernelNames) {
    const found = await deps.proxies.proxyFor(kernel, target)
    if (found !== null) proxies.set(kernel, found)
  }
  if (asked !== undefined && asked.boardId === target) {
    proxies.set(asked.kernel, await deps.proxies.proxyById(asked.id))
  }
  const [first] = proxies.values()
  const unit = first !== undefined && isCountUnit(first.unit) ? first.unit : 'cycles'
  const measured =
    modelId === null ? null : await deps.calibrations.points(target, modelId, unit, deps.buildOf(target))
  return { boardId: target, unit, proxies, measured }
}
