import { callsOf, type KernelCall, type LayerCalls } from '../../core/deploy/kernelCalls'
import {
  costByAnyVisits,
  costByVisits,
  measuredCost,
  type MeasuredCall
} from '../../core/deploy/operatorCost'
import { atBits } from '../../core/deploy/uniformBits'
import type { Workload } from '../../core/model/workload'
import { isProxyKernel, isRecurrentKernel, requireProxyKernel } from '../../core/kernel/spec'
import { toShapeRows } from '../../core/profile/proxyRows'
import { AppError } from '../../shared/errors'
import type { ProxyKernelName, RecurrentKernel, SampleUnit } from '../../shared/vocabulary'
import { calibrateNetwork, type NetworkLine } from '../../core/proxy/fit/network'
import type { Proxy } from '../../core/proxy/fit/proxy'
import type { IntegerLayer, QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import { proxyCosts, withNarrowRecurrences } from '../../core/search/costs/costModels'
import type { CostTable } from '../../core/search/costs/costTable'

/**
 * Cost of whole networks on one board, latency or energy: inner products by the fitted proxies, the other operators by what was measured
 * of them, and all of it on the line through two whole networks that were run, where there are such points. Search requests a
 * table over all bit pairs, deploying for the layers of one scheme.
 */
export interface NetworkCost {
  /** @throws proxy.kernelMissing naming the kernel that has no proxy, or the recurrence of which nothing is known */
  table(network: QuantizedNetwork, workloads: readonly Workload[], target: CostTarget): Promise<CostTable>
  layers(network: QuantizedNetwork, target: CostTarget): Promise<PredictedNetwork>
  /** The network at all 1 and at all 8 bits, without calibration; null where a layer cannot be priced. */
  points(
    network: QuantizedNetwork,
    target: CostTarget
  ): Promise<{ fewest: number | null; most: number | null }>
}

/** Predicted cost of a network on a board. */
export interface PredictedNetwork {
  /** Of each layer, in the target's unit per image; null where no proxy covers the layer. */
  layers: (number | null)[]
  /** Outside the layers, as two-point calibration found it; may be negative. */
  rest: number
  calibrated: boolean
}

/** What a cost is computed for: a board, its proxies by kernel, and the unit they predict in. */
export interface CostTarget {
  boardId: string
  unit: SampleUnit
  proxies: ReadonlyMap<ProxyKernelName, Proxy>
  /** Two-point calibration: this network as measured on the board at all 1 and at all 8 bits. */
  measured: { fewest: number; most: number } | null
}

/** Returns how a network's time is predicted from proxies and measured operators. */
export function createNetworkCost(deps: {
  /** Samples of operators without weights on a board, in the unit. */
  operatorSamples: (boardId: string, unit: CostTarget['unit']) => Promise<MeasuredCall[]>
}): NetworkCost {
  const calibrationOf = (
    network: QuantizedNetwork,
    target: CostTarget,
    operators: readonly MeasuredCall[]
  ): NetworkLine | null => {
    if (target.measured === null) return null
    const { fewest, most } = pointsOf(network, target, operators)
    if (fewest === null || most === null) return null
    return calibrateNetwork(
      { predicted: fewest, measured: target.measured.fewest },
      { predicted: most, measured: target.measured.most }
    )
  }
  const operatorsOf = (target: CostTarget): Promise<MeasuredCall[]> =>
    deps.operatorSamples(target.boardId, target.unit)

  return {
    points: async (network, target) => pointsOf(network, target, await operatorsOf(target)),
    async layers(network, target) {
      const operators = await operatorsOf(target)
      const raw = layersOf(network, target, operators)
      const calibration = calibrationOf(network, target, operators)
      if (calibration === null) return { layers: raw, rest: 0, calibrated: false }
      return {
        layers: raw.map((cost) => (cost === null ? null : calibration.factor * cost)),
        rest: calibration.constant,
        calibrated: true
      }
    },
    async table(network, workloads, target) {
      const operators = await operatorsOf(target)
      let overhead = 0
      const recurrences: { bitsOf: string | null; cost: number }[] = []
      for (const layer of network.layers) {
        const cost = sumOf(callsOf(layer), target, operators) ?? roughSum(layer, operators)
        overhead += cost
        if (layer.op === 'recurrent') recurrences.push({ bitsOf: layer.bitsOf, cost })
      }
      const atEight = proxyCosts(workloads, target.proxies, overhead)
      const table = withNarrowRecurrences(atEight, workloads, recurrences)
      const calibration = calibrationOf(network, target, operators)
      if (calibration === null) return table
      return {
        ...table,
        perLayer: table.perLayer.map((cost) => calibration.factor * cost),
        overhead: calibration.factor * table.overhead + calibration.constant
      }
    }
  }
}

function pointsOf(
  network: QuantizedNetwork,
  target: CostTarget,
  operators: readonly MeasuredCall[]
): { fewest: number | null; most: number | null } {
  const total = (bits: 1 | 8): number | null =>
    layersOf(atBits(network, bits), target, operators).reduce<number | null>(
      (sum, cost) => (sum === null || cost === null ? null : sum + cost),
      0
    )
  return { fewest: total(1), most: total(8) }
}

/** Cost of each layer without calibration; null for layers that cannot be priced. */
function layersOf(
  network: QuantizedNetwork,
  target: CostTarget,
  operators: readonly MeasuredCall[]
): (number | null)[] {
  return network.layers.map((layer) => {
    const calls = callsOf(layer)
    const rest = sumOf(calls, target, operators)
    if (calls.inner === null || rest === null) return rest
    const proxy = target.proxies.get(requireProxyKernel(calls.inner.kernel))
    return proxy === undefined ? null : rest + predictOne(proxy, calls.inner)
  })
}

/**
 * Operators of which some kernel was never measured, by what the others cost; 0 only where nothing was measured at all.
 * @throws AppError proxy.kernelMissing for a recurrence: it may be most of a network's cost, and resembles no other operator
 */
function roughSum(layer: IntegerLayer, measured: readonly MeasuredCall[]): number {
  return callsOf(layer).others.reduce((sum, call) => {
    if (isRecurrentKernel(call.kernel)) throw neverMeasured(call.kernel, layer.name)
    return sum + (costByAnyVisits(call, measured) ?? 0)
  }, 0)
}

function neverMeasured(kernel: RecurrentKernel, layer: string): AppError {
  return new AppError(
    'proxy.kernelMissing',
    `Nothing measured or fitted on this board says what ${kernel} costs, which layer "${layer}" is.`,
    "Profile the network's layers on the board (page Profile, or bitbench profile run --model); where its firmware has no such kernel, load the monitor of this version first.",
    { details: { kernel, layer } }
  )
}

/** Operators beside the inner products, as priceOf has them; copies of a kind that was never measured as requantising as many codes. */
function sumOf(
  { others, isStandIn }: LayerCalls,
  target: CostTarget,
  measured: readonly MeasuredCall[]
): number | null {
  let sum = 0
  for (const call of others) {
    const isCopy = isStandIn && (call.kernel === 'flatten' || call.kernel === 'gather')
    const cost =
      priceOf(call, target, measured) ?? (isCopy ? priceOf(asRequantizing(call), target, measured) : null)
    if (cost === null) return null
    sum += cost
  }
  return sum
}

/** As measured, else by its own proxy, else by its visits. */
function priceOf(
  call: KernelCall,
  { proxies }: CostTarget,
  measured: readonly MeasuredCall[]
): number | null {
  const proxy = isProxyKernel(call.kernel) ? proxies.get(call.kernel) : undefined
  return (
    measuredCost(call, measured) ??
    (proxy === undefined ? costByVisits(call, measured) : predictOne(proxy, call))
  )
}

/** No copy takes longer than that. */
const asRequantizing = (call: KernelCall): KernelCall => ({
  ...call,
  kernel: 'requantize',
  dims: [call.dims[0], 1]
})

/** As a fit sees the Samples of the call: kernels without weights have no bit widths there. */
function predictOne(proxy: Proxy, call: KernelCall): number {
  return call.scale * proxy.predict(toShapeRows(call.kernel, [call]))[0]
}
