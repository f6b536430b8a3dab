import { formatPercent } from '../../../shared/units'
import { createInterface } from 'node:readline'
import { decoderParts } from '../../../core/lm/board/decoderImage'
import { createIntegerDecoder, type IntegerDecoder } from '../../../core/lm/integer/integerDecoder'
import type { Tokenizer } from '../../../core/lm/tokenizer'
import { loadDecoder, type BoardDecoder } from '../../lm/boardDecoder'
import { continueText, promptTokens, type ContinueOptions, type TextStep } from '../../lm/continueText'
import { quantizeBySchemes } from '../../lm/lmSchemes'
import { AppError } from '../../../shared/errors'
import { lineOptions, lineSettings } from '../board/boardLine'
import { numberOption, requiredBoard, textOption, type CliNoun, type CliVerb } from '../framework/framework'
import { lmOf, lmOptions, lmSchemeNotes } from './lmInput'

/** A text continued by a board. */
interface Continuation {
  readonly prompt: string
  readonly text: string
  readonly steps: readonly Step[]
  /** Cycles of the last step by part, summed over layers. */
  readonly lastParts: Readonly<Record<string, number>>
}

/** What a step on the board took, and whether the host's integers gave the same token. */
type Step = Omit<TextStep, 'text' | 'forced'>

/** Continues one prompt; `show` gets text as it comes. */
async function continuePrompt(
  board: BoardDecoder,
  host: IntegerDecoder,
  tokenizer: Tokenizer,
  prompt: string,
  options: ContinueOptions & { show: (text: string) => void }
): Promise<Continuation> {
  const steps: Step[] = []
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

/** Lines of standard input until it ends or the command is stopped, or the one prompt that was given. */
async function* promptsOf(given: string | undefined, signal: AbortSignal): AsyncGenerator<string> {
  if (given !== undefined) yield given
  else for await (const line of createInterface({ input: process.stdin, signal })) yield line
}

/** What the steps of all texts took together; the steps themselves are not kept. */
interface Totals {
  steps: number
  /** Steps whose token was not that of the host. */
  differing: number
  /** In the board's unit. */
  spent: number
  first: Step | null
  last: Step | null
  /** Cycles of the last step by part. */
  lastParts: Readonly<Record<string, number>>
}

function addTo(totals: Totals, { steps, lastParts }: Continuation, unit: 'cycles' | 'instructions'): void {
  for (const step of steps) {
    totals.steps++
    totals.differing += step.equal ? 0 : 1
    totals.spent += step[unit]
  }
  totals.first ??= steps[0] ?? null
  totals.last = steps.at(-1) ?? totals.last
  totals.lastParts = lastParts
}

const chatVerb: CliVerb = {
  summary: 'A language model on a board: continues texts token by token, each compared with the host.',
  usage:
    '--board BOARD [MODEL] [--prompt TEXT] [--scheme SCHEME] [--tokens N] [--to-the-end] [--tokenizer FILE] [--calibration FILE]',
  options: {
    board: { type: 'string', help: 'board id or serial port; `bitbench board list` names them' },
    ...lineOptions,
    ...lmOptions,
    prompt: { type: 'string', help: 'the text to go on with; without: one a line of standard input' },
    scheme: { type: 'string', help: 'bits of matrices and cache', default: 'w4a8' },
    tokens: { type: 'string', help: 'most tokens to make', default: '64' },
    'to-the-end': { type: 'boolean', help: 'continue after the end of a text' }
  },
  notes: [...lmSchemeNotes, 'The shipped model defines words: --prompt "dog:".'],
  async run(args, context) {
    const boardId = requiredBoard(args)
    const tokens = numberOption(args, 'tokens', { min: 1, max: 1024, integer: true }) ?? 64
    const line = lineSettings(args)
    const loaded = await lmOf(args, context.cwd)
    const [{ lm, scheme }] = await quantizeBySchemes(loaded, [textOption(args, 'scheme') ?? 'w4a8'])
    const { board } = await context.bitbench()
    const identified = await board.connect(boardId, line)
    const host = createIntegerDecoder(lm)
    const show = (text: string): void => void (context.json || process.stdout.write(text))
    const { name, info, origin, unit } = identified
    const texts: Continuation[] = []
    const totals: Totals = { steps: 0, differing: 0, spent: 0, first: null, last: null, lastParts: {} }
    try {
      const plan = await board.withLease(boardId, `language model ${loaded.name}`, async (session) => {
        const decoder = await loadDecoder(session, lm, { signal: context.signal })
        for await (const prompt of promptsOf(textOption(args, 'prompt'), context.signal)) {
          show(prompt)
          const options = {
            tokens,
            toTheEnd: args.values['to-the-end'] === true,
            signal: context.signal,
            show
          }
          const found = await continuePrompt(decoder, host, loaded.tokenizer, prompt, options)
          addTo(totals, found, unit)
          if (context.json) texts.push(found)
          show('\n')
        }
        return decoder.plan
      })
      // Ctrl-C before the first line is no mistake.
      if (totals.first === null && !context.signal.aborted)
        throw new AppError(
          'input.invalid',
          'No text was given: standard input ended before its first line.',
          'Give a text with --prompt TEXT, or one a line on standard input.'
        )
      const { memory } = plan.block.image
      return {
        json: {
          model: loaded.name,
          scheme,
          board: { id: boardId, name, buildId: info.buildId, clockHz: info.clockHz },
          origin,
          unit,
          memory: { programBytes: plan.program.bytes.length, ...memory, freeBytes: plan.freeBytes },
          differing: totals.differing,
          texts
        },
        text: summary(totals, {
          clockHz: unit === 'cycles' ? info.clockHz : null,
          unit,
          origin,
          blockBytes: memory.blockBytes,
          cacheBytes: memory.cacheBytes
        }),
        exitCode: totals.differing > 0 ? 1 : 0
      }
    } finally {
      await board.disconnect(boardId)
    }
  }
}

/** What the steps took, and how they compare with the host. */
function summary(
  { steps, differing, spent, first, last, lastParts }: Totals,
  of: {
    clockHz: number | null
    unit: 'cycles' | 'instructions'
    origin: string
    blockBytes: number
    cacheBytes: number
  }
): string {
  if (first === null || last === null) return 'No text was given.'
  const mean = spent / steps
  const rate = of.clockHz === null ? '' : `, ${(of.clockHz / mean).toFixed(1)} tokens/s`
  const total = Object.values(lastParts).reduce((sum, value) => sum + value, 0)
  const shares = Object.entries(lastParts).map(
    ([name, value]) => `${name} ${formatPercent(value / Math.max(1, total))}`
  )
  return [
    '',
    `${steps} steps (${of.origin}): ${Math.round(mean)} ${of.unit} each${rate}; position ${first.position}: ${first[of.unit]}, position ${last.position}: ${last[of.unit]}`,
    ...(total > 0 ? [`last step by part: ${shares.join(', ')}`] : []),
    `memory: ${of.blockBytes} bytes, ${of.cacheBytes} of them cache`,
    differing === 0
      ? `Tokens equal to the host's integer reference: all ${steps}.`
      : `${differing} of ${steps} tokens DIFFER from the host's integer reference.`
  ].join('\n')
}

/** `bitbench chat`: a language model on a board. */
export const chatCli: CliNoun = { noun: 'chat', verbs: { chat: chatVerb } }
