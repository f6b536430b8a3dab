import type { LmFiles } from './lmFiles'
import { loadLm, readDocuments } from './lmFiles'
import { measurePerplexity, type MeasuredPerplexity } from './lmPerplexity'
import { quantizeBySchemes, type LmOfScheme } from './lmSchemes'
import type { TaskContext } from '../threads/task'

/** Quantizing in a worker. */
export interface QuantizeLmTask {
  readonly files: LmFiles
  readonly scheme: string
}

/** Measuring perplexity in a worker. */
export interface PerplexityTask {
  readonly files: LmFiles
  readonly schemes: readonly string[]
  readonly documents: number
  readonly seed: number
}

/** CPU work on language models, in worker threads. */
export const lmTasks = {
  'lm.quantize': async ({ files, scheme }: QuantizeLmTask): Promise<LmOfScheme> => {
    const [quantized] = await quantizeBySchemes(await loadLm(files, process.cwd()), [scheme])
    return quantized
  },
  'lm.perplexity': async (task: PerplexityTask, context: TaskContext): Promise<MeasuredPerplexity> => {
    const loaded = await loadLm(task.files, process.cwd())
    const documents = await readDocuments(loaded.textFile, loaded.tokenizer, '--text', task.documents)
    return await measurePerplexity(loaded, documents, task, context)
  }
}
