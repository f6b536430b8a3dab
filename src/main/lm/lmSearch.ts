import { createFloatDecoder } from '../../core/lm/floatDecoder'
import { createIntegerDecoder } from '../../core/lm/integer/integerDecoder'
import type { LmScheme } from '../../core/lm/integer/lmScheme'
import { quantizeLm } from '../../core/lm/integer/quantizeLm'
import { observeRanges } from '../../core/lm/integer/ranges'
import { floatLogits, measureDecoder } from '../../core/lm/search/lmMeasure'
import { latencyCost, lmSchemeOf, lmSpace, weightCost } from '../../core/lm/search/lmSpace'
import type { Scheme } from '../../core/quant/scheme'
import type { Measure } from '../../core/search/objective'
import { uniformGenes, type SearchSpace } from '../../core/search/space'
import type { DecoderProxyFile } from './decoderProxyFile'
import { readDocuments, type LoadedLm } from './lmFiles'
import { calibrationTokens } from './lmSchemes'

/** A model ready to be searched. */
export interface LmSearch {
  readonly space: SearchSpace
  readonly unit: string
  /** Texts that schemes are measured on: fewer than wanted where the file has no more. */
  readonly documents: number
  /** Cost of all matrices at 8 bits. */
  readonly int8Cost: number
  schemeOf(found: Scheme): LmScheme
  evaluate(found: Scheme): Promise<Measure>
}

/**
 * Observes a model once and returns what a search of its weight bits needs. Schemes are compared with float on the last of the
 * calibration texts.
 * @throws AppError data.missing, proxy.kernelMissing; input.invalid for more documents than memory holds
 */
export async function prepareLmSearch(
  { model, tokenizer, calibrationFile }: LoadedLm,
  { proxy, cacheBits, documents }: { proxy: DecoderProxyFile | null; cacheBits: 8 | 4; documents: number }
): Promise<LmSearch> {
  const { config } = model
  const cost =
    proxy === null ? weightCost(config) : latencyCost(config, proxy, { cacheBits, unit: proxy.unit })
  const space = lmSpace(config, cost)
  const texts = await readDocuments(calibrationFile, tokenizer, '--calibration', calibrationTokens)
  const ranges = observeRanges(model, texts, calibrationTokens)
  const measured = texts.slice(-documents)
  const float = floatLogits(createFloatDecoder(model), measured)
  const schemeOf = (found: Scheme): LmScheme => lmSchemeOf(config, found, cacheBits)
  return {
    space,
    unit: cost.unit,
    documents: measured.length,
    int8Cost: cost.of(uniformGenes(space, 0, 0)),
    schemeOf,
    async evaluate(found) {
      // Lets a stop signal in between two schemes.
      await new Promise<void>((resolve) => setImmediate(resolve))
      return measureDecoder(createIntegerDecoder(quantizeLm(model, schemeOf(found), ranges)), float)
    }
  }
}
