import { createRandom } from '@core/math/random'
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from '@core/model/onnx/onnx'

/** A small language model as it is exported with a key/value cache, and test samples for it. */
const random = createRandom(3)
export const [words, window, heads, size] = [11, 9, 2, 3]
const floats = (name: string, dims: number[]): OnnxTensor => ({
  ...{ name, dims },
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.normal())
})
const ints = (name: string, values: number[]): OnnxTensor => ({
  ...{ name, dims: [values.length] },
  data: BigInt64Array.from(values, BigInt)
})
const node = (
  opType: string,
  inputs: string[],
  output: string,
  attributes: OnnxNode['attributes'] = {}
): OnnxNode => ({
  ...{ name: `${output}/${opType}`, opType, domain: '', inputs, outputs: [output], attributes }
})
const perm = (value: number[]): OnnxNode['attributes'] => ({ perm: { kind: 'ints', value } })
const axis = (value: number): OnnxNode['attributes'] => ({ axis: { kind: 'int', value } })

/** One attention with a cache. No causal mask: only the scores of the last token are those of a pass over all. */
function network(): OnnxModel {
  const split = (what: string): OnnxNode[] => [
    node('Gather', [`${what}_table`, 'input_ids'], `${what}_flat`),
    node('Reshape', [`${what}_flat`, 'into_heads'], `${what}_rows`),
    node('Transpose', [`${what}_rows`], `${what}_new`, perm([0, 2, 1, 3]))
  ]
  const caches = ['key', 'value'].map((name) => ({
    ...{ name: `past_key_values.0.${name}`, elementType: 'float32' as const },
    dims: ['batch', heads, 'past', size]
  }))
  const numbers = (name: string, tokens: string) => ({
    ...{ name, elementType: 'int64' as const, dims: ['batch', tokens] }
  })
  return {
    ...{ name: 'cached', opset: 17, metadata: {} },
    inputs: [
      numbers('input_ids', 'tokens'),
      numbers('attention_mask', 'total'),
      numbers('position_ids', 'tokens'),
      ...caches
    ],
    outputs: ['logits', 'present.0.key', 'present.0.value'].map((name) => ({
      ...{ name, elementType: 'float32' as const, dims: null, untyped: true }
    })),
    initializers: [
      ...['q', 'k', 'v'].map((what) => floats(`${what}_table`, [words, heads * size])),
      ...[floats('place_table', [window, heads * size]), floats('head', [heads * size, words])],
      ...[
        ints('into_heads', [0, 0, heads, size]),
        ints('joined', [0, 0, heads * size]),
        ints('around', [0, 1, 1, -1])
      ],
      ...[1, 1e4].map((value) => ({ name: `c${value}`, dims: [], data: Float32Array.of(value) }))
    ],
    nodes: [
      ...[...split('q'), ...split('k'), ...split('v')],
      node('Gather', ['place_table', 'position_ids'], 'place_flat'),
      node('Reshape', ['place_flat', 'into_heads'], 'place_rows'),
      node('Transpose', ['place_rows'], 'place_new', perm([0, 2, 1, 3])),
      node('Add', ['q_new', 'place_new'], 'asked'),
      node('Concat', ['past_key_values.0.key', 'k_new'], 'present.0.key', axis(2)),
      node('Concat', ['past_key_values.0.value', 'v_new'], 'present.0.value', axis(2)),
      node('Transpose', ['present.0.key'], 'turned', perm([0, 1, 3, 2])),
      node('MatMul', ['asked', 'turned'], 'scores'),
      node('Cast', ['attention_mask'], 'mask_float', { to: { kind: 'int', value: 1 } }),
      node('Reshape', ['mask_float', 'around'], 'mask_around'),
      node('Sub', ['mask_around', 'c1'], 'mask_less'),
      node('Mul', ['mask_less', 'c10000'], 'mask_far'),
      node('Add', ['scores', 'mask_far'], 'masked'),
      node('Softmax', ['masked'], 'shares', axis(-1)),
      node('MatMul', ['shares', 'present.0.value'], 'mixed'),
      node('Transpose', ['mixed'], 'mixed_rows', perm([0, 2, 1, 3])),
      node('Reshape', ['mixed_rows', 'joined'], 'mixed_flat'),
      node('MatMul', ['mixed_flat', 'head'], 'logits')
    ]
  }
}

/** The decoder that goes on from its cache. */
export const cachedModel = network()

/** Lines of its test set: tokens alone. */
export const samples = Array.from({ length: 6 }, () => {
  const ids = Array.from({ length: window }, () => random.integer(words))
  return { inputs: { input_ids: ids }, labels: [...ids.slice(1), -1] }
})

/**
 * The same decoder merged with its version for the first pass, as Optimum merges them: an If with two branches. `outside` names
 * the outputs of the If; tables are shared, the head is a weight of each branch.
 */
export function mergedModel(outside: (name: string) => string): OnnxModel {
  const { nodes, initializers, inputs, outputs } = cachedModel
  const isHead = ({ name }: OnnxTensor): boolean => name === 'head'
  const branch = (name: string, inner: readonly OnnxNode[]): OnnxGraph => ({
    ...{ name, nodes: inner, inputs: [], initializers: initializers.filter(isHead) },
    outputs: outputs.map((value) => ({ ...value, untyped: false }))
  })
  const first = nodes.map((one): OnnxNode =>
    one.opType === 'Concat'
      ? { ...one, opType: 'Identity', inputs: one.inputs.slice(1), attributes: {} }
      : one
  )
  const choice: OnnxNode = {
    ...{ name: 'optimum::if', opType: 'If', domain: '', inputs: ['use_cache_branch'] },
    outputs: outputs.map(({ name }) => outside(name)),
    attributes: {
      then_branch: { kind: 'graph', value: branch('with_past', nodes) },
      else_branch: { kind: 'graph', value: branch('no_past', first) }
    }
  }
  const flag: OnnxValue = { name: 'use_cache_branch', elementType: 'bool', dims: [1] }
  return {
    ...{ ...cachedModel, name: 'merged', nodes: [choice], inputs: [...inputs, flag] },
    initializers: initializers.filter((one) => !isHead(one)),
    outputs: outputs.map((value) => ({ ...value, name: outside(value.name) }))
  }
}
