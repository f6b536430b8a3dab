import path from 'node:path'
import { formatLmScheme } from '../../../core/lm/integer/lmScheme'
import { runSearch } from '../../../core/search/runSearch'
import { countOf } from '../../../shared/units'
import { objectives, strategyNames } from '../../../shared/vocabulary'
import { readDecoderProxy } from '../../lm/decoderProxyFile'
import { prepareLmSearch } from '../../lm/lmSearch'
import { createPause } from '../../threads/pause'
import { usableRamBytes, type BoardInfo } from '../../../core/board/boardInfo'
import { lineOptions, lineSettings } from '../board/boardLine'
import {
  choiceOption,
  numberOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliVerb
} from '../framework/framework'
import { lmOf, lmOptions } from './lmInput'

/** `lm search`: weight bits of every matrix within a budget. */
export const lmSearchVerb: CliVerb = {
  summary: 'Searches the weight bits of every matrix within a budget of latency or of weight bytes.',
  usage:
    '[MODEL] --budget SHARE [--proxy FILE] [--board BOARD [--ram SIZE]] [--kv 8] [--strategy auto] [--objective kl] [--evaluations N] [--documents N] [--seed S]',
  options: {
    ...lmOptions,
    budget: { type: 'string', help: 'share of what all-8-bit takes, e.g. 0.8; 0.8 without --board' },
    board: { type: 'string', help: 'board whose RAM program, weights, cache and activations must fit' },
    ...lineOptions,
    ram: { type: 'string', help: 'with --board: no more of it than this, e.g. 384K', valueName: 'SIZE' },
    proxy: {
      type: 'string',
      help: 'latency from this file of `bitbench lm profile`; without: bytes of the weights',
      valueName: 'FILE'
    },
    kv: { type: 'string', help: 'bits of keys and values, 8 or 4', default: '8' },
    strategy: { type: 'string', help: `one of ${strategyNames.join(', ')}`, default: 'auto' },
    objective: { type: 'string', help: `one of ${objectives.join(', ')}`, default: 'kl' },
    evaluations: { type: 'string', help: 'schemes that are measured', default: '40' },
    documents: {
      type: 'string',
      help: 'texts to measure on, from the last of the calibration texts',
      default: '12'
    },
    seed: { type: 'string', help: 'seed of the search', default: '1' }
  },
  notes: [
    'With --board, a scheme that is found fits its RAM; --budget is a limit beside it.',
    'Schemes are compared with float on calibration texts; texts of perplexity are not looked at.',
    'Activations stay at 8 bits. What is found can be given to `lm perplexity`, `lm predict` and `chat` as --scheme.'
  ],
  async run(args, context) {
    const boardId = textOption(args, 'board')
    const given = sizeOption(args, 'ram')
    if (given !== undefined && boardId === undefined) throw new UsageError('--ram needs --board')
    const budget = numberOption(args, 'budget', { min: 0.05, max: 1 }) ?? (boardId === undefined ? 0.8 : null)
    const evaluations = numberOption(args, 'evaluations', { min: 1, max: 10_000, integer: true }) ?? 40
    const documents = numberOption(args, 'documents', { min: 1, max: 1000, integer: true }) ?? 12
    const seed = numberOption(args, 'seed', { min: 0, max: 0xffff_ffff, integer: true }) ?? 1
    const cacheBits = choiceOption(args, 'kv', ['8', '4'] as const) === '4' ? 4 : 8
    const strategy = choiceOption(args, 'strategy', strategyNames) ?? 'auto'
    const objective = choiceOption(args, 'objective', objectives) ?? 'kl'
    const file = textOption(args, 'proxy')
    const proxy = file === undefined ? null : await readDecoderProxy(path.resolve(context.cwd, file))
    const loaded = await lmOf(args, context.cwd)
    const info = boardId === undefined ? null : await infoOf(boardId, args, context)
    const ram = info === null ? null : Math.min(given ?? Infinity, usableRamBytes(info))
    const search = await prepareLmSearch(loaded, { proxy, board: info, cacheBits, documents })
    const ramShare = ram === null || search.int8RamBytes === null ? [] : [ram / search.int8RamBytes]
    const outcome = await runSearch(
      {
        space: search.space,
        strategy,
        objective,
        budgetRatios: [budget, ...ramShare],
        evaluations,
        batch: 4,
        seed
      },
      {
        evaluate: search.evaluate,
        pause: createPause(),
        signal: context.signal,
        onCandidate: ({ index, loss, cost, feasible }) =>
          context.log(
            `${index + 1} of ${evaluations}: ${objective} ${loss.toPrecision(4)}, ${Math.round(cost)}${feasible ? '' : ', over the budget'}`
          )
      }
    )
    const { best, trace } = outcome
    const scheme = best === null ? null : formatLmScheme(search.schemeOf(best.scheme))
    return {
      json: {
        ...{ model: loaded.name, strategy, objective, budget, seed, unit: search.unit },
        ...{ documents: search.documents, ramBytes: best?.costs[1] ?? null, ramLimit: ram },
        ...{ scheme, best, trace }
      },
      text:
        best === null || scheme === null
          ? `No scheme within ${limitText(budget, ram)} was found in ${trace.length} evaluations.`
          : [
              `${objective} ${best.loss.toPrecision(4)} at ${(best.cost / search.int8Cost).toFixed(3)} of all-8-bit (${Math.round(best.cost)} ${search.unit}), ${countOf(trace.length, 'scheme')} measured on ${countOf(search.documents, 'text')}`,
              ...(ram === null
                ? []
                : [`RAM: ${best.costs[1]} of ${ram} bytes (all-8-bit: ${search.int8RamBytes})`]),
              scheme
            ].join('\n'),
      exitCode: best === null ? 1 : 0
    }
  }
}

/** What a connected board says of itself; the board is let go at once. */
async function infoOf(boardId: string, args: CliArguments, context: CliContext): Promise<BoardInfo> {
  const { board } = await context.bitbench()
  const { info } = await board.connect(boardId, lineSettings(args))
  await board.disconnect(boardId)
  return info
}

/** Bytes of an option such as 384K or 1M. @throws UsageError for what is no size */
function sizeOption(args: CliArguments, name: string): number | undefined {
  const text = textOption(args, name)
  if (text === undefined) return undefined
  const [, digits = '', unit = ''] = /^(\d{1,12})([kKmM]?)$/.exec(text.trim()) ?? []
  if (Number(digits) > 0) return Number(digits) * (unit === '' ? 1 : /k/i.test(unit) ? 1024 : 1024 ** 2)
  throw new UsageError(`--${name} is a size in bytes, such as 393216, 384K or 1M`)
}

function limitText(budget: number | null, ram: number | null): string {
  const parts = budget === null ? [] : [`${budget} of all-8-bit`]
  return [...parts, ...(ram === null ? [] : [`${ram} bytes of RAM`])].join(' and ')
}
