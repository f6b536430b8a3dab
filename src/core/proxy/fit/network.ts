import { AppError } from '../../../shared/errors'
import type { Proxy } from './proxy'
import { isSampleUnit, type ProxyKernelName, type SampleUnit } from '../../../shared/vocabulary'
import { shapeRows, type LayerShape } from '../samples'

/** One operator of a network, as a proxy sees it. */
export interface NetworkLayer extends LayerShape {
  name: string
  kernel: ProxyKernelName
  /** Times the proxy's prediction (LayerKernel); default 1. */
  scale?: number
}

/** Predicted time or energy of a network and its layers. */
export interface NetworkPrediction {
  /** In `unit`, calibration applied. */
  total: number
  unit: SampleUnit
  layers: { name: string; time: number; from: 'proxy' | 'measured' }[]
}

/** What a network's time is predicted from. */
export interface NetworkCosts {
  /** Fitted proxies by kernel; all of one unit. */
  proxies: ReadonlyMap<ProxyKernelName, Proxy>
  /** Measured times of operators by layer name; take precedence over proxies. */
  measured?: ReadonlyMap<string, number>
  /** Time outside all layers (dispatch, input packing), measured; default 0. */
  overhead?: number
  /** From two-point calibration; default 1 and 0. */
  calibration?: NetworkLine
}

/** measured = factor x predicted + constant, over whole networks. */
export interface NetworkLine {
  factor: number
  constant: number
}

/**
 * Latency of a whole network: the sum over its layers, each measured or predicted, plus the measured overhead.
 * Throws proxy.kernelMissing naming the layer when neither a proxy nor a measurement covers it.
 */
export function predictNetwork(layers: readonly NetworkLayer[], costs: NetworkCosts): NetworkPrediction {
  const { proxies, measured, overhead = 0, calibration = { factor: 1, constant: 0 } } = costs
  const times = new Float64Array(layers.length)
  const byKernel = new Map<ProxyKernelName, number[]>()
  let unit: NetworkPrediction['unit'] | null = null
  layers.forEach((layer, at) => {
    const known = measured?.get(layer.name)
    if (known !== undefined) {
      times[at] = known
      return
    }
    const proxy = proxies.get(layer.kernel)
    if (proxy === undefined) {
      throw new AppError(
        'proxy.kernelMissing',
        `No proxy predicts ${layer.kernel}, which layer "${layer.name}" needs.`,
        `Profile ${layer.kernel} on this board and fit a proxy for it (page Proxy, or bitbench proxy keep).`,
        { details: { kernel: layer.kernel, layer: layer.name } }
      )
    }
    if (unit !== null && proxy.unit !== unit) {
      throw new AppError(
        'proxy.invalid',
        `The proxies mix ${unit} and ${proxy.unit}.`,
        'Use proxies that were fitted on the same board.'
      )
    }
    if (!isSampleUnit(proxy.unit)) {
      throw new AppError(
        'proxy.invalid',
        `The proxy of ${layer.kernel} predicts ${proxy.unit}; networks are priced in cycles, instructions or nJ.`,
        'Use proxies that were fitted on a board.'
      )
    }
    unit = proxy.unit
    const rows = byKernel.get(layer.kernel)
    if (rows === undefined) byKernel.set(layer.kernel, [at])
    else rows.push(at)
  })
  for (const [kernel, rows] of byKernel) {
    const predicted = proxies.get(kernel)?.predict(
      shapeRows(
        kernel,
        rows.map((at) => layers[at])
      )
    )
    rows.forEach((at, index) => (times[at] = (layers[at].scale ?? 1) * (predicted?.[index] ?? NaN)))
  }
  const sum = times.reduce((total, time) => total + time, overhead)
  return {
    total: calibration.factor * sum + calibration.constant,
    unit: unit ?? 'cycles',
    layers: layers.map((layer, at) => ({
      name: layer.name,
      time: times[at],
      from: measured?.has(layer.name) === true ? 'measured' : 'proxy'
    }))
  }
}

/**
 * Two-point calibration: from two whole networks that were run, usually all layers at the fewest and all at the most
 * bits. Falls back to a factor alone where the two predictions do not differ enough to fit a line, or where the
 * line would fall with the prediction.
 */
export function calibrateNetwork(
  atMinBits: { predicted: number; measured: number },
  atMaxBits: { predicted: number; measured: number }
): NetworkLine {
  const span = atMaxBits.predicted - atMinBits.predicted
  const factor = (atMaxBits.measured - atMinBits.measured) / span
  const scale = Math.max(atMaxBits.predicted, atMinBits.predicted)
  if (Math.abs(span) < 0.01 * scale || !(factor > 0)) {
    const ratio = Math.sqrt(
      (atMinBits.measured / atMinBits.predicted) * (atMaxBits.measured / atMaxBits.predicted)
    )
    return { factor: ratio, constant: 0 }
  }
  return { factor, constant: atMinBits.measured - factor * atMinBits.predicted }
}
