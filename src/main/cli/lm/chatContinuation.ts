import { decoderParts } from '../../../core/lm/board/decoderImage'
import type { IntegerDecoder } from '../../../core/lm/integer/integerDecoder'
import type { Tokenizer } from '../../../core/lm/tokenizer'
import type { BoardDecoder } from '../../lm/boardDecoder'
import { continueText, promptTokens, type ContinueOptions, type TextStep } from '../../lm/continueText'

/** A text continued by a board. */
export interface Continuation {
  readonly prompt: string
  readonly text: string
  readonly steps: readonly ContinuationStep[]
  /** Cycles of the last step by part, summed over layers. */
  readonly lastParts: Readonly<Record<string, number>>
}

/** What a step on the board took, and whether the host's integers gave the same token. */
export type ContinuationStep = Omit<TextStep, 'text' | 'forced'>

/** Continues one prompt; `show` gets text as it comes. */
export async function continuePrompt(
  board: BoardDecoder,
  host: IntegerDecoder,
  tokenizer: Tokenizer,
  prompt: string,
  options: ContinueOptions & { show: (text: string) => void }
): Promise<Continuation> {
  const steps: ContinuationStep[] = []
  let whole = ''
  const prompted = promptTokens(tokenizer, prompt, host.config.sequenceLength)
  for await (const step of continueText(board, host, tokenizer, prompted, options)) {
    const { text, position, token, cycles, instructions, equal } = step
    steps.push({ position, token, cycles, instructions, equal })
    whole += text
    options.show(text)
  }
  return { prompt, text: whole, steps, lastParts: sumParts(await board.parts()) }
}

function sumParts(parts: Uint32Array): Record<string, number> {
  const sums = Object.fromEntries(decoderParts.map((name) => [name, 0])) as Record<string, number>
  parts.forEach((cycles, at) => {
    const name = decoderParts[at % decoderParts.length]
    sums[name] = (sums[name] ?? 0) + cycles
  })
  return sums
}
