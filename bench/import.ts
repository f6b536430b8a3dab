// What of a folder of ONNX and TFLite files is read, equals onnxruntime in float, and becomes integers that follow the float network.
//   npm run bench:import -- [FOLDER …]
//   npm run bench:import -- --operators [--cases 1000] [OPERATOR …]     every operator against onnxruntime
// Without folders: the networks of test/support/exportedNetworks.ts and, where they are there, ../shared/cases.
import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import * as ort from 'onnxruntime-node'
import { readOnnx } from '@core/model/importOnnx'
import type { OnnxModel } from '@core/model/onnx'
import { createRandom } from '@core/math/random'
import { checkLimits } from '@core/deploy/plan'
import { runInteger } from '@core/quant/integer/runInteger'
import type { QuantizedNetwork } from '@core/quant/quantizedNetwork'
import { createImportedRunner } from '@core/quant/runImported'
import { encodeOnnx } from '@main/model/onnxFile'
import { readModelFile } from '@main/model/readModelFile'
import { outputOfLogits, prepareIntegers, runModel } from '@main/model/runFile'
import { AppError } from '@shared/errors'
import { benchOperators } from './importOperators'
import { exportedNetworks } from '../test/support/exportedNetworks'

interface Row {
  readonly name: string
  readonly read: boolean
  /** Greatest difference to onnxruntime relative to its largest output; null where it was not compared. */
  readonly floatError: number | null
  /** The same of the integer reference at int8 against our float; null where there are no integers. */
  readonly integerError: number | null
  /** Int8 within the limits of an Image. */
  readonly deployable: boolean
  readonly why: string
}

/** Files whose float outputs differ by no more are taken as equal. */
const floatTolerance = 1e-4

async function judge(name: string, load: () => Promise<OnnxModel>): Promise<Row> {
  const row = { name, read: false, floatError: null, integerError: null, deployable: false }
  try {
    const model = await load()
    const { imported, obstacles } = readOnnx(model)
    if (imported === null)
      return {
        ...row,
        why: obstacles
          .map(({ message }) => message)
          .join(' ')
          .slice(0, 160)
      }
    const { dims } = imported.input
    const random = createRandom(7)
    const items = 4
    const size = dims.reduce((product, length) => product * length, 1)
    const values = Float64Array.from({ length: items * size }, () => random.integer(256) / 255)
    const own = createImportedRunner(imported)(values.subarray(0, size)).values
    const floatError = await differenceToOnnxruntime(model, values.subarray(0, size), own)
    const array = { shape: [items, ...dims.slice(1)], values }
    try {
      const output = [imported.output.name]
      const float = runModel(model, array, 'float', output).outputs[0]!.values
      const made = prepareIntegers(model, array, 'int8', imported.output.name)
      const integer = outputOfLogits(made, runInteger(made.network, made.codes)).values
      const why = limitsOf(made.network)
      return {
        ...row,
        read: true,
        floatError,
        integerError: difference(float, integer),
        deployable: why === '',
        why
      }
    } catch (reason) {
      return { ...row, read: true, floatError, why: AppError.from(reason).message.slice(0, 160) }
    }
  } catch (reason) {
    return { ...row, why: AppError.from(reason).message.slice(0, 160) }
  }
}

/** What keeps a network out of every Image; empty where nothing does. */
function limitsOf(network: QuantizedNetwork): string {
  try {
    checkLimits(network)
    return ''
  } catch (reason) {
    return AppError.from(reason).message
  }
}

async function differenceToOnnxruntime(
  model: OnnxModel,
  input: Float64Array,
  own: Float32Array
): Promise<number | null> {
  try {
    const session = await ort.InferenceSession.create(encodeOnnx(model), {
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 4
    })
    const given = model.inputs.find(({ name }) => name === session.inputNames[0])!
    const dims = given.dims!.map((size, axis) => (typeof size === 'number' ? size : axis === 0 ? 1 : 0))
    const batch = dims[0]!
    const data = new Float32Array(batch * input.length)
    for (let item = 0; item < batch; item++) data.set(input, item * input.length)
    const results = await session.run({ [session.inputNames[0]!]: new ort.Tensor('float32', data, dims) })
    return difference(results[session.outputNames[0]!]!.data as Float32Array, own)
  } catch {
    return null
  }
}

function difference(wanted: ArrayLike<number>, found: ArrayLike<number>): number {
  let [scale, error] = [1e-3, 0]
  for (let at = 0; at < found.length; at++) {
    scale = Math.max(scale, Math.abs(wanted[at]!))
    error = Math.max(error, Math.abs(wanted[at]! - found[at]!))
  }
  return error / scale
}

function onnxFiles(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const file = path.join(folder, name)
      if (statSync(file).isDirectory()) return onnxFiles(file)
      return /\.(onnx|tflite)$/.test(name) ? [file] : []
    })
}

const percent = (error: number | null): string =>
  error === null ? '-' : error < 1e-3 ? error.toExponential(1) : `${(100 * error).toFixed(1)} %`
function print({ name, read, floatError, integerError, why }: Row): void {
  console.log(
    [
      name.padEnd(44),
      (read ? 'read' : 'refused').padEnd(8),
      percent(floatError).padEnd(9),
      percent(integerError).padEnd(8),
      why
    ]
      .join(' ')
      .trimEnd()
  )
}

async function add(name: string, load: () => Promise<OnnxModel>): Promise<void> {
  const row = await judge(name, load)
  rows.push(row)
  print(row)
}

const rows: Row[] = []
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { operators: { type: 'boolean' }, cases: { type: 'string', default: '1000' } }
})
if (values.operators === true) process.exit((await benchOperators(Number(values.cases), positionals)) ? 0 : 1)
const shared = path.resolve('../shared/cases')
const folders = positionals.length > 0 ? positionals : existsSync(shared) ? [shared] : []
if (positionals.length === 0) {
  for (const { name, model } of exportedNetworks()) await add(name, () => Promise.resolve(model))
}
for (const folder of folders) {
  for (const file of onnxFiles(folder))
    await add(path.relative(folder, file), async () => (await readModelFile(file)).model)
}
const count = (has: (row: Row) => boolean): number => rows.filter(has).length
console.log(
  `${rows.length} networks: ${count(({ read }) => read)} read, ${count(({ floatError }) => floatError !== null && floatError <= floatTolerance)} equal to onnxruntime in float (within ${floatTolerance}), ${count(({ integerError }) => integerError !== null)} run as int8, ${count(({ deployable }) => deployable)} deployable at int8`
)
