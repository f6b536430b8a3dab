import { z } from 'zod'
import { createTokenizer, type Tokenizer } from '../../core/lm/tokenizer'
import { tokenizerJsonPieces } from '../../core/lm/tokenizerJson'
import { AppError } from '../../shared/errors'

const id = z.number().int().nonnegative()
const tokenizerJsonSchema = z.object({
  model: z.object({
    type: z.string().optional(),
    byte_fallback: z.boolean().optional(),
    vocab: z.record(z.string(), id),
    merges: z.array(z.union([z.string(), z.array(z.string()).length(2)]))
  }),
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
    return createTokenizer(tokenizerJsonPieces(json, count))
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError('model.invalid', 'The tokenizer.json holds no byte-pair tokenizer.', hint, { cause })
  }
}
