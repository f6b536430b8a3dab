import type * as ort from 'onnxruntime-node'
import { withWindow } from '../../../core/workload/onnx/window'
import { isNumbering } from './keyValueCache'
import { tensorOf, type Feeds } from './testRows'
import type { Subject } from './subject'

/** Sessions for windows of different lengths that are kept open. */
const maxSessions = 64
/** Largest difference of scores between a network and the same one with a shorter window. */
const tolerance = 1e-3

/** A network of tokens that can be run at several lengths and batch sizes. */
export interface TokenRuns {
  /** Tokens of the test samples: the longest length. */
  readonly window: number
  /** Whether shorter inputs cost less; else every pass is as long as the window. */
  readonly isOpen: boolean
  /** Most passes of different lengths that can be prepared together: a session more would take the place of one of theirs. */
  readonly maxLengths: number
  /** A pass over so many tokens; opens what it needs. */
  prepare(batch: number, tokens: number): Promise<() => Promise<unknown>>
}

/** Returns the runs of a network whose inputs are all [batch, tokens] of whole numbers; null for other networks. */
export async function tokenRuns(subject: Subject): Promise<TokenRuns | null> {
  const { model } = subject.network
  const [first] = model.inputs
  const window = lengthOf(subject.test.test[0]?.inputs[first?.name ?? ''])
  if (!model.inputs.every(isNumbering) || first === undefined || window < 2) return null
  const fixed = model.inputs.map(({ dims }) => dims?.[1]).find((size) => typeof size === 'number')
  const isOpen = fixed === undefined || (await canShorten(subject, window))
  const sessions = new Map<number, Promise<ort.InferenceSession>>()
  const sessionOf = async (tokens: number): Promise<ort.InferenceSession> => {
    const key = fixed === undefined || !isOpen ? window : tokens
    const found = sessions.get(key)
    if (found !== undefined) {
      // The one that was used last is released last.
      sessions.delete(key)
      sessions.set(key, found)
      return await found
    }
    const [oldest] = sessions
    if (oldest !== undefined && sessions.size >= maxSessions) {
      sessions.delete(oldest[0])
      await (await oldest[1]).release()
    }
    const opened = subject.open(key === window ? model : withWindow(model, window, key))
    sessions.set(key, opened)
    return await opened
  }
  return {
    window,
    isOpen,
    maxLengths: fixed !== undefined && isOpen ? maxSessions : Infinity,
    async prepare(batch, tokens) {
      const feeds = tokenFeeds(subject, batch, isOpen ? tokens : window)
      const session = await sessionOf(tokens)
      return () => session.run(feeds)
    }
  }
}

const lengthOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0)

/** The first tokens of test samples, which are repeated where there are fewer than the batch. */
function tokenFeeds({ network, test: { test } }: Subject, batch: number, tokens: number, from = 0): Feeds {
  return Object.fromEntries(
    network.model.inputs.map(({ name, elementType }) => {
      const rows = Array.from({ length: batch }, (_, at) => test[(from + at) % test.length])
      const numbers = rows.flatMap((row) => (row?.inputs[name] as number[]).slice(0, tokens))
      return [name, tensorOf(elementType, numbers, [batch, tokens])]
    })
  )
}

/**
 * Whether the shortened network says what the original says of the same sample, whose tail is padding: for half the window,
 * for a tail that repeats one token.
 */
async function canShorten(subject: Subject, window: number): Promise<boolean> {
  const { model } = subject.network
  const [{ name }] = model.inputs
  const at = subject.test.test.findIndex(({ inputs }) => tailStart(inputs[name] as number[]) < window - 1)
  if (at < 0) return false
  const tokens = Math.max(1, tailStart(subject.test.test[at]?.inputs[name] as number[]))
  try {
    const [long, short] = [await subject.open(model), await subject.open(withWindow(model, window, tokens))]
    const output = model.outputs[0].name
    const whole = (await long.run(tokenFeeds(subject, 1, window, at)))[output]
    const part = (await short.run(tokenFeeds(subject, 1, tokens, at)))[output]
    await Promise.all([long.release(), short.release()])
    const [expected, found] = [whole?.data as Float32Array, part?.data as Float32Array]
    // Scores of every token lie one after another: those of the first tokens come first.
    return found.length > 0 && found.every((value, place) => Math.abs(value - expected[place]) <= tolerance)
  } catch {
    // The runtime refuses shapes that do not fit: the guess was wrong.
    return false
  }
}

/** Where the last token begins to repeat to the end. */
function tailStart(ids: readonly number[]): number {
  let start = ids.length - 1
  while (start > 0 && ids[start - 1] === ids[ids.length - 1]) start--
  return start
}
