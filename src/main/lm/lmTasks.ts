import type { BoardInfo } from '../../core/board/boardInfo'
import type { DecoderPlan } from '../../core/lm/board/decoderProgram'
import { matrixNames, type LmConfig } from '../../core/lm/config'
import { parseLmScheme } from '../../core/lm/integer/lmScheme'
import type { QuantizedLm } from '../../core/lm/integer/quantizedLm'
import { packPieces, type PackedPieces } from '../../core/lm/packedPieces'
import type { LmInfo, LmMemory } from '../../shared/contract/lm'
import { handOver } from '../threads/handOver'
import type { TaskContext } from '../threads/task'
import { planOnBoard } from './boardDecoder'
import { promptTokens } from './continueText'
import type { LmFiles } from './lmFiles'
import { loadLm, readDocuments } from './lmFiles'
import type { OnnxAccess } from './lmOnnx'
import { measurePerplexity, type MeasuredPerplexity } from './lmPerplexity'
import { quantizeBySchemes, type LmOfScheme } from './lmSchemes'
import { presentLm, presentMemory } from './presentLm'

/** What is checked before a job starts. */
export interface CheckLmTask {
  readonly files: LmFiles
  readonly schemes: readonly string[]
  /** Must fit into the sequence. */
  readonly prompt?: string
  /** A text to measure on must be there. */
  readonly needsText?: boolean
}

/** A model whose files and schemes can be used. */
export interface CheckedLm {
  readonly name: string
  readonly config: LmConfig
  /** Bits of the cache in each scheme. */
  readonly cacheBits: readonly (8 | 4)[]
  /** Tokens of the prompt: cutting a long text takes too long for the main process. */
  readonly prompted: readonly number[]
}

/** Quantizing and planning for a board. */
export interface QuantizeLmTask {
  readonly files: LmFiles
  readonly scheme: string
  readonly board: BoardInfo
}

/** A model in the bits of a scheme, planned into a board's memory, with the pieces of its tokenizer (to read tokens back). */
export interface LmForBoard extends LmOfScheme {
  readonly plan: DecoderPlan
  readonly pieces: PackedPieces
}

/** Measuring perplexity in a worker. */
export interface PerplexityTask {
  readonly files: LmFiles
  readonly schemes: readonly string[]
  readonly documents: number
  readonly seed: number
}

/** Codes of all matrices: nearly all of a model's bytes. */
const codesOfAll = ({ embedding, classifier, layers }: QuantizedLm): Int8Array[] =>
  [embedding, classifier, ...layers.flatMap((layer) => matrixNames.map((name) => layer[name]))].map(
    ({ codes }) => codes
  )

/** All that reads a language model's files or computes with it, in worker threads: checkpoints go up to 512 MB. */
export function createLmTasks(onnx: OnnxAccess) {
  const load = (files: LmFiles) => loadLm(files, process.cwd(), onnx)
  const forBoard = async ({ files, scheme, board }: QuantizeLmTask): Promise<LmForBoard> => {
    const loaded = await load(files)
    const [quantized] = await quantizeBySchemes(loaded, [scheme])
    const plan = await planOnBoard(quantized.lm, board)
    const pieces = packPieces(loaded.tokenizer.pieces)
    return handOver({ ...quantized, plan, pieces }, [
      ...codesOfAll(quantized.lm),
      plan.block.image.bytes,
      pieces.bytes
    ])
  }
  return {
    'lm.info': async ({ files }: { readonly files: LmFiles }): Promise<LmInfo> =>
      presentLm(await load(files)),
    'lm.check': async ({ files, schemes, prompt, needsText }: CheckLmTask): Promise<CheckedLm> => {
      const { name, model, tokenizer, textFile } = await load(files)
      const { config } = model
      const cacheBits = schemes.map((scheme) => parseLmScheme(scheme, config).cacheBits)
      const prompted = prompt === undefined ? [] : promptTokens(tokenizer, prompt, config.sequenceLength)
      if (needsText === true) await readDocuments(textFile, tokenizer, '--text', 1)
      return { name, config, cacheBits, prompted }
    },
    'lm.plan': async (task: QuantizeLmTask): Promise<{ memory: LmMemory; scheme: string }> => {
      const { plan, scheme } = await forBoard(task)
      return { memory: presentMemory(plan), scheme }
    },
    'lm.quantize': forBoard,
    'lm.perplexity': async (task: PerplexityTask, context: TaskContext): Promise<MeasuredPerplexity> => {
      const loaded = await load(task.files)
      const documents = await readDocuments(loaded.textFile, loaded.tokenizer, '--text', task.documents)
      return await measurePerplexity(loaded, documents, task, context)
    }
  }
}
