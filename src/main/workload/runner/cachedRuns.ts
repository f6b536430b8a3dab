import type * as ort from 'onnxruntime-node'
import { cacheInput, type KeyValueCache } from './keyValueCache'
import type { Subject } from './subject'
import { tensorOf, type Feeds } from './testRows'

/** Passes of a network with a key/value cache. */
export interface CachedRuns {
  /** Tokens of the test samples: most of prompt and output together. */
  readonly window: number
  /**
   * The pass over a prompt and those of the tokens after it, one each. A pass works on what the one before it left in the cache:
   * they have to be run in this order, again from the first one.
   */
  prepare(batch: number, prompt: number, outputs: number): CachedPasses
}

/** A prompt's pass and the tokens' passes after it; each returns the network's outputs. */
export interface CachedPasses {
  readonly prefill: () => Promise<Feeds>
  readonly decode: readonly (() => Promise<Feeds>)[]
}

/**
 * Opens a network with a cache; null when its test samples hold fewer than two tokens, or when it takes what a pass in the middle
 * of a text cannot be given: other inputs than tokens, cache, mask and positions.
 */
export async function cachedRuns(subject: Subject, cache: KeyValueCache): Promise<CachedRuns | null> {
  const { test, file } = subject
  const ids = test.test.map(({ inputs }) => inputs[cache.tokens.name] as number[])
  const window = Math.min(...ids.map(({ length }) => length))
  const one = { batch: 1, before: 0, tokens: 1 }
  const isGiven = file.inputs.every(
    (input) => input.name === cache.tokens.name || cacheInput(input, one, cache.choice) !== null
  )
  if (!(window >= 2) || !isGiven) return null
  const session: ort.InferenceSession = await subject.open(file)
  return {
    window,
    prepare(batch, prompt, outputs) {
      let past: Feeds = {}
      const pass = (before: number, tokens: number) => {
        const numbers = Array.from({ length: batch }, (_, row) =>
          ids[row % ids.length].slice(before, before + tokens)
        ).flat()
        const own = Object.fromEntries(
          file.inputs.flatMap((input): [string, ort.Tensor][] => {
            const given = cacheInput(input, { batch, before, tokens }, cache.choice)
            return given === null ? [] : [[input.name, given]]
          })
        )
        own[cache.tokens.name] = tensorOf(cache.tokens.elementType, numbers, [batch, tokens])
        return async (): Promise<Feeds> => {
          const found = await session.run(before === 0 ? own : { ...own, ...past })
          past = Object.fromEntries(cache.pairs.map((pair) => [pair.past, found[pair.present]]))
          return found
        }
      }
      return {
        prefill: pass(0, prompt),
        decode: Array.from({ length: outputs }, (_, at) => pass(prompt + at, 1))
      }
    }
  }
}
