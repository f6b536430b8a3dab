import { decoderParts } from '@core/lm/board/decoderImage'
import type { LmStep } from '@shared/contract/lm'

/** A part of a decoder in words, in the order of its counters. */
export const partTitles: Readonly<Record<(typeof decoderParts)[number], string>> = {
  norm: 'norms',
  qkv: 'query, key, value',
  rotate: 'RoPE and cache',
  attention: 'attention',
  output: 'output matrix',
  gate: 'gate and up',
  down: 'down matrix',
  rest: 'embedding, classifier'
}

/** Cost of a layer (or of what stands outside the layers) in one step. */
export interface LayerCost {
  /** Layer, or -1 for embedding, last norm and classifier. */
  readonly layer: number
  /** In the order of decoderParts. */
  readonly parts: readonly number[]
  readonly total: number
}

/** Mean cost of each layer over steps, layers first, then what stands outside them. */
export function layerCosts(steps: readonly LmStep[], layers: number): LayerCost[] {
  return Array.from({ length: layers + 1 }, (_, layer) => {
    const parts = decoderParts.map(
      (_name, part) =>
        steps.reduce((sum, step) => sum + (step.parts[layer * decoderParts.length + part] ?? 0), 0) /
        Math.max(1, steps.length)
    )
    return { layer: layer === layers ? -1 : layer, parts, total: parts.reduce((sum, each) => sum + each, 0) }
  })
}

/** Cost of one part in all layers by position. */
export function partByPosition(steps: readonly LmStep[], part: number): { x: number; y: number }[] {
  return steps.map(({ position, parts }) => ({
    x: position,
    y: parts.reduce((sum, cycles, at) => sum + (at % decoderParts.length === part ? cycles : 0), 0)
  }))
}
