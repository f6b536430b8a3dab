import type { FittedOn, QuantMethod, Split } from '../../shared/contract/model'
import type { TaskContext } from '../threads/task'
import { runInteger } from '../../core/quant/integer/runInteger'
import { standInNetwork } from '../../core/quant/quantize/standInNetwork'
import { elementCount, type QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import type { Scheme } from '../../core/quant/scheme'
import type { Graph } from '../../core/model/graph'
import type { ItemBatch, ItemSet } from '../../core/dataset/itemSet'
import { thoroughMethods, type ImageSplit } from '../../shared/vocabulary'
import { measureScores } from '../../core/model/scoreMeasure'
import { floatReference } from './accuracy/floatReference'
import { openFloat } from './accuracy/floatItems'
import { judge, largestOf, type JudgedItems } from './accuracy/judge'
import { openBench, otherNetwork, quantizeOn, type BenchSource, type ModelBench } from './modelWorkspace'
import { schemeRealScores } from './accuracy/schemeAccuracy'
import { modelContentId } from './files/modelContentId'
import { checkClasses } from './data/imageFit'
import { readInputArrays, type InputArrayFile } from './data/inputArrays'
import { fileWithOutput, type OutputWanted } from './files/otherOutput'
import { readModelFile } from './files/readModelFile'
import { readNetwork, type ReadNetwork } from './files/readNetwork'
import { rangeTasks } from './rangeTasks'
import { prepareIntegers, type PreparedFile } from './files/runFile'

/** CPU work on one model; runs in worker threads (taskRegistry.ts). */
export type ModelSource = BenchSource

/** How good a network is on a split, and what it took. */
export interface Judged extends JudgedItems {
  /** Null: the float network, or a result kept by an older version. */
  readonly fittedOn: FittedOn | null
  readonly durationMs: number
}

/** An evaluation in a worker. */
export interface EvaluateInput extends ModelSource {
  /** Null: the float network. */
  readonly scheme: Scheme | null
  readonly split: Split
  readonly method: QuantMethod
}

/** A quantization in a worker. */
export interface QuantizeInput extends ModelSource {
  readonly scheme: Scheme
  readonly method: QuantMethod
}

/** A network without its data, in a worker. */
export interface StandInInput {
  readonly file: string
  readonly modelId: string
  readonly scheme: Scheme
}

/** Images of a reference run between two looks at the abort signal. */
const referenceChunk = 25

/** A file and inputs to run as integers. */
export interface PrepareFileInput {
  readonly file: string
  /** Arrays of items, by input. */
  readonly inputs: readonly InputArrayFile[]
  readonly scheme: string
  /** One of the file's outputs; the first if absent. */
  readonly output?: string
}

/** Class or token of every item; without labels the float network's largest output; null for numbers. */
async function largestWanted(items: ItemSet, graph: Graph, batch: ItemBatch): Promise<Int32Array | null> {
  if (items.task === 'classification' || items.task === 'nextToken') return Int32Array.from(batch.targets)
  if (items.task !== 'unlabelled') return null
  const float = await openFloat(graph, items, 'test')
  try {
    const outputs = await float.run(batch, 0)
    return outputs.length === batch.count ? null : largestOf(outputs, batch.count)
  } finally {
    await float.close()
  }
}

/** Judges the float network (scheme null) or a quantized one on the user's items or the shipped images. */
async function judgeSplit(
  bench: ModelBench,
  { scheme, split, method }: EvaluateInput,
  context: TaskContext
): Promise<JudgedItems> {
  const quantized = async (): Promise<QuantizedNetwork | null> =>
    scheme === null ? null : quantizeOn(bench, scheme, method, context)
  if (bench.items !== null) {
    const own: ImageSplit = split === 'fullTest' ? 'test' : split
    return judge(bench.graph, bench.items, own, await quantized(), context, bench.outputs)
  }
  const images = await bench.library.load(split)
  checkClasses(bench.graph, images.labels)
  const float = await floatReference(bench, images)
  const network = await quantized()
  const scores =
    network === null ? float : await schemeRealScores(network, images, { cache: bench.outputs, items: split })
  const measure = measureScores(scores, float, images.labels)
  const accuracy = measure.correct / images.count
  return { images: images.count, ...measure, accuracy, metrics: { accuracy } }
}

async function calibrationItems({ calibration, items }: ModelBench, method: QuantMethod): Promise<FittedOn> {
  const { images } = await calibration(method)
  if (items === null) return { items: images, available: images }
  const tuning = thoroughMethods.includes(method) ? items.count('tune') : 0
  return { items: images, available: items.count('calibration') + tuning }
}

export const modelTasks = {
  ...rangeTasks,

  /** The graph of a network's file. */
  'model.read': ({ file }: { file: string }, _context: TaskContext): Promise<ReadNetwork> =>
    readNetwork(file),

  /** The file of a network with another of its outputs: a large one is copied in seconds. */
  'model.fileWithOutput': (wanted: OutputWanted, _context: TaskContext): Promise<string> =>
    fileWithOutput(wanted),

  /** The id of a network's file; null when it cannot be read. */
  'model.contentId': ({ file }: { file: string }, _context: TaskContext): Promise<string | null> =>
    modelContentId(file),

  /** The integers of a file under a scheme and an array's items as its input codes. */
  'model.prepareFile': async ({ file, inputs, scheme, output }: PrepareFileInput): Promise<PreparedFile> => {
    const { model } = await readModelFile(file)
    return prepareIntegers(model, await readInputArrays(model, inputs), scheme, output)
  },

  'model.evaluate': async (input: EvaluateInput, context: TaskContext): Promise<Judged> => {
    const started = performance.now()
    const bench = await openBench(input)
    await context.yieldToAbort()
    const found = await judgeSplit(bench, input, context)
    const fittedOn = input.scheme === null ? null : await calibrationItems(bench, input.method)
    return { ...found, fittedOn, durationMs: performance.now() - started }
  },

  'model.quantize': async (input: QuantizeInput, context: TaskContext): Promise<QuantizedNetwork> =>
    quantizeOn(await openBench(input), input.scheme, input.method, context),

  /** A network's layers and sizes under a scheme, without any data. */
  'model.standIn': async (
    { file, modelId, scheme }: StandInInput,
    _context: TaskContext
  ): Promise<QuantizedNetwork> => {
    const { graph, id } = await readNetwork(file)
    if (id !== modelId) throw otherNetwork(file)
    return standInNetwork(graph, scheme)
  },

  /** The first test items of a user's data set, with what their largest output should be; null where nothing is. */
  'model.inputs': async (
    input: ModelSource & { images: number },
    _context: TaskContext
  ): Promise<{ bytes: Uint8Array; labels: Int32Array | null; images: number }> => {
    const { items, graph } = await openBench(input)
    if (items === null) throw new Error('the shipped images are read by the service')
    const batch = await items.read('test', 0, input.images)
    const labels = await largestWanted(items, graph, batch)
    return { bytes: batch.bytes, labels, images: batch.count }
  },

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
