import type { OnnxModel } from '@core/model/onnx/onnx'
import { readOnnx, type ImportedModel } from '@core/model/onnx/importOnnx'
import { createRandom } from '@core/math/random'
import { createImportedRunner } from '@core/quant/runImported'
import * as ort from 'onnxruntime-node'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { randomOperator } from './randomOnnx'

export type Agreement =
  | { readonly kind: 'equal'; readonly error: number }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'skipped'; readonly message: string }
  | { readonly kind: 'wrong'; readonly message: string }

/** Greatest difference allowed, relative to the largest output. */
export const tolerance = 1e-5
/** Where the output is the rest of a cancellation: what an error of this share in the input may change, up to 100 tolerances. */
const inputShare = 1e-6

/**
 * Runs a model with onnxruntime and through the importer on one seeded input and compares the outputs.
 * @param given an input in place of normal numbers, on which the network computes exactly: nothing is allowed for rounding then
 */
export async function compareWithOnnxruntime(
  model: OnnxModel,
  seed: number,
  given?: Float32Array
): Promise<Agreement> {
  // A symbolic batch is 1 here.
  const dims = model.inputs[0]!.dims!.map((size) => (typeof size === 'number' ? size : 1))
  const random = createRandom(seed + 1)
  const input = given ?? Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.normal())
  let wanted
  let illConditioned = 0
  try {
    const session = await ort.InferenceSession.create(encodeOnnx(model), {
      // Its fusion of Pad into MaxPool changes results (zeros become padding), so the graph is run as it is written.
      graphOptimizationLevel: 'disabled',
      intraOpNumThreads: 1,
      logSeverityLevel: 4
    })
    const results = await session.run({ [session.inputNames[0]!]: new ort.Tensor('float32', input, dims) })
    wanted = results[session.outputNames[0]!]!
    const values = Array.from(wanted.data as ArrayLike<number | bigint>, Number)
    for (const sign of given === undefined ? [1, -1] : []) {
      const moved = input.map((value, at) => value * (1 + (at % 2 === 0 ? sign : -sign) * inputShare))
      const other = await session.run({ [session.inputNames[0]!]: new ort.Tensor('float32', moved, dims) })
      const near = Array.from(other[session.outputNames[0]!]!.data as ArrayLike<number | bigint>, Number)
      for (const [at, value] of values.entries())
        illConditioned = Math.max(illConditioned, Math.abs(value - near[at]!))
    }
    await session.release()
  } catch (reason) {
    return { kind: 'skipped', message: String(reason) }
  }
  const expected = Float32Array.from(wanted.data as ArrayLike<number | bigint>, Number)
  if (!expected.every(Number.isFinite)) return { kind: 'skipped', message: 'not finite' }
  const { imported, obstacles } = readOnnx(model)
  if (imported === null) {
    const [first] = obstacles
    const isNamed =
      obstacles.length > 0 && obstacles.every(({ message, hint }) => message !== '' && hint !== '')
    return isNamed
      ? { kind: 'refused', message: first!.message }
      : { kind: 'wrong', message: 'refused without a reason' }
  }
  const found = runItems(imported, input)
  if (found.dims.join() !== wanted.dims.join())
    return { kind: 'wrong', message: `shape [${found.dims.join(', ')}] for [${wanted.dims.join(', ')}]` }
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3)
  let error = 0
  for (const [at, value] of expected.entries())
    error = Math.max(error, Math.abs(value - found.values[at]!) / scale)
  const allowed = Math.max(tolerance, Math.min(illConditioned / scale, 100 * tolerance))
  if (error <= allowed) return { kind: 'equal', error }
  return { kind: 'wrong', message: `differs by ${error.toExponential(1)} of the largest output` }
}

/** Of a fixed batch that is left to the items one after the other, as the file's outputs lie. */
function runItems(imported: ImportedModel, input: Float32Array): { dims: number[]; values: number[] } {
  const run = createImportedRunner(imported)
  const size = imported.input.dims.reduce((a, b) => a * b, 1)
  const values: number[] = []
  let dims: readonly number[] = []
  const items = input.length / size
  for (let item = 0; item < items; item++) {
    const found = run(input.subarray(item * size, (item + 1) * size))
    values.push(...found.values)
    dims = found.dims
  }
  return { dims: items === 1 ? [...dims] : [items * dims[0]!, ...dims.slice(1)], values }
}

/**
 * Compares seeded cases of an operator with onnxruntime until `enough` are equal.
 * @returns how many are equal, and what is wrong with the first that is not ('' where none is)
 */
export async function compareCasesOf(
  opType: string,
  seeds: readonly number[],
  enough = Infinity
): Promise<{ equal: number; wrong: string }> {
  let equal = 0
  for (const seed of seeds) {
    const model = equal < enough ? randomOperator(opType, seed) : null
    if (model === null) continue
    const result = await compareWithOnnxruntime(model, seed)
    if (result.kind === 'wrong') return { equal, wrong: `seed ${seed}: ${result.message}` }
    if (result.kind === 'equal') equal++
  }
  return { equal, wrong: '' }
}
