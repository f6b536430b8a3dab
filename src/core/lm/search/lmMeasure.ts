import { AppError } from '../../../shared/errors'
import { formatBytes } from '../../../shared/units'
import { logSumExp } from '../../math/logSumExp'
import { argmax } from '../../quant/integer/runInteger'
import type { Measure } from '../../search/objective'
import type { Decoder } from '../floatDecoder'

/** Logits of the float decoder for every token of some documents. */
export interface FloatLogits {
  readonly documents: readonly (readonly number[])[]
  /** Per document [tokens - 1][vocabulary], log-probabilities. */
  readonly logProbabilities: readonly Float32Array[]
}

const stepsOf = (decoder: Decoder, tokens: readonly number[]): number =>
  Math.min(tokens.length - 1, decoder.config.sequenceLength)

/** Most bytes that float's log-probabilities may take. */
const maxLogitBytes = 2 ** 30

/**
 * Runs the float decoder over documents once; schemes are compared with what it gives.
 * @throws AppError input.invalid when that takes more than 1 GiB
 */
export function floatLogits(decoder: Decoder, documents: readonly (readonly number[])[]): FloatLogits {
  const { vocabulary } = decoder.config
  const bytes = 4 * vocabulary * documents.reduce((sum, tokens) => sum + stepsOf(decoder, tokens), 0)
  if (bytes > maxLogitBytes)
    throw new AppError(
      'input.invalid',
      `The ${documents.length} documents take ${formatBytes(bytes)} of log-probabilities; ${formatBytes(maxLogitBytes)} is the most.`,
      'Measure on fewer documents.'
    )
  const logProbabilities = documents.map((tokens) => {
    decoder.reset()
    const rows = new Float32Array(stepsOf(decoder, tokens) * vocabulary)
    for (let at = 0; at * vocabulary < rows.length; at++) {
      const logits = decoder.step(tokens[at])
      const whole = logSumExp(logits)
      for (let token = 0; token < vocabulary; token++) rows[at * vocabulary + token] = logits[token] - whole
    }
    return rows
  })
  return { documents, logProbabilities }
}

/**
 * How far a decoder is from float, mean over tokens: KL(float || decoder) in nats, loss of the text's own tokens, squared difference
 * of log-probabilities, and the share of tokens that are the likeliest.
 */
export function measureDecoder(decoder: Decoder, { documents, logProbabilities }: FloatLogits): Measure {
  const { vocabulary } = decoder.config
  let [kl, crossEntropy, mse, right, tokens] = [0, 0, 0, 0, 0]
  for (const [index, document] of documents.entries()) {
    decoder.reset()
    const float = logProbabilities[index]
    for (let at = 0; at * vocabulary < float.length; at++, tokens++) {
      const logits = decoder.step(document[at])
      const whole = logSumExp(logits)
      // Float's rounded log-probabilities sum to 1 within 1e-7, which would be an error of that size in the KL.
      let [weighted, total] = [0, 0]
      for (let token = 0; token < vocabulary; token++) {
        const expected = float[at * vocabulary + token]
        const difference = expected - (logits[token] - whole)
        const share = Math.exp(expected)
        total += share
        weighted += share * difference
        mse += difference ** 2 / vocabulary
      }
      kl += weighted / total - Math.log(total)
      crossEntropy += whole - logits[document[at + 1]]
      if (argmax(logits) === document[at + 1]) right++
    }
  }
  return {
    kl: Math.max(0, kl / tokens),
    crossEntropy: crossEntropy / tokens,
    mse: mse / tokens,
    accuracy: right / tokens
  }
}
