import { formatLmScheme, parseLmScheme } from '../../core/lm/integer/lmScheme'
import { quantizeLm } from '../../core/lm/integer/quantizeLm'
import type { QuantizedLm } from '../../core/lm/integer/quantizedLm'
import { observeRanges } from '../../core/lm/integer/ranges'
import { readDocuments, type LoadedLm } from './lmFiles'

/** Tokens that scales are chosen on. */
export const calibrationTokens = 1024

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
