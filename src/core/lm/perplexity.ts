import { logSumExp } from '../math/logSumExp'
import { argmax } from '../quant/integer/runInteger'
import type { Decoder } from './floatDecoder'
import { beginToken } from './tokenizer'

/** Loss of a document: the sum over its tokens, in nats. */
export interface DocumentLoss {
  readonly nats: number
  readonly tokens: number
}

/** -log of the softmax of `logits` at `token`, in nats. */
export const tokenLoss = (logits: ArrayLike<number>, token: number): number =>
  logSumExp(logits) - logits[token]

/** Loss of a document's tokens (the begin marker first), as far as the sequence is long. */
export function documentLoss(decoder: Decoder, tokens: readonly number[]): DocumentLoss {
  decoder.reset()
  const count = Math.min(tokens.length - 1, decoder.config.sequenceLength)
  let nats = 0
  for (let at = 0; at < count; at++) nats += tokenLoss(decoder.step(tokens[at]), tokens[at + 1])
  return { nats, tokens: count }
}

/**
 * The tokens that the decoder takes for the likeliest, one after another, behind a prompt. Ends with the sequence, with `count`
 * tokens, or with a begin marker where `untilBegin` is set.
 */
export function* greedyTokens(
  decoder: Decoder,
  prompt: readonly number[],
  count: number,
  untilBegin = false
): Generator<number, void> {
  decoder.reset()
  let next = 0
  for (const token of prompt) next = argmax(decoder.step(token))
  for (let made = 0; made < count; made++) {
    if (untilBegin && next === beginToken) return
    yield next
    if (made + 1 === count || decoder.position() === decoder.config.sequenceLength) return
    next = argmax(decoder.step(next))
  }
}
