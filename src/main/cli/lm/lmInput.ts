import { formatLmScheme, parseLmScheme } from '../../../core/lm/integer/lmScheme'
import { quantizeLm } from '../../../core/lm/integer/quantizeLm'
import type { QuantizedLm } from '../../../core/lm/integer/quantizedLm'
import { observeRanges } from '../../../core/lm/integer/ranges'
import { loadLm, readDocuments, shippedLm, type LoadedLm } from '../../lm/lmFiles'
import { textOption, UsageError, type CliArguments, type OptionSpec } from '../framework/framework'

/** Tokens that scales are chosen on. */
const calibrationTokens = 1024

/** Options of every verb that reads a language model. */
export const lmOptions: OptionSpec = {
  tokenizer: {
    type: 'string',
    help: 'tokenizer of the model; without: tokenizer.bin beside it',
    valueName: 'FILE'
  },
  calibration: { type: 'string', help: 'texts to choose scales on, one a line', valueName: 'FILE' }
}

/** How schemes are written, for the help of verbs. */
export const lmSchemeNotes: readonly string[] = [
  `MODEL is a checkpoint of llama2.c; without, the shipped ${shippedLm}.`,
  'A scheme: w4a8 for all matrices, then exceptions: w4a8,w2=w8a8,0.wo=w8a8,cls=w8a8,kv=4.'
]

/** Reads the model a verb names, or the shipped one. @throws UsageError for more than one */
export async function lmOf(args: CliArguments, cwd: string): Promise<LoadedLm> {
  if (args.positionals.length > 1) throw new UsageError('name one model')
  return await loadLm(
    {
      model: args.positionals[0] ?? shippedLm,
      tokenizer: textOption(args, 'tokenizer'),
      calibration: textOption(args, 'calibration'),
      text: textOption(args, 'text')
    },
    cwd
  )
}

/** A model in the bits of a scheme, and how the scheme is written. */
export interface LmOfScheme {
  readonly scheme: string
  readonly lm: QuantizedLm
}

/**
 * Quantizes a model by each scheme as a user wrote it; all are read before any work is done, and the model is observed once.
 * @throws AppError scheme.invalid, data.missing, model.unsupportedShape
 */
export async function quantizeBySchemes(
  loaded: LoadedLm,
  schemeTexts: readonly string[]
): Promise<LmOfScheme[]> {
  const { model, tokenizer, calibrationFile } = loaded
  const schemes = schemeTexts.map((text) => parseLmScheme(text, model.config))
  // A document has a token at least: no more documents than tokens are used.
  const documents = await readDocuments(calibrationFile, tokenizer, '--calibration', calibrationTokens)
  const ranges = observeRanges(model, documents, calibrationTokens)
  return schemes.map((scheme) => ({
    scheme: formatLmScheme(scheme),
    lm: quantizeLm(model, scheme, ranges)
  }))
}
