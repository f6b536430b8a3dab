import { z } from 'zod'
import type { Tokenizer } from '../../core/lm/tokenizer'
import { tokenizerFromJson } from '../../core/lm/tokenizerJson'
import type { TextStepJson } from '../../core/lm/tokenizerJsonText'
import { AppError } from '../../shared/errors'

const id = z.number().int().nonnegative()
const mark = z.string().nullish()
const textStepSchema: z.ZodType<TextStepJson> = z.lazy(() =>
  z.object({
    type: z.string(),
    normalizers: z.array(textStepSchema).optional(),
    prepend: z.string().optional(),
    pattern: z.unknown().optional(),
    content: z.string().optional(),
    replacement: z.string().optional(),
    prepend_scheme: z.string().optional(),
    add_prefix_space: z.boolean().optional(),
    split: z.boolean().optional()
  })
)
const tokenizerJsonSchema = z.object({
  model: z.object({
    type: z.string().optional(),
    byte_fallback: z.boolean().optional(),
    ignore_merges: z.boolean().optional(),
    dropout: z.number().nullish(),
    continuing_subword_prefix: mark,
    end_of_word_suffix: mark,
    vocab: z.record(z.string(), id),
    merges: z.array(z.union([z.string(), z.array(z.string()).length(2)]))
  }),
  normalizer: textStepSchema.nullish(),
  pre_tokenizer: textStepSchema.nullish(),
  added_tokens: z.array(z.object({ id, content: z.string() })).optional()
})

/**
 * Reads a tokenizer.json of a Llama-style byte-pair tokenizer.
 * @param count pieces of its model
 * @throws AppError model.invalid
 */
export function readTokenizerJson(bytes: Uint8Array, count: number): Tokenizer {
  const hint = "Give the tokenizer.json that belongs to the model, or one in llama2.c's format."
  try {
    const json = tokenizerJsonSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))
    return tokenizerFromJson(json, count)
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError('model.invalid', 'The tokenizer.json holds no byte-pair tokenizer.', hint, { cause })
  }
}
