import type { QuantMethod, Split } from '../../shared/contract/model'
import type { TaskContext } from '../threads/task'
import { runInteger } from '../../core/quant/integer/runInteger'
import { elementCount, type QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import type { Scheme } from '../../core/quant/scheme'
import { measureScores, type ScoreMeasure } from '../../core/model/scoreMeasure'
import { floatReference } from './floatReference'
import { openBench, quantizeOn } from './modelWorkspace'
import { schemeRealScores } from './schemeAccuracy'
import { readRegularFile } from '../files/readRegularFile'
import { parseNpy } from '../../core/model/npyArray'
import { checkClasses } from './imageFit'
import { readModelFile } from './readModelFile'
import { prepareIntegers, type PreparedFile } from './runFile'

/** CPU work on one model; runs in worker threads (taskRegistry.ts). */
export interface ModelSource {
  readonly file: string
  readonly modelsFolder: string
}

export interface EvaluateInput extends ModelSource {
  /** Null: the float network. */
  readonly scheme: Scheme | null
  readonly split: Split
  readonly method: QuantMethod
}

export interface QuantizeInput extends ModelSource {
  readonly scheme: Scheme
  readonly method: QuantMethod
}

/** Images of a reference run between two looks at the abort signal. */
const referenceChunk = 25

export interface PrepareFileInput {
  readonly file: string
  /** A .npy array of items. */
  readonly inputFile: string
  readonly scheme: string
  /** One of the file's outputs; the first if absent. */
  readonly output?: string
}

export const modelTasks = {
  /** The integers of a file under a scheme and an array's items as its input codes. */
  'model.prepareFile': async ({
    file,
    inputFile,
    scheme,
    output
  }: PrepareFileInput): Promise<PreparedFile> => {
    const { model } = await readModelFile(file)
    return prepareIntegers(model, parseNpy(await readRegularFile(inputFile), inputFile), scheme, output)
  },

  'model.evaluate': async (
    input: EvaluateInput,
    context: TaskContext
  ): Promise<ScoreMeasure & { images: number; durationMs: number }> => {
    const started = performance.now()
    const bench = await openBench(input)
    await context.yieldToAbort()
    const images = await bench.library.load(input.split)
    checkClasses(bench.graph, images.labels)
    const float = await floatReference(bench, images)
    const scores =
      input.scheme === null
        ? float
        : await schemeRealScores(await quantizeOn(bench, input.scheme, input.method, context), images)
    return {
      images: images.count,
      ...measureScores(scores, float, images.labels),
      durationMs: performance.now() - started
    }
  },

  'model.quantize': async (input: QuantizeInput, context: TaskContext): Promise<QuantizedNetwork> =>
    quantizeOn(await openBench(input), input.scheme, input.method, context),

  /** The integer reference's logits, [images][outputCount]. */
  'model.reference': async (
    { network, codes }: { network: QuantizedNetwork; codes: Int8Array },
    context: TaskContext
  ): Promise<Int32Array> => {
    const size = elementCount(network.inputShape)
    const images = codes.length / size
    const logits = new Int32Array(images * network.outputCount)
    for (let from = 0; from < images; from += referenceChunk) {
      const to = Math.min(images, from + referenceChunk)
      logits.set(runInteger(network, codes.subarray(from * size, to * size)), from * network.outputCount)
      context.progress(to, images)
      await context.yieldToAbort()
    }
    return logits
  }
}
