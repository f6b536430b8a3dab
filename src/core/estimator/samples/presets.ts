import type { SamplePresetName } from '../../../shared/vocabulary'

/**
 * Spellings of columns and fields by the knob, stage or field they stand for: every spelling on the right becomes the
 * name on the left. Comparison ignores case, underscores, dashes and dots.
 */
export interface Preset {
  knobs: Readonly<Record<string, readonly string[]>>
  stages: Readonly<Record<string, readonly string[]>>
  /** Read into their own fields of a sample. */
  outputTokens: readonly string[]
  decodePerToken: readonly string[]
  /** A stage given per token that is multiplied by the output tokens: [stage, spellings]. */
  perToken: readonly (readonly [string, readonly string[]])[]
  device: readonly string[]
  /** Columns that are neither knob nor stage. */
  ignored: readonly string[]
}

const common = {
  outputTokens: ['outputTokens', 'output_tokens', 'num_output_tokens', 'generated_tokens', 'max_new_tokens'],
  decodePerToken: [
    'decodePerTokenMs',
    'decode_per_token_ms',
    'positioned_decode_ms',
    'T_LLM_decode_positions'
  ],
  device: ['device', 'gpu', 'gpu_name', 'hardware'],
  ignored: [
    'total',
    'total_ms',
    'T_total',
    'totalMs',
    'run',
    'outcome',
    'sample_id',
    'timestamp',
    'index',
    'dataset'
  ]
}

export const samplePresets: Readonly<Record<SamplePresetName, Preset>> = {
  generic: { ...common, knobs: {}, stages: {}, perToken: [] },
  vlm: {
    ...common,
    knobs: {
      visionTokens: ['vision_tokens', 'num_vision_tokens', 'vision_token_count'],
      promptTokens: ['prompt_tokens', 'text_tokens', 'num_text_tokens', 'prompt_length', 'input_text_tokens'],
      moeTopK: ['top_k', 'topk', 'moe_top_k', 'moe_topk'],
      activeBlocks: ['num_active_blocks', 'active_blocks', 'blocks', 'num_blocks', 'transformer_blocks'],
      tier: ['tier', 'image_tier'],
      task: ['task', 'task_type', 'task_name']
    },
    stages: {
      visionEncoder: ['T_vision_encoder', 'visionEncoderMs', 'vision_encoder_ms', 'vision', 'T_vision'],
      projector: ['T_projector', 'projectorMs', 'projector_ms'],
      prefill: ['T_LLM_prefill', 'prefillMs', 'prefill_ms', 'T_prefill', 'llm_prefill'],
      decode: [
        'T_LLM_decode',
        'decodeMs',
        'decode_ms',
        'T_decode',
        'llm_decode',
        'decodeTotalMs',
        'T_decode_total'
      ]
    },
    perToken: [['decode', ['T_LLM_decode_per_token', 'T_decode_per_token', 'decode_ms_per_token']]]
  },
  vidur: {
    ...common,
    knobs: {
      model: ['model', 'model_name'],
      n_head: ['n_head', 'num_heads', 'n_q_head'],
      n_kv_head: ['n_kv_head', 'num_kv_heads'],
      n_embd: ['n_embd', 'embedding_dim', 'hidden_size'],
      n_expanded_embd: ['n_expanded_embd', 'mlp_hidden_dim', 'intermediate_size'],
      vocab_size: ['vocab_size'],
      use_gated_mlp: ['use_gated_mlp'],
      num_tokens: ['num_tokens'],
      num_tensor_parallel_workers: ['num_tensor_parallel_workers', 'tensor_parallel_size', 'tp']
    },
    stages: {},
    perToken: [],
    ignored: [
      ...common.ignored,
      'max_length',
      'n_layer',
      'norm',
      'post_attn_norm',
      'is_neox_style',
      'use_qk_norm'
    ]
  }
}

/** Lower case letters and digits of a name. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

/** What a column of this name is; null for one to be ignored. */
export type Role =
  | { kind: 'knob'; name: string }
  | { kind: 'stage'; name: string }
  | { kind: 'perToken'; name: string }
  | { kind: 'outputTokens' }
  | { kind: 'decodePerToken' }
  | { kind: 'device' }
  | null

/**
 * `presetRole('vlm', 'T_LLM_prefill')` is the stage prefill. Names that the table does not know: `time_stats.X.median`
 * (a Vidur profile) and names that end in ms are stages; other columns are knobs of their own name.
 */
export function presetRole(preset: SamplePresetName, column: string): Role {
  const key = `${preset}:${column}`
  const known = roles.get(key)
  if (known !== undefined) return known
  const role = findRole(preset, column)
  roles.set(key, role)
  return role
}

/** Roles found so far: a column is looked up once per row. */
const roles = new Map<string, Role>()

function findRole(preset: SamplePresetName, column: string): Role {
  const table = samplePresets[preset]
  const plain = plainName(column)
  const has = (names: readonly string[]): boolean => names.some((name) => plainName(name) === plain)
  if (has(table.outputTokens)) return { kind: 'outputTokens' }
  if (has(table.decodePerToken)) return { kind: 'decodePerToken' }
  if (has(table.device)) return { kind: 'device' }
  if (has(table.ignored)) return null
  for (const [name, spellings] of table.perToken) if (has(spellings)) return { kind: 'perToken', name }
  for (const [name, spellings] of Object.entries(table.stages)) {
    if (plainName(name) === plain || has(spellings)) return { kind: 'stage', name }
  }
  for (const [name, spellings] of Object.entries(table.knobs)) {
    if (plainName(name) === plain || has(spellings)) return { kind: 'knob', name }
  }
  const median = /^time_stats\.(.+)\.median$/.exec(column)
  if (median !== null) return { kind: 'stage', name: median[1] }
  if (column.startsWith('time_stats.')) return null
  const stage = /^(.+?)(?:_ms|Ms)$/.exec(column)
  if (stage !== null) return { kind: 'stage', name: stage[1] }
  return { kind: 'knob', name: column }
}
