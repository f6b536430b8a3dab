import type { ExportedJson } from '../../../shared/contract/model'
import { formatBitPair } from '../../../shared/bitPair'
import { weightedLayerNames, type Graph } from '../../../core/model/graph'
import type { ExportedFormat } from '../../../core/model/onnx/exportedLayer'
import { exportedScheme } from '../../../core/quant/scheme'

/** What a quantized file was exported with, for the contract; undefined where it is not quantized or has no weighted layer. */
export function presentExported(graph: Graph): ExportedJson | undefined {
  if (graph.exported === undefined || weightedLayerNames(graph).length === 0) return undefined
  return {
    scheme: exportedScheme(graph).map((entry) => ({ ...entry })),
    layers: graph.exported.map(({ layer, weights, activations }) => ({
      layer,
      weights: present(weights),
      activations: present(activations)
    }))
  }
}

function present(format: ExportedFormat | null) {
  if (format === null) return null
  const { bits, scales, zero } = format
  const scale = scales.reduce(
    (found, step) => ({
      count: scales.length,
      least: Math.min(found.least, step),
      largest: Math.max(found.largest, step)
    }),
    { count: scales.length, least: Infinity, largest: -Infinity }
  )
  return { bits, scale: scales.length === 0 ? null : scale, zero }
}

/** Lines for the terminal: the scheme, and per layer bits and scales as the file has them. */
export function exportedText({ scheme, layers }: ExportedJson): string[] {
  const side = (format: ExportedJson['layers'][number]['weights']): string => {
    if (format === null) return 'not given'
    const { bits, scale, zero } = format
    if (scale === null) return `${bits} bits`
    const step = (value: number): string => value.toPrecision(4)
    const range = scale.count === 1 ? step(scale.least) : `${step(scale.least)} to ${step(scale.largest)}`
    return `${bits} bits, scale ${range}${zero === 0 ? '' : `, zero ${zero}`}`
  }
  const bits = scheme.map(({ weightBits, activationBits }) => formatBitPair(weightBits, activationBits))
  return [
    `as exported: ${bits.join(',')} (--scheme exported)`,
    '  activations are real numbers within the range of their codes: rounding to 16 steps or more, by up to half of the scale each, is left out',
    ...layers.map(
      ({ layer, weights, activations }) => `  ${layer}: weights ${side(weights)}; input ${side(activations)}`
    )
  ]
}
