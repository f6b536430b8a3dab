import { createRandom } from '../math/random'
import type { DocumentLoss } from './perplexity'

/** Perplexity over documents with a 95 % interval. */
export interface Perplexity {
  readonly tokens: number
  readonly natsPerToken: number
  readonly perplexity: number
  /** Of the perplexity, by resampling documents. */
  readonly low: number
  readonly high: number
}

/** A perplexity beside that of a reference on the same documents. */
export interface PerplexityRatio {
  readonly ratio: number
  readonly low: number
  readonly high: number
}

const resamples = 1000

/** 95 % interval of a statistic of documents drawn with replacement; seeded. */
function interval(count: number, seed: number, statistic: (drawn: Int32Array) => number): [number, number] {
  const random = createRandom(seed)
  const drawn = new Int32Array(count)
  const found = new Float64Array(resamples)
  for (let sample = 0; sample < resamples; sample++) {
    for (let at = 0; at < count; at++) drawn[at] = random.integer(count)
    found[sample] = statistic(drawn)
  }
  found.sort()
  return [found[Math.floor(0.025 * resamples)], found[Math.ceil(0.975 * resamples) - 1]]
}

/** Mean loss per token of the documents with these numbers; NaN without a token. */
function meanLoss(losses: readonly DocumentLoss[], drawn: Int32Array): number {
  let [nats, tokens] = [0, 0]
  for (const index of drawn) {
    nats += losses[index].nats
    tokens += losses[index].tokens
  }
  return nats / tokens
}

/** Perplexity of documents. At least one must have a token. */
export function perplexityOf(losses: readonly DocumentLoss[], seed: number): Perplexity {
  const whole = meanLoss(losses, Int32Array.from(losses.keys()))
  const [low, high] = interval(losses.length, seed, (drawn) => meanLoss(losses, drawn))
  return {
    tokens: losses.reduce((sum, loss) => sum + loss.tokens, 0),
    natsPerToken: whole,
    perplexity: Math.exp(whole),
    low: Math.exp(low),
    high: Math.exp(high)
  }
}

/** Perplexity over that of a reference, on the same documents: pairing them makes the interval narrow. */
export function perplexityRatio(
  losses: readonly DocumentLoss[],
  reference: readonly DocumentLoss[],
  seed: number
): PerplexityRatio {
  const difference = (drawn: Int32Array): number => meanLoss(losses, drawn) - meanLoss(reference, drawn)
  const [low, high] = interval(losses.length, seed, difference)
  const ratio = Math.exp(difference(Int32Array.from(losses.keys())))
  return { ratio, low: Math.exp(low), high: Math.exp(high) }
}
