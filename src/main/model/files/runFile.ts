import { AppError } from '../../../shared/errors'
import { sizeOf } from '../../../core/model/graph'
import { importModel, type ImportedModel } from '../../../core/model/onnx/importOnnx'
import type { ImportedOutput } from '../../../core/model/tensorView'
import type { OnnxModel } from '../../../core/model/onnx/onnx'
import type { NpyArray } from '../../../core/model/npyArray'
import { measureActivationRanges } from '../../../core/quant/quantize/calibration'
import { quantizeNetwork } from '../../../core/quant/quantize/quantizeNetwork'
import {
  createImportedRunner,
  fileOutput,
  graphInput,
  type OutputValues
} from '../../../core/quant/runImported'
import type { QuantizedNetwork } from '../../../core/quant/quantizedNetwork'
import { runInteger } from '../../../core/quant/integer/runInteger'
import { boardSchemeOf, schemeOf, type Scheme } from '../../../core/quant/scheme'
import { readForItems } from './itemReading'

/** One output of a network over all items of an input, in ONNX order. */
export interface FileOutput {
  readonly name: string
  readonly shape: number[]
  readonly values: number[]
}

/** Outputs of a network for the items of a file. */
export interface FileRun {
  readonly outputs: FileOutput[]
  /** Of the integer run: what an input byte p means, inputScale * (p - 128 + inputZero). Null in float. */
  readonly input: { readonly scale: number; readonly zero: number; readonly calibratedOn: string } | null
}

/** Most items that ranges of activations are fitted on. */
const maxCalibrationItems = 64

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
  const runs = names.map((name) => runOutput(readForItems(model, array, name), array, scheme))
  return { outputs: runs.map(({ output }) => output), input: runs[0]?.input ?? null }
}

function runOutput(
  imported: ImportedModel,
  array: NpyArray,
  scheme: string
): { output: FileOutput; input: FileRun['input'] } {
  const items = itemsOf(imported, array)
  if (scheme === 'float') {
    const run = createImportedRunner(imported)
    return { output: joined(imported.output.name, items.map(run)), input: null }
  }
  const made = prepared(imported, items, schemeOf(scheme, imported.graph))
  return { output: outputOfLogits(made, runInteger(made.network, made.codes)), input: made.input }
}

function joined(name: string, results: readonly OutputValues[]): FileOutput {
  const values = results.flatMap((result) => Array.from(result.values))
  const { dims } = results[0]
  const [batch, ...rest] = dims
  // A batch of 1 in the file is every item here.
  const shape =
    batch === 1 ? [results.length, ...rest] : results.length === 1 ? [...dims] : [results.length, ...dims]
  return { name, shape, values }
}

/** The array cut into items of the network's input. */
function itemsOf({ input }: ImportedModel, { shape, values }: NpyArray): Float64Array[] {
  const given = input.fileDims ?? input.dims
  // Where the first size is 1 it stands for the items; a list of one number is a number for each.
  const own = given[0] === 1 || (input.fileDims === undefined && given.length > 1) ? given.slice(1) : given
  const isItem = shape.join() === own.join()
  const isBatch = shape.length === own.length + 1 && shape.slice(1).join() === own.join() && shape[0] > 0
  if (!isItem && !isBatch) {
    throw new AppError(
      'input.invalid',
      `The array is [${shape.join(', ')}], the input "${input.name}" is [${given.join(', ')}].`,
      'Give one item of the input, or several along a first dimension.'
    )
  }
  const size = sizeOf(own)
  return Array.from({ length: isItem ? 1 : shape[0] }, (_, at) => values.subarray(at * size, (at + 1) * size))
}

/** A network made for the items of an array, with what turns its int32 results into the file's outputs. */
export interface PreparedFile {
  readonly network: QuantizedNetwork
  /** Input codes of all items, HWC, one behind the other. */
  readonly codes: Int8Array
  readonly items: number
  readonly output: ImportedOutput
  readonly input: FileRun['input']
}

/**
 * The integers of a network under a scheme, fitted on the items themselves, and the items as its input codes.
 * @throws AppError as runModel
 */
export function prepareIntegers(
  model: OnnxModel,
  array: NpyArray,
  scheme: string,
  outputName?: string
): PreparedFile {
  const imported = readForItems(model, array, outputName)
  return prepared(imported, itemsOf(imported, array), boardSchemeOf(scheme, imported.graph))
}

function prepared(imported: ImportedModel, items: readonly Float64Array[], scheme: Scheme): PreparedFile {
  const { scale, zero } = inputCoding(imported, items)
  const graph = { ...imported.graph, inputScale: scale, inputZero: zero }
  const size = sizeOf(graph.inputShape)
  const pixels = new Uint8Array(items.length * size)
  for (const [at, item] of items.entries()) {
    const reals = graphInput(imported, item)
    for (let index = 0; index < size; index++)
      pixels[at * size + index] = Math.max(0, Math.min(255, Math.round(reals[index] / scale) + 128 - zero))
  }
  const used = Math.min(items.length, maxCalibrationItems)
  const calibration = measureActivationRanges(graph, pixels.subarray(0, used * size))
  const network = quantizeNetwork(calibration, scheme)
  const calibratedOn = `${used} item${used === 1 ? '' : 's'} of the input`
  return {
    network,
    codes: Int8Array.from(pixels, (byte) => byte - 128),
    items: items.length,
    output: imported.output,
    input: { scale, zero, calibratedOn }
  }
}

/** The file's output for the int32 results of all items, [items][outputCount]. */
export function outputOfLogits({ network, output, items }: PreparedFile, logits: Int32Array): FileOutput {
  const outScale = network.layers.at(-1)!.outScale
  const count = network.outputCount
  const results = Array.from({ length: items }, (_, at) =>
    fileOutput(
      output,
      Float64Array.from(logits.subarray(at * count, (at + 1) * count), (sum) => sum * outScale)
    )
  )
  return joined(output.name, results)
}

/** The file's own coding of input bytes where all items lie within it; else the range of the items. */
function inputCoding(
  { graph, input }: ImportedModel,
  items: readonly Float64Array[]
): { scale: number; zero: number } {
  if (input.isIndex === true) return { scale: graph.inputScale, zero: graph.inputZero }
  let [low, high] = [Infinity, -Infinity]
  const [least, most] = graph.inputLimits ?? [-Infinity, Infinity]
  for (const item of items) {
    for (const value of item) {
      const x = Math.min(most, Math.max(least, value))
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
