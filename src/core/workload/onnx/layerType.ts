import type { LayerType } from '../../../shared/contract/workload/workloadRows'
import type { LayerGroup } from './layerGroup'
import type { Network } from './network'
import { weightedNode } from './weighted'

const nameRules: readonly (readonly [RegExp, LayerType])[] = [
  [/norm|(^|\.)ln_?\w*$/i, 'norm'],
  [/lm_head|(^|\.)head$/i, 'head'],
  [/classifier|pooler|(^|\.)score$/i, 'classifier'],
  [/attn|attention|(^|\.)(q|k|v|o)_(lin|proj)$/i, 'attention'],
  [/mlp|ffn|feed_?forward|intermediate|(^|\.)fc\d?$/i, 'ffn'],
  [/embed|(^|\.)(wte|wpe)/i, 'embedding']
]
const normOperators: ReadonlySet<string> = new Set([
  'LayerNormalization',
  'BatchNormalization',
  'InstanceNormalization',
  'GroupNormalization',
  'SimplifiedLayerNormalization',
  'RMSNormalization'
])
/** What exporters write a normalisation as where the operator set has none: it divides by the root of a mean. */
const unfusedNorm: readonly string[] = ['ReduceMean', 'Sqrt', 'Mul']
const poolOperators = /Pool$/

/** What a layer does: by its name where that shows it, else by its operators. `last`: the last one with weights. */
export function layerTypeOf(network: Network, group: LayerGroup, last: boolean): LayerType {
  const named = nameRules.find(([pattern]) => pattern.test(group.id))
  const weighted = group.nodes.flatMap((node) => weightedNode(network, node) ?? [])
  const has = (names: ReadonlySet<string>): boolean => group.nodes.some(({ opType }) => names.has(opType))
  const gives = network.model.outputs.some(({ name }) => group.outputs.includes(name))
  // "fc3" at the end of a network is no part of a feed-forward block.
  if (last && gives && named?.[1] === 'ffn') return 'classifier'
  if (named !== undefined) return named[1]
  if (weighted.some(({ kind }) => kind === 'table')) return 'embedding'
  if (weighted.some(({ kind }) => kind === 'conv')) return 'convolution'
  if (weighted.length > 0) return last ? 'classifier' : 'ffn'
  if (has(normOperators) || isUnfusedNorm(group)) return 'norm'
  if (group.nodes.some(({ opType }) => poolOperators.test(opType))) return 'pooling'
  return has(new Set(['Softmax'])) ? 'attention' : 'other'
}

function isUnfusedNorm({ nodes }: LayerGroup): boolean {
  const types = new Set(nodes.map(({ opType }) => opType))
  return unfusedNorm.every((type) => types.has(type))
}

/**
 * Linear layers straight below a module that multiplies by scores after a softmax: projections of an attention, whatever
 * they are called.
 */
export function isProjection(network: Network, group: LayerGroup, groups: readonly LayerGroup[]): boolean {
  const end = group.id.lastIndexOf('.')
  if (end < 0 || nameRules.some(([pattern]) => pattern.test(group.id))) return false
  const around = groups.find(({ id }) => id === group.id.slice(0, end))
  if (around === undefined) return false
  const products = around.nodes.filter(
    (node) => node.opType === 'MatMul' && weightedNode(network, node) === null
  )
  return products.length >= 2 && around.nodes.some(({ opType }) => opType === 'Softmax')
}
