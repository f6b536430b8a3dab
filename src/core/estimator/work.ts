import type { StageTable } from './samples/stageTable'

/**
 * What a stage has to do, as far as the knobs say it. A matrix product is m x k times k x n; anything else moves m x n
 * elements. Numbers of elements, not bytes: the element's size is in the fitted coefficients.
 */
export interface StageWork {
  kind: 'product' | 'elements'
  m: Float64Array
  n: Float64Array
  /** Inner dimension of a product; 1 otherwise. */
  k: Float64Array
}

type Read = (name: string) => (row: number) => number

/**
 * Operators of one transformer layer in Vidur's profiles (Agrawal et al., MLSys 2024, arXiv 2405.05465), per worker of
 * a tensor-parallel group. `n` counts the elements read and written per token where it is not a product.
 */
const layerOperators: Readonly<
  Record<string, (read: Read) => { n: (row: number) => number; k?: (row: number) => number }>
> = {
  emb: (read) => ({ n: read('n_embd') }),
  input_layernorm: (read) => ({ n: read('n_embd') }),
  post_attention_layernorm: (read) => ({ n: read('n_embd') }),
  add: (read) => ({ n: (row) => 1.5 * read('n_embd')(row) }),
  attn_pre_proj: (read) => ({ n: attention(read, 2), k: read('n_embd') }),
  attn_rope: (read) => ({ n: attention(read, 1) }),
  attn_post_proj: (read) => ({
    n: read('n_embd'),
    k: (row) => read('n_embd')(row) / read('num_tensor_parallel_workers')(row)
  }),
  mlp_up_proj: (read) => ({
    n: (row) => (1 + read('use_gated_mlp')(row)) * expanded(read)(row),
    k: read('n_embd')
  }),
  mlp_act: (read) => ({ n: (row) => (1 + read('use_gated_mlp')(row) / 2) * expanded(read)(row) }),
  mlp_down_proj: (read) => ({ n: read('n_embd'), k: expanded(read) })
}

/** Columns of queries and `caches` times those of keys, per worker. */
function attention(read: Read, caches: number): (row: number) => number {
  return (row) => {
    const head = read('n_embd')(row) / read('n_head')(row)
    const heads = read('n_head')(row) + caches * read('n_kv_head')(row)
    return (heads * head) / read('num_tensor_parallel_workers')(row)
  }
}

function expanded(read: Read): (row: number) => number {
  return (row) => read('n_expanded_embd')(row) / read('num_tensor_parallel_workers')(row)
}

const dimensionKnobs = ['n_head', 'n_kv_head', 'n_embd', 'n_expanded_embd', 'num_tokens']

/** Work of a stage of this name over all rows; null where the knobs do not say it. */
export function stageWork(table: StageTable, stage: string): StageWork | null {
  const operator = layerOperators[stage]
  const names = new Set(table.knobs.map((knob) => knob.name))
  if (operator === undefined || !dimensionKnobs.every((name) => names.has(name))) return null
  const read: Read = (name) => {
    const knob = table.knobs.find((one) => one.name === name)
    if (knob === undefined) return () => (name === 'use_gated_mlp' ? 0 : 1)
    const { levels, values } = knob
    if (levels === null) return (row) => values[row]
    return (row) => (levels[values[row]].toLowerCase() === 'true' ? 1 : 0)
  }
  const { n, k } = operator(read)
  const column = (valueOf: (row: number) => number): Float64Array =>
    Float64Array.from({ length: table.count }, (_, row) => valueOf(row))
  return {
    kind: k === undefined ? 'elements' : 'product',
    m: column(read('num_tokens')),
    n: column(n),
    k: column(k ?? (() => 1))
  }
}
