import { createFloatDecoder, type Decoder } from '../../core/lm/floatDecoder'
import { createIntegerDecoder } from '../../core/lm/integer/integerDecoder'
import {
  perplexityOf,
  perplexityRatio,
  type Perplexity,
  type PerplexityRatio
} from '../../core/lm/lossInterval'
import { documentLoss, type DocumentLoss } from '../../core/lm/perplexity'
import { AppError } from '../../shared/errors'
import type { TaskContext } from '../threads/task'
import type { LoadedLm } from './lmFiles'
import { quantizeBySchemes } from './lmSchemes'

/** Perplexity of a scheme, and how often that of float it is. */
export interface SchemePerplexity extends Perplexity {
  readonly scheme: string
  readonly overFloat: PerplexityRatio
}

/** Perplexity of a model in float and by scheme, on the same documents. */
export interface MeasuredPerplexity {
  readonly documents: number
  readonly seed: number
  readonly float: Perplexity
  readonly schemes: readonly SchemePerplexity[]
}

/**
 * Measures float, then each scheme on the same documents; can be stopped between two documents.
 * @throws AppError scheme.invalid, model.unsupportedShape; data.missing, also for one document alone
 */
export async function measurePerplexity(
  loaded: LoadedLm,
  documents: readonly (readonly number[])[],
  { schemes, seed }: { schemes: readonly string[]; seed: number },
  context: TaskContext
): Promise<MeasuredPerplexity> {
  if (documents.length < 2)
    throw new AppError(
      'data.missing',
      'Perplexity needs two documents at least: its interval comes from how they differ.',
      'Write more documents into the text file, one a line.'
    )
  const total = documents.length * (schemes.length + 1)
  let done = 0
  const lossesOf = async (decoder: Decoder, name: string): Promise<DocumentLoss[]> => {
    const losses: DocumentLoss[] = []
    for (const [index, tokens] of documents.entries()) {
      // A line of the log per scheme, not per document.
      context.progress(done++, total, index === 0 ? name : '')
      await context.yieldToAbort()
      losses.push(documentLoss(decoder, tokens))
    }
    return losses
  }
  const quantized = await quantizeBySchemes(loaded, schemes)
  const float = await lossesOf(createFloatDecoder(loaded.model), 'float')
  const rows: SchemePerplexity[] = []
  for (const { scheme, lm } of quantized) {
    const found = await lossesOf(createIntegerDecoder(lm), scheme)
    rows.push({ scheme, ...perplexityOf(found, seed), overFloat: perplexityRatio(found, float, seed) })
  }
  return { documents: documents.length, seed, float: perplexityOf(float, seed), schemes: rows }
}
