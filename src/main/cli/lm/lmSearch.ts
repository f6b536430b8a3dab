import path from 'node:path'
import { formatLmScheme } from '../../../core/lm/integer/lmScheme'
import { runSearch } from '../../../core/search/runSearch'
import { countOf } from '../../../shared/units'
import { objectives, strategyNames } from '../../../shared/vocabulary'
import { readDecoderProxy } from '../../lm/decoderProxyFile'
import { prepareLmSearch } from '../../lm/lmSearch'
import { choiceOption, numberOption, textOption, type CliVerb } from '../framework/framework'
import { lmOf, lmOptions } from './lmInput'

/** `lm search`: weight bits of every matrix within a budget. */
export const lmSearchVerb: CliVerb = {
  summary: 'Searches the weight bits of every matrix within a budget of latency or of weight bytes.',
  usage:
    '[MODEL] --budget SHARE [--proxy FILE] [--kv 8] [--strategy auto] [--objective kl] [--evaluations N] [--documents N] [--seed S]',
  options: {
    ...lmOptions,
    budget: { type: 'string', help: 'share of what all-8-bit takes, e.g. 0.8', default: '0.8' },
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
    'Schemes are compared with float on calibration texts; texts of perplexity are not looked at.',
    'Activations stay at 8 bits. What is found can be given to `lm perplexity`, `lm predict` and `chat` as --scheme.'
  ],
  async run(args, context) {
    const budget = numberOption(args, 'budget', { min: 0.05, max: 1 }) ?? 0.8
    const evaluations = numberOption(args, 'evaluations', { min: 1, max: 10_000, integer: true }) ?? 40
    const documents = numberOption(args, 'documents', { min: 1, max: 1000, integer: true }) ?? 12
    const seed = numberOption(args, 'seed', { min: 0, max: 0xffff_ffff, integer: true }) ?? 1
    const cacheBits = choiceOption(args, 'kv', ['8', '4'] as const) === '4' ? 4 : 8
    const strategy = choiceOption(args, 'strategy', strategyNames) ?? 'auto'
    const objective = choiceOption(args, 'objective', objectives) ?? 'kl'
    const file = textOption(args, 'proxy')
    const proxy = file === undefined ? null : await readDecoderProxy(path.resolve(context.cwd, file))
    const loaded = await lmOf(args, context.cwd)
    const search = await prepareLmSearch(loaded, { proxy, cacheBits, documents })
    const outcome = await runSearch(
      { space: search.space, strategy, objective, budgetRatios: [budget], evaluations, batch: 4, seed },
      {
        evaluate: search.evaluate,
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
        ...{ documents: search.documents, scheme, best, trace }
      },
      text:
        best === null || scheme === null
          ? `No scheme within ${budget} of all-8-bit was found in ${trace.length} evaluations.`
          : [
              `${objective} ${best.loss.toPrecision(4)} at ${(best.cost / search.int8Cost).toFixed(3)} of all-8-bit (${Math.round(best.cost)} ${search.unit}), ${countOf(trace.length, 'scheme')} measured on ${countOf(search.documents, 'text')}`,
              scheme
            ].join('\n'),
      exitCode: best === null ? 1 : 0
    }
  }
}
