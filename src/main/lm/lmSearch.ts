import type { BoardInfo } from '../../core/board/boardInfo'
import { boardPairs } from '../../core/lm/board/decoderProgram'
import { createFloatDecoder } from '../../core/lm/floatDecoder'
import { createIntegerDecoder } from '../../core/lm/integer/integerDecoder'
import { uniformLmScheme, type LmScheme } from '../../core/lm/integer/lmScheme'
import { quantizeLm } from '../../core/lm/integer/quantizeLm'
import type { QuantizedLm } from '../../core/lm/integer/quantizedLm'
import { observeRanges } from '../../core/lm/integer/ranges'
import { floatLogits, measureDecoder } from '../../core/lm/search/lmMeasure'
import { latencyCost, lmSchemeOf, lmSpace, weightCost } from '../../core/lm/search/lmSpace'
import { decoderRamCost } from '../../core/lm/search/decoderRamCost'
import type { Scheme } from '../../core/quant/scheme'
import type { Measure } from '../../core/search/objective'
import { uniformGenes, type SchemeCost, type SearchSpace } from '../../core/search/space'
import { ramOnBoard } from './boardDecoder'
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
  /** RAM of a board that all matrices at 8 bits take, bytes; null without a board. It is the second cost. */
  readonly int8RamBytes: number | null
  schemeOf(found: Scheme): LmScheme
  evaluate(found: Scheme): Promise<Measure>
}

type DecoderBoard = Pick<BoardInfo, 'xlen' | 'ram' | 'kernels'>

/** What is limited, and what schemes are measured on. */
export interface LmSearchOptions {
  /** Latency from this file; null: bytes of the weights. */
  readonly proxy: DecoderProxyFile | null
  /** The board whose RAM is a second cost. */
  readonly board?: DecoderBoard | null
  readonly cacheBits: 8 | 4
  readonly documents: number
}

/**
 * Observes a model once and returns what a search of its weight bits needs. Schemes are compared with float on the last of the
 * calibration texts.
 * @throws AppError data.missing, proxy.kernelMissing; input.invalid for more documents than memory holds
 */
export async function prepareLmSearch(
  { model, tokenizer, calibrationFile }: LoadedLm,
  { proxy, board = null, cacheBits, documents }: LmSearchOptions
): Promise<LmSearch> {
  const { config } = model
  const cost =
    proxy === null ? weightCost(config) : latencyCost(config, proxy, { cacheBits, unit: proxy.unit })
  const texts = await readDocuments(calibrationFile, tokenizer, '--calibration', calibrationTokens)
  const ranges = observeRanges(model, texts, calibrationTokens)
  const ramCost =
    board === null
      ? null
      : await ramCostOn(board, quantizeLm(model, uniformLmScheme(config, 8, 8, cacheBits), ranges))
  const space = ramCost === null ? lmSpace(config, cost) : lmSpace(config, cost, ramCost)
  const int8 = uniformGenes(space, 0, 0)
  const measured = texts.slice(-documents)
  const float = floatLogits(createFloatDecoder(model), measured)
  const schemeOf = (found: Scheme): LmScheme => lmSchemeOf(config, found, cacheBits)
  return {
    space,
    unit: cost.unit,
    documents: measured.length,
    int8Cost: cost.of(int8),
    int8RamBytes: ramCost?.of(int8) ?? null,
    schemeOf,
    async evaluate(found) {
      // Lets a stop signal in between two schemes.
      await new Promise<void>((resolve) => setImmediate(resolve))
      return measureDecoder(createIntegerDecoder(quantizeLm(model, schemeOf(found), ranges)), float)
    }
  }
}

/** The RAM of a board that schemes of a model take; `int8` is the model at 8 bits everywhere. */
async function ramCostOn(board: DecoderBoard, int8: QuantizedLm): Promise<SchemeCost> {
  const int8Bytes = await ramOnBoard(int8, board)
  return decoderRamCost(int8.config, { int8Bytes, findPair: boardPairs(board) })
}
