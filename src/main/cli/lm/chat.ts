import { createInterface } from 'node:readline'
import { createIntegerDecoder } from '../../../core/lm/integer/integerDecoder'
import type { QuantizedLm } from '../../../core/lm/integer/quantizedLm'
import type { Tokenizer } from '../../../core/lm/tokenizer'
import { AppError } from '../../../shared/errors'
import type { IdentifiedBoard } from '../../board/boardView'
import { loadDecoder, type BoardDecoder, type DecoderSession } from '../../lm/boardDecoder'
import { quantizeBySchemes } from '../../lm/lmSchemes'
import { lineOptions, lineSettings } from '../board/boardLine'
import {
  numberOption,
  requiredBoard,
  textOption,
  type CliArguments,
  type CliContext,
  type CliNoun,
  type CliResult,
  type CliVerb
} from '../framework/framework'
import { continuePrompt, type Continuation } from './chatContinuation'
import { addTo, emptyTotals, totalsText, type ChatTotals } from './chatTotals'
import { lmOf, lmOptions, lmSchemeNotes } from './lmInput'

/** Lines of standard input until it ends or the command is stopped, or the one prompt that was given. */
async function* promptsOf(given: string | undefined, signal: AbortSignal): AsyncGenerator<string> {
  if (given !== undefined) yield given
  else for await (const line of createInterface({ input: process.stdin, signal })) yield line
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
    try {
      const found = await board.withLease(boardId, `language model ${loaded.name}`, async (session) =>
        continueAll(session, args, context, {
          lm,
          tokenizer: loaded.tokenizer,
          tokens,
          unit: identified.unit
        })
      )
      // Ctrl-C before the first line is no mistake.
      if (found.totals.first === null && !context.signal.aborted) throw noText()
      return chatResult(found, { ...identified, id: boardId }, { model: loaded.name, scheme })
    } finally {
      await board.disconnect(boardId)
    }
  }
}

/** What the board made of all texts. */
interface Continued {
  /** With --json alone. */
  readonly texts: readonly Continuation[]
  readonly totals: ChatTotals
  readonly plan: BoardDecoder['plan']
}

/** Loads the decoder and continues every prompt; without --json, text is printed as it comes. */
async function continueAll(
  session: DecoderSession,
  args: CliArguments,
  { json, signal }: CliContext,
  {
    lm,
    tokenizer,
    tokens,
    unit
  }: { lm: QuantizedLm; tokenizer: Tokenizer; tokens: number; unit: IdentifiedBoard['unit'] }
): Promise<Continued> {
  const host = createIntegerDecoder(lm)
  const show = (text: string): void => void (json || process.stdout.write(text))
  const options = { tokens, toTheEnd: args.values['to-the-end'] === true, signal, show }
  const texts: Continuation[] = []
  const totals = emptyTotals()
  const decoder = await loadDecoder(session, lm, { signal })
  for await (const prompt of promptsOf(textOption(args, 'prompt'), signal)) {
    show(prompt)
    const found = await continuePrompt(decoder, host, tokenizer, prompt, options)
    addTo(totals, found, unit)
    if (json) texts.push(found)
    show('\n')
  }
  return { texts, totals, plan: decoder.plan }
}

function noText(): AppError {
  return new AppError(
    'input.invalid',
    'No text was given: standard input ended before its first line.',
    'Give a text with --prompt TEXT, or one a line on standard input.'
  )
}

/** What the verb returns; exit code 1 where a token differs from the host's. */
function chatResult(
  { texts, totals, plan }: Continued,
  { id, name, info, origin, unit }: IdentifiedBoard,
  about: { model: string; scheme: string }
): CliResult {
  const { memory } = plan.block.image
  return {
    json: {
      ...about,
      board: { id, name, buildId: info.buildId, clockHz: info.clockHz },
      origin,
      unit,
      memory: { programBytes: plan.program.bytes.length, ...memory, freeBytes: plan.freeBytes },
      differing: totals.differing,
      texts
    },
    text: totalsText(totals, {
      clockHz: unit === 'cycles' ? info.clockHz : null,
      unit,
      origin,
      blockBytes: memory.blockBytes,
      cacheBytes: memory.cacheBytes
    }),
    exitCode: totals.differing > 0 ? 1 : 0
  }
}

/** `bitbench chat`: a language model on a board. */
export const chatCli: CliNoun = { noun: 'chat', verbs: { chat: chatVerb } }
