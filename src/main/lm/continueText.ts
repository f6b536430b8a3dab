import { decodeUtf8Prefix } from '../../core/binary/utf8'
import type { IntegerDecoder } from '../../core/lm/integer/integerDecoder'
import { beginToken, type Tokenizer } from '../../core/lm/tokenizer'
import { argmax } from '../../core/quant/integer/runInteger'
import { AppError } from '../../shared/errors'
import { createPause } from '../threads/pause'
import type { BoardDecoder, BoardStep } from './boardDecoder'

/** One token of a text that a board continues. */
export interface TextStep extends BoardStep {
  readonly position: number
  /** The token of the host's integer reference is the same. */
  readonly equal: boolean
  /** The prompt goes on behind this step: its token is not used. */
  readonly forced: boolean
  /** What the step adds to the text; empty in the prompt and inside a character of several bytes. */
  readonly text: string
}

/** How far a text is continued. */
export interface ContinueOptions {
  /** Most tokens behind the prompt. */
  readonly tokens: number
  /** Goes on where the model ends a text. */
  readonly toTheEnd: boolean
  readonly signal: AbortSignal
}

/** Tokens of a prompt. @throws AppError input.invalid for more than the sequence has */
export function promptTokens(tokenizer: Tokenizer, prompt: string, sequenceLength: number): number[] {
  const tokens = tokenizer.encode(prompt)
  if (tokens.length <= sequenceLength) return tokens
  throw new AppError(
    'input.invalid',
    `The prompt has ${tokens.length} tokens; the model's sequence has ${sequenceLength}.`,
    'Shorten the prompt.'
  )
}

/** The host's token, made in parts: a step of a large model takes longer than a process may stand still. */
async function hostToken(host: IntegerDecoder, token: number): Promise<number> {
  const parts = host.stepInParts(token)
  const pause = createPause()
  for (;;) {
    const part = parts.next()
    if (part.done === true) return argmax(part.value)
    await pause()
  }
}

/**
 * Feeds a prompt's tokens (promptTokens) and then the board's own, step by step, each beside the host's.
 * @throws what the board throws
 */
export async function* continueText(
  board: Pick<BoardDecoder, 'step'>,
  host: IntegerDecoder,
  tokenizer: Pick<Tokenizer, 'decode'>,
  prompted: readonly number[],
  { tokens, toTheEnd, signal }: ContinueOptions
): AsyncGenerator<TextStep, void> {
  const length = host.config.sequenceLength
  host.reset()
  let [rest, token, made] = [new Uint8Array(), prompted[0] ?? beginToken, 0]
  for (let position = 0; position < length && made < tokens; position++) {
    signal.throwIfAborted()
    const found = await board.step(token, position, signal)
    const equal = (await hostToken(host, token)) === found.token
    const following = prompted[position + 1]
    const forced = following !== undefined
    const ends = !forced && found.token === beginToken && !toTheEnd
    let text = ''
    if (!forced && !ends) {
      const bytes = Uint8Array.from([...rest, ...tokenizer.decode(token, found.token)])
      const decoded = decodeUtf8Prefix(bytes)
      rest = new Uint8Array(decoded.rest)
      text = decoded.text
      made++
    }
    yield { position, ...found, equal, forced, text }
    if (ends) return
    token = following ?? found.token
  }
}
