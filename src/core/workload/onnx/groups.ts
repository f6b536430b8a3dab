import { valuesRead, type OnnxNode } from '../../model/onnx/onnx'
import type { LayerType } from '../../../shared/contract/workload/workloadRows'
import type { LayerGroup } from './layerGroup'
import { isProjection, layerTypeOf } from './layerType'
import { initializersBehind, type Network } from './network'
import { weightedNode } from './weighted'

/**
 * Cuts a network into layers: by the module paths that exporters put into node names ("/h.0/mlp/lin1/MatMul"), and where
 * there are none, from one weighted operator to the next.
 *
 * @param givenType type of a layer by its id, where the user names one
 */
export function groupLayers(
  network: Network,
  givenType: (id: string) => LayerType | undefined = () => undefined
): LayerGroup[] {
  const named = network.nodes.filter(({ name }) => nodeScope(name) !== '').length
  const keyOf = named * 2 > network.nodes.length ? byScope : byWeights(network)
  const members = new Map<string, OnnxNode[]>()
  for (const node of network.nodes) {
    const key = keyOf(node)
    const list = members.get(key)
    if (list === undefined) members.set(key, [node])
    else list.push(node)
  }
  const given = new Set(network.model.outputs.map(({ name }) => name))
  const readers = new Map<string, OnnxNode[]>()
  for (const node of network.nodes) {
    for (const input of valuesRead(node)) readers.set(input, [...(readers.get(input) ?? []), node])
  }
  const groups = [...members].map(([id, nodes]): LayerGroup => {
    const inside = new Set(nodes)
    const made = nodes.flatMap(({ outputs }) => outputs.filter((name) => name !== ''))
    const own = new Set(made)
    const read = new Set(nodes.flatMap(valuesRead).filter((name) => name !== ''))
    const inputs = [...read].filter((name) => !own.has(name) && !network.constants.has(name))
    const outputs = made.filter(
      (name) => given.has(name) || (readers.get(name) ?? []).some((node) => !inside.has(node))
    )
    return {
      id,
      nodes,
      inputs,
      outputs,
      className: [...new Set(nodes.map(({ opType }) => opType))].join('+'),
      weights: weightsOf(network, nodes),
      type: 'other'
    }
  })
  const last = groups.filter(({ nodes }) => nodes.some((node) => weightedNode(network, node) !== null)).at(-1)
  return groups.map((group) => ({
    ...group,
    type: givenType(group.id) ?? typeIn(network, group, groups, group === last)
  }))
}

function typeIn(
  network: Network,
  group: LayerGroup,
  groups: readonly LayerGroup[],
  last: boolean
): LayerType {
  const type = layerTypeOf(network, group, last)
  return type === 'ffn' && isProjection(network, group, groups) ? 'attention' : type
}

/** Other layers by which each layer's large weights are used too. */
export function sharedWeights(
  groups: readonly LayerGroup[],
  minElements: (name: string) => boolean
): Map<string, string[]> {
  const users = new Map<string, string[]>()
  for (const { id, weights } of groups) {
    for (const name of weights) if (minElements(name)) users.set(name, [...(users.get(name) ?? []), id])
  }
  return new Map(
    groups.map(({ id, weights }) => [
      id,
      [...new Set(weights.flatMap((name) => users.get(name) ?? []))].filter((other) => other !== id)
    ])
  )
}

/** Module path in an operator's name: "/h.0/mlp/lin1/MatMul" -> "h.0.mlp.lin1"; '' without a path. */
export function nodeScope(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '')
    .slice(0, -1)
    .join('.')
}

const byScope = (node: OnnxNode): string => nodeScope(node.name) || 'network'

/** Each weighted operator opens a layer, which the operators that follow its output join. */
function byWeights(network: Network): (node: OnnxNode) => string {
  const layerOf = new Map<string, string>()
  const used = new Set<string>()
  return (node) => {
    const before = valuesRead(node)
      .map((input) => layerOf.get(input))
      .find((layer) => layer !== undefined)
    let layer = before ?? 'input'
    if (weightedNode(network, node) !== null) {
      const plain = node.name === '' ? node.opType : node.name
      layer = plain
      for (let at = 1; used.has(layer); at++) layer = `${plain}_${at}`
      used.add(layer)
    }
    for (const output of node.outputs) layerOf.set(output, layer)
    return layer
  }
}

function weightsOf(network: Network, nodes: readonly OnnxNode[]): string[] {
  const constants = nodes.flatMap(valuesRead).filter((name) => network.constants.has(name))
  const real = (name: string): boolean => {
    const data = network.initializers.get(name)?.data
    return data instanceof Float32Array || data instanceof Float64Array
  }
  return [...new Set(constants.flatMap((name) => initializersBehind(network, name)))].filter(real)
}
