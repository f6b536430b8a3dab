// What of a folder of ONNX and TFLite files is read, equals onnxruntime in float, and becomes integers that follow the float network.
//   npm run bench:import -- [--macs 20000000] [FOLDER …]     networks of more multiplications are read, but not quantized
//   npm run bench:import -- --operators [--cases 1000] [OPERATOR …]     every operator against onnxruntime
// Without folders: the networks of test/support/exportedNetworks.ts and, where they are there, ../shared/cases.
import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import * as ort from 'onnxruntime-node'
import { readOnnx, type ImportedModel } from '@core/model/onnx/importOnnx'
import { dataOf } from '@core/model/constants/numbers'
import { macsOf } from '@core/model/graph'
import { ownInputs } from '@core/model/onnx/inputLayout'
import type { OnnxElementType, OnnxModel } from '@core/model/onnx/onnx'
import { createRandom } from '@core/math/random'
import { checkLimits } from '@core/deploy/plan'
import { runInteger } from '@core/quant/integer/runInteger'
import type { QuantizedNetwork } from '@core/quant/quantizedNetwork'
import { createImportedRunner } from '@core/quant/runImported'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { readModelFile } from '@main/model/files/readModelFile'
import { outputOfLogits, prepareIntegers, runModel } from '@main/model/files/runFile'
import { AppError } from '@shared/errors'
import { benchOperators } from './importOperators'
import { hardlyRounded, unrounded } from './unrounded'
import { exportedNetworks } from '../test/support/exportedNetworks'
import { positive, readFlags, whole } from './flags'

interface Row {
  readonly name: string
  readonly read: boolean
  /**
   * Greatest difference to onnxruntime relative to its largest output, without the rounding of quantized files; null where it was
   * not compared.
   */
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
    const { graph } = imported
    const macs = graph.nodes.reduce((sum, node) => sum + macsOf(graph, node), 0)
    if (macs > maxMacs) return { ...row, read: true, why: `${macs} multiplications: not quantized here` }
    const { dims } = imported.input
    const random = createRandom(7)
    const items = 4
    const size = dims.reduce((product, length) => product * length, 1)
    // Networks of integers take codes, others pixels in 0 to 1.
    const step = ownInputs(model).some(({ elementType }) => !elementType.startsWith('float')) ? 1 : 255
    const values = Float64Array.from(
      { length: items * size },
      () => random.integer(step === 1 ? 2 : 256) / step
    )
    const rounding = unrounded(model)
    const { output } = imported
    const endings = rounding === null ? output.endings : output.endings.map(hardlyRounded)
    const own = createImportedRunner({ ...imported, output: { ...output, endings } })(
      values.subarray(0, size)
    ).values
    const floatError = await differenceToOnnxruntime(rounding ?? model, values.subarray(0, size), own)
    const array = arrayOf(imported, items, values)
    try {
      const names = [output.name]
      const float = runModel(model, array, 'float', names).outputs[0]!.values
      const made = prepareIntegers(model, array, 'int8', output.name)
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

/** Items as the network takes them; one without a batch axis takes the first. */
function arrayOf({ input: { dims, fileDims } }: ImportedModel, items: number, values: Float64Array) {
  if (fileDims !== undefined) return { shape: [items, ...fileDims], values }
  if (dims.length === 1) return { shape: [...dims], values: values.subarray(0, values.length / items) }
  return { shape: [items, ...dims.slice(1)], values }
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
    const feeds: Record<string, ort.Tensor> = {}
    let from = 0
    const inputs = ownInputs(model)
    for (const { name, elementType, dims: given } of inputs) {
      const dims = given!.map((size, axis) => (typeof size === 'number' ? size : axis === 0 ? 1 : 0))
      const size = dims.reduce((product, length) => product * length, 1)
      const items = inputs.length > 1 ? 1 : Math.round(size / input.length)
      const part = input.subarray(from, from + size / items)
      const values = Array.from({ length: items }, () => Array.from(part)).flat()
      feeds[name] = tensorOf(elementType, values, dims)
      from += size / items
    }
    const results = await session.run(feeds)
    return difference(numbersOfTensor(results[session.outputNames[0]!]!), own)
  } catch {
    return null
  }
}

function tensorOf(type: OnnxElementType, values: readonly number[], dims: readonly number[]): ort.Tensor {
  if (type === 'bool') return new ort.Tensor('bool', Uint8Array.from(values), dims)
  return new ort.Tensor(type, dataOf(type, values), dims)
}

const numbersOfTensor = ({ data }: ort.Tensor): Float64Array =>
  Float64Array.from(data as ArrayLike<number | bigint>, Number)

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
const { positionals, values } = readFlags(
  {
    allowPositionals: true,
    options: {
      operators: { type: 'boolean' },
      cases: { type: 'string', default: '1000' },
      macs: { type: 'string' }
    }
  },
  { macs: positive(), cases: whole() }
)
const maxMacs = Number(values.macs ?? Infinity)
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
