import { AppError } from '../../shared/errors'
import { sizeOf, weightedLayerNames } from '../../core/model/graph'
import { importModel, type ImportedModel } from '../../core/model/importOnnx'
import type { OnnxModel } from '../../core/model/onnx'
import type { NpyArray } from '../../core/model/npyArray'
import { calibrate } from '../../core/quant/quantize/calibration'
import { quantizeNetwork } from '../../core/quant/quantize/quantizeNetwork'
import { createImportedRunner, fileOutput, graphInput, type OutputValues } from '../../core/quant/runImported'
import { createIntegerRunner } from '../../core/quant/integer/runInteger'
import { parseScheme } from '../../core/quant/scheme'

/** One output of a network over all items of an input, in ONNX order. */
export interface FileOutput {
  readonly name: string
  readonly shape: number[]
  readonly values: number[]
}

export interface FileRun {
  readonly outputs: FileOutput[]
  /** Of the integer run: what an input byte p means, inputScale * (p - 128 + inputZero). Null in float. */
  readonly input: { readonly scale: number; readonly zero: number; readonly calibratedOn: string } | null
}

/** Most items that ranges of activations are fitted on. */
const mostCalibrationItems = 64

/**
 * Runs a network on the items of an array, in float or as the integer reference under a scheme.
 * @param wanted names of outputs; all when empty
 * @throws AppError model.*, input.invalid when the array does not fit the network's input, scheme.invalid
 */
export function runModel(
  model: OnnxModel,
  array: NpyArray,
  scheme: string,
  wanted: readonly string[]
): FileRun {
  const names = wanted.length === 0 ? model.outputs.map(({ name }) => name) : wanted
  if (names.length === 0) importModel(model)
  const runs = names.map((name) => runOutput(importModel(model, name), array, scheme))
  return { outputs: runs.map(({ output }) => output), input: runs[0]?.input ?? null }
}

function runOutput(
  imported: ImportedModel,
  array: NpyArray,
  scheme: string
): { output: FileOutput; input: FileRun['input'] } {
  const items = itemsOf(imported, array)
  const { run, input } =
    scheme === 'float'
      ? { run: createImportedRunner(imported), input: null }
      : integerRun(imported, items, scheme)
  const results = items.map(run)
  const [first] = results
  const values = results.flatMap((result) => Array.from(result.values))
  const [batch, ...rest] = first!.dims
  // A batch of 1 in the file is every item here.
  const shape =
    batch === 1
      ? [items.length, ...rest]
      : items.length === 1
        ? [...first!.dims]
        : [items.length, ...first!.dims]
  return { output: { name: imported.output.name, shape, values }, input }
}

/** The array cut into items of the network's input. */
function itemsOf({ input }: ImportedModel, { shape, values }: NpyArray): Float64Array[] {
  const own = input.dims.length > 1 ? input.dims.slice(1) : input.dims
  const isItem = shape.join() === own.join()
  const isBatch = shape.length === own.length + 1 && shape.slice(1).join() === own.join() && shape[0]! > 0
  if (!isItem && !isBatch) {
    throw new AppError(
      'input.invalid',
      `The array is [${shape.join(', ')}], the input "${input.name}" is [${input.dims.join(', ')}].`,
      'Give one item of the input, or several along a first dimension.'
    )
  }
  const size = sizeOf(own)
  return Array.from({ length: isItem ? 1 : shape[0]! }, (_, at) =>
    values.subarray(at * size, (at + 1) * size)
  )
}

function integerRun(
  imported: ImportedModel,
  items: readonly Float64Array[],
  text: string
): { run: (item: Float64Array) => OutputValues; input: FileRun['input'] } {
  const { scale, zero } = inputCoding(imported, items)
  const graph = { ...imported.graph, inputScale: scale, inputZero: zero }
  const bytesOf = (item: Float64Array): Uint8Array =>
    Uint8Array.from(graphInput(imported, item), (x) =>
      Math.max(0, Math.min(255, Math.round(x / scale) + 128 - zero))
    )
  const used = items.slice(0, mostCalibrationItems)
  const size = sizeOf(graph.inputShape)
  const pixels = new Uint8Array(used.length * size)
  for (const [at, item] of used.entries()) pixels.set(bytesOf(item), at * size)
  const network = quantizeNetwork(calibrate(graph, pixels), parseScheme(text, weightedLayerNames(graph)))
  const runner = createIntegerRunner(network)
  const outScale = network.layers.at(-1)!.outScale
  const run = (item: Float64Array): OutputValues => {
    const codes = Int8Array.from(bytesOf(item), (byte) => byte - 128)
    return fileOutput(
      imported,
      Float64Array.from(runner.run(codes).logits, (sum) => sum * outScale)
    )
  }
  const calibratedOn = `${used.length} item${used.length === 1 ? '' : 's'} of the input`
  return { run, input: { scale, zero, calibratedOn } }
}

/** The file's own coding of input bytes where all items lie within it; else the range of the items. */
function inputCoding(
  { graph }: ImportedModel,
  items: readonly Float64Array[]
): { scale: number; zero: number } {
  let [low, high] = [Infinity, -Infinity]
  for (const item of items) {
    for (const x of item) {
      low = Math.min(low, x)
      high = Math.max(high, x)
    }
  }
  const { inputScale, inputZero } = graph
  const slack = inputScale / 2
  if (low >= inputScale * (inputZero - 128) - slack && high <= inputScale * (127 + inputZero) + slack)
    return { scale: inputScale, zero: inputZero }
  if (low >= 0) return { scale: high / 255, zero: 128 }
  return { scale: Math.max(-low / 128, high / 127), zero: 0 }
}
