import type { Perplexity } from '../../../core/lm/lossInterval'
import { readDocuments } from '../../lm/lmFiles'
import { presentLm } from '../../lm/presentLm'
import { measurePerplexity } from '../../lm/lmPerplexity'
import { numberOption, repeatedOption, type CliNoun, type CliVerb } from '../framework/framework'
import { lmPredictVerb, lmProfileVerb } from './lmCost'
import { lmOf, lmOptions, lmSchemeNotes } from './lmInput'
import { lmSearchVerb } from './lmSearch'
import { taskContext } from '../framework/taskContext'

const infoVerb: CliVerb = {
  summary: 'Shows the sizes of a language model.',
  usage: '[MODEL] [--tokenizer FILE]',
  options: { tokenizer: lmOptions['tokenizer'] },
  notes: lmSchemeNotes.slice(0, 1),
  async run(args, context) {
    const json = presentLm(await lmOf(args, context.cwd))
    const { name, cacheBytesAt8Bits: cacheBytes } = json
    return {
      json,
      text: [
        `${name}: ${json.parameters} parameters, ${json.layers} layers, ${json.vocabulary} tokens, ${json.sequenceLength} positions`,
        `width ${json.dim}, feed-forward ${json.hiddenDim}, ${json.heads} heads of ${json.headSize} over ${json.kvHeads} of keys and values`,
        `classifier ${json.tied ? 'is the embedding' : 'of its own'}; cache of ${cacheBytes} bytes at 8 bits, ${cacheBytes / 2} at 4`
      ].join('\n')
    }
  }
}

const perplexityVerb: CliVerb = {
  summary: 'Measures perplexity on texts that were not trained on: float, and each scheme beside it.',
  usage:
    '[MODEL] [--scheme SCHEME]… [--text FILE] [--documents N] [--seed S] [--tokenizer FILE] [--calibration FILE]',
  options: {
    ...lmOptions,
    scheme: { type: 'string', multiple: true, help: 'bits of matrices and cache; may be given again' },
    text: { type: 'string', help: 'texts to measure on, one a line', valueName: 'FILE' },
    documents: { type: 'string', help: 'how many of them, from the first', default: '100' },
    seed: { type: 'string', help: 'seed of the intervals', default: '1' }
  },
  notes: lmSchemeNotes,
  async run(args, context) {
    const count = numberOption(args, 'documents', { min: 2, max: 100_000, integer: true }) ?? 100
    const seed = numberOption(args, 'seed', { min: 0, max: 0xffff_ffff, integer: true }) ?? 1
    const given = repeatedOption(args, 'scheme')
    const schemes = given.length > 0 ? given : ['w8a8']
    const loaded = await lmOf(args, context.cwd)
    const documents = await readDocuments(loaded.textFile, loaded.tokenizer, '--text', count)
    const measured = await measurePerplexity(loaded, documents, { schemes, seed }, taskContext(context))
    const { float: reference, schemes: rows } = measured
    const line = (name: string, { perplexity, low, high }: Perplexity): string =>
      `${name}: perplexity ${perplexity.toFixed(3)} (95 %: ${low.toFixed(3)} to ${high.toFixed(3)})`
    return {
      json: { model: loaded.name, documents: documents.length, seed, float: reference, schemes: rows },
      text: [
        `${loaded.name}: ${documents.length} documents, ${reference.tokens} tokens`,
        line('float', reference),
        ...rows.map(({ scheme, overFloat, ...row }) => {
          const { ratio, low, high } = overFloat
          return `${line(scheme, row)}, ${ratio.toFixed(4)} times float (${low.toFixed(4)} to ${high.toFixed(4)})`
        })
      ].join('\n')
    }
  }
}

/** `bitbench lm`: language models as files and as integers. */
export const lmCli: CliNoun = {
  noun: 'lm',
  verbs: {
    info: infoVerb,
    perplexity: perplexityVerb,
    profile: lmProfileVerb,
    predict: lmPredictVerb,
    search: lmSearchVerb
  }
}
