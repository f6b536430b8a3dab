import type { LayerGroup } from '../../../core/workload/onnx/layerGroup'
import type { OnnxAttribute, OnnxNode } from '../../../core/model/onnx/onnx'
import { sharedWeights } from '../../../core/workload/onnx/groups'
import { operatorMacs } from '../../../core/workload/onnx/weighted'
import type { Subject } from './subject'

/** What is said of a layer before it is measured. */
export interface LayerFacts {
  readonly group: LayerGroup
  readonly parameters: number
  readonly macs: number
  /** Id of the layer that is measured in its place. */
  readonly sameAs: string | undefined
  readonly sharedWith: readonly string[]
}

/** Weights smaller than this are scalars and masks that exporters share, not tied weights. */
const tiedElements = 1024

/** Describes the layers of a network; tied weights count once, equal layers name the one that is measured. */
export function describeLayers({ network, groups, shapeOf }: Subject): LayerFacts[] {
  const sizeOf = (name: string): number => network.initializers.get(name)?.data.length ?? 0
  const shared = sharedWeights(groups, (name) => sizeOf(name) >= tiedElements)
  const counted = new Set<string>()
  const measured = new Map<string, string>()
  return groups.map((group) => {
    // Tied weights are counted where they come first.
    const own = group.weights.filter((name) => !counted.has(name))
    for (const name of own) counted.add(name)
    const signature = signatureOf(group, shapeOf)
    const same = measured.get(signature)
    if (same === undefined) measured.set(signature, group.id)
    return {
      group,
      parameters: own.reduce((sum, name) => sum + sizeOf(name), 0),
      macs: group.nodes.reduce((sum, node) => sum + operatorMacs(node, shapeOf), 0),
      sameAs: same,
      sharedWith: shared.get(group.id) ?? []
    }
  })
}

/** Equal for layers that compute the same on tensors of the same shapes with other weights. */
function signatureOf({ nodes, inputs, outputs, weights }: LayerGroup, shapeOf: Subject['shapeOf']): string {
  const shapes = (names: readonly string[]): unknown[] => names.map((name) => shapeOf(name) ?? null)
  return JSON.stringify([nodes.map(operatorFacts), shapes(inputs), shapes(outputs), shapes(weights)])
}

/** What an operator computes, values of tensors aside; of the graphs inside it too. */
function operatorFacts({ opType, attributes }: OnnxNode): unknown[] {
  return [opType, Object.entries(attributes).map(([name, one]) => [name, one.kind, factOf(one)])]
}

function factOf(one: OnnxAttribute): unknown {
  if (one.kind === 'other') return null
  if (one.kind === 'tensor') return one.value.dims
  if (one.kind !== 'graph') return one.value
  return [one.value.nodes.map(operatorFacts), one.value.initializers.map(({ dims }) => dims)]
}
