import { createInterface } from 'node:readline'
import { decoderParts } from '../../core/lm/board/decoderImage'
import { createIntegerDecoder } from '../../core/lm/integer/integerDecoder'
import { decodeUtf8Prefix } from '../../core/binary/utf8'
import { largestIndex } from '../../core/lm/perplexity'
import { beginToken, type Tokenizer } from '../../core/lm/tokenizer'
import type { Decoder } from '../../core/lm/floatDecoder'
import { loadDecoder, type BoardDecoder } from '../lm/boardDecoder'
import { AppError } from '../../shared/errors'
import { lineOptions, lineSettings } from './boardLine'
import { numberOption, requiredBoard, textOption, type CliNoun, type CliVerb } from './framework'
import { lmOf, lmOptions, lmQuantizer, lmSchemeNotes } from './lmInput'

/** What a step on the board took, and whether the host's integers gave the same token. */
interface Step {
  readonly position: number
  readonly token: number
  readonly cycles: number
  readonly instructions: number
  readonly equal: boolean
}

/** A text continued by a board. */
interface Continuation {
  readonly prompt: string
  readonly text: string
  readonly steps: readonly Step[]
  /** Cycles of the last step by part, summed over layers. */
  readonly lastParts: Readonly<Record<string, number>>
}

/** Feeds a prompt and then the board's own tokens; `show` gets text as it comes. */
async function continueText(
  board: BoardDecoder,
  host: Decoder,
  tokenizer: Tokenizer,
  prompt: string,
  options: { tokens: number; toTheEnd: boolean; signal: AbortSignal; show: (text: string) => void }
): Promise<Continuation> {
  const prompted = tokenizer.encode(prompt)
  const length = host.config.sequenceLength
  if (prompted.length > length)
    throw new AppError(
      'input.invalid',
      `The prompt has ${prompted.length} tokens; the model's sequence has ${length}.`,
      'Shorten the prompt.'
    )
  host.reset()
  const steps: Step[] = []
  let [text, rest, token, made] = ['', new Uint8Array(), prompted[0] ?? beginToken, 0]
  for (let position = 0; position < length && made < options.tokens; position++) {
    options.signal.throwIfAborted()
    const found = await board.step(token, position, options.signal)
    steps.push({ position, ...found, equal: largestIndex(host.step(token)) === found.token })
    const forced = prompted[position + 1]
    if (forced === undefined) {
      if (found.token === beginToken && !options.toTheEnd) break
      const bytes = Uint8Array.from([...rest, ...tokenizer.decode(token, found.token)])
      const decoded = decodeUtf8Prefix(bytes)
      rest = new Uint8Array(decoded.rest)
      text += decoded.text
      options.show(decoded.text)
      made++
    }
    token = forced ?? found.token
  }
  return { prompt, text, steps, lastParts: sumParts(await board.parts()) }
}

function sumParts(parts: Uint32Array): Record<string, number> {
  const sums = Object.fromEntries(decoderParts.map((name) => [name, 0])) as Record<string, number>
  parts.forEach((cycles, at) => {
    const name = decoderParts[at % decoderParts.length]!
    sums[name] = (sums[name] ?? 0) + cycles
  })
  return sums
}

/** Lines of standard input, or the one prompt that was given. */
async function* promptsOf(given: string | undefined): AsyncGenerator<string> {
  if (given !== undefined) yield given
  else for await (const line of createInterface({ input: process.stdin })) yield line
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
    'to-the-end': { type: 'boolean', help: 'go on behind the end of a text' }
  },
  notes: [...lmSchemeNotes, 'The shipped model defines words: --prompt "dog:".'],
  async run(args, context) {
    const boardId = requiredBoard(args)
    const tokens = numberOption(args, 'tokens', { min: 1, max: 1024, integer: true }) ?? 64
    const line = lineSettings(args)
    const loaded = await lmOf(args, context.cwd)
    const { lm, text: scheme } = (await lmQuantizer(loaded))(textOption(args, 'scheme') ?? 'w4a8')
    const { board } = await context.bitbench()
    const identified = await board.connect(boardId, line)
    const host = createIntegerDecoder(lm)
    const show = (text: string): void => void (context.json || process.stdout.write(text))
    const spoken: Continuation[] = []
    try {
      const plan = await board.withLease(boardId, `language model ${loaded.name}`, async (session) => {
        const decoder = await loadDecoder(session, lm, { signal: context.signal })
        for await (const prompt of promptsOf(textOption(args, 'prompt'))) {
          show(prompt)
          const options = {
            tokens,
            toTheEnd: args.values['to-the-end'] === true,
            signal: context.signal,
            show
          }
          spoken.push(await continueText(decoder, host, loaded.tokenizer, prompt, options))
          show('\n')
        }
        return decoder.plan
      })
      const steps = spoken.flatMap((each) => each.steps)
      const differing = steps.filter(({ equal }) => !equal).length
      const { name, info, origin, unit } = identified
      const { memory } = plan.block.image
      return {
        json: {
          model: loaded.name,
          scheme,
          board: { id: boardId, name, buildId: info.buildId, clockHz: info.clockHz },
          origin,
          unit,
          memory: { programBytes: plan.program.bytes.length, ...memory, freeBytes: plan.freeBytes },
          differing,
          texts: spoken
        },
        text: summary(steps, spoken.at(-1)?.lastParts ?? {}, {
          differing,
          clockHz: unit === 'cycles' ? info.clockHz : null,
          unit,
          origin,
          blockBytes: memory.blockBytes,
          cacheBytes: memory.cacheBytes
        }),
        exitCode: differing > 0 ? 1 : 0
      }
    } finally {
      await board.disconnect(boardId)
    }
  }
}

/** What the steps took, and how they compare with the host. */
function summary(
  steps: readonly Step[],
  parts: Readonly<Record<string, number>>,
  of: {
    differing: number
    clockHz: number | null
    unit: 'cycles' | 'instructions'
    origin: string
    blockBytes: number
    cacheBytes: number
  }
): string {
  if (steps.length === 0) return 'No text was given.'
  const spent = (step: Step): number => (of.unit === 'cycles' ? step.cycles : step.instructions)
  const mean = steps.reduce((sum, step) => sum + spent(step), 0) / steps.length
  const [first, last] = [steps[0]!, steps.at(-1)!]
  const rate = of.clockHz === null ? '' : `, ${(of.clockHz / mean).toFixed(1)} tokens/s`
  const total = Object.values(parts).reduce((sum, value) => sum + value, 0)
  const shares = Object.entries(parts).map(
    ([name, value]) => `${name} ${((100 * value) / Math.max(1, total)).toFixed(1)} %`
  )
  return [
    '',
    `${steps.length} steps (${of.origin}): ${Math.round(mean)} ${of.unit} each${rate}; position ${first.position}: ${spent(first)}, position ${last.position}: ${spent(last)}`,
    ...(total > 0 ? [`last step by part: ${shares.join(', ')}`] : []),
    `memory: ${of.blockBytes} bytes, ${of.cacheBytes} of them cache`,
    of.differing === 0
      ? `Tokens equal to the host's integer reference: all ${steps.length}.`
      : `${of.differing} of ${steps.length} tokens DIFFER from the host's integer reference.`
  ].join('\n')
}

/** `bitbench chat`: a language model on a board. */
export const chatCli: CliNoun = { noun: 'chat', verbs: { chat: chatVerb } }
