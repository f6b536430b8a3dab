import { createRandom } from '@core/math/random'
import { readOnnx } from '@core/model/onnx/importOnnx'
import { tfliteToOnnx } from '@core/model/tflite/toOnnx'
import type { TfliteModel, TfliteTensor } from '@core/model/tflite/tflite'
import { createImportedRunner } from '@core/quant/runImported'
import { inputSides, normals, tfliteSteps as steps } from './randomTflite'
import { TfliteDraft } from './tfliteDraft'

/** A graph of codes of 8 bits between QUANTIZE and DEQUANTIZE, and what it is compared on. */
export interface TfliteCodesCase {
  readonly model: TfliteModel
  /** What codes stand for, so that nothing of it is rounded. */
  readonly input: Float32Array
  /** Codes in front of DEQUANTIZE. */
  readonly output: Codes & { readonly lowest: number }
}

/** Operators that give the codes of their input again, in other places. */
const moves = 'RESHAPE SQUEEZE EXPAND_DIMS TRANSPOSE SPLIT SPLIT_V SLICE STRIDED_SLICE GATHER UNPACK'.split(
  ' '
)
/** Operators whose output has the scale of the input, as the schema requires. */
const keepsScale = new Set(
  [...moves, 'MAX_POOL_2D', 'AVERAGE_POOL_2D', 'PAD', 'PADV2', 'MIRROR_PAD', 'CONCATENATION', 'PACK'].concat(
    ['TILE', 'RESIZE_BILINEAR', 'RESIZE_NEAREST_NEIGHBOR', 'SPACE_TO_DEPTH', 'DEPTH_TO_SPACE'],
    ['MAXIMUM', 'MINIMUM', 'REDUCE_MAX', 'REDUCE_MIN']
  )
)
const rounding = (
  'CONV_2D DEPTHWISE_CONV_2D TRANSPOSE_CONV FULLY_CONNECTED AVERAGE_POOL_2D MAX_POOL_2D PAD PADV2 CONCATENATION PACK ' +
  'RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR SPACE_TO_DEPTH DEPTH_TO_SPACE MEAN SUM REDUCE_MAX REDUCE_MIN ADD SUB MUL ' +
  'MAXIMUM MINIMUM RELU RELU6 LOGISTIC TANH ELU HARD_SWISH LEAKY_RELU PRELU ABS SOFTMAX LOG_SOFTMAX L2_NORMALIZATION'
).split(' ')
const weighted = new Set(['CONV_2D', 'DEPTHWISE_CONV_2D', 'TRANSPOSE_CONV', 'FULLY_CONNECTED'])
/** Scales and zero points of outputs that the schema fixes, for int8. */
const fixed: Readonly<Record<string, readonly [scale: number, zero: number]>> = {
  LOGISTIC: [1 / 256, -128],
  SOFTMAX: [1 / 256, -128],
  TANH: [1 / 128, 0],
  L2_NORMALIZATION: [1 / 128, 0],
  LOG_SOFTMAX: [16 / 256, 127]
}

/**
 * A seeded graph between codes: one operator that rounds, up to two in front of it and behind it that move codes. Nothing in the
 * middle is rounded, for the importer leaves such rounding out.
 */
export function randomTfliteCodes(seed: number): TfliteCodesCase {
  const draft = new TfliteDraft(createRandom(seed))
  const dims = inputSides(draft)
  const first = draft.tensor({ dims })
  let x = first
  const move = (): void => {
    x = steps[draft.pick(moves)]!(draft, x) ?? x
  }
  for (let count = draft.side(0, 2); count > 0; count--) move()
  const before = draft.operators.length
  while (draft.operators.length === before) x = steps[draft.pick(rounding)]!(draft, x) ?? x
  for (let count = draft.side(0, 2); count > 0; count--) move()
  const model = draft.model(`codes${seed}`, first, x)
  const isSigned = seed % 5 !== 0 || draft.operators.some(({ name }) => !uint8Operators.has(name))
  return withCodes(model, normals(draft, dims), isSigned)
}

/** Operators that LiteRT has for uint8. */
const uint8Operators = new Set(
  'CONV_2D DEPTHWISE_CONV_2D FULLY_CONNECTED AVERAGE_POOL_2D MAX_POOL_2D RESHAPE SQUEEZE ADD'.split(' ')
)

export interface Codes {
  /** Of one step. */
  readonly scale: number
  readonly zero: number
}

/** Gives every tensor its codes, ranges being those of the float graph on this input. */
function withCodes(model: TfliteModel, values: Float32Array, isSigned: boolean): TfliteCodesCase {
  const type = isSigned ? 'int8' : 'uint8'
  const lowest = isSigned ? -128 : 0
  const codes = new Map<number, Codes>([[model.inputs[0]!, codesOf(values, lowest)]])
  const tensors: TfliteTensor[] = [...model.tensors]
  const written = (index: number, own: Codes): void => {
    const { data } = tensors[index]!
    const stored = data === null ? null : bytesOf(toCodes(floatsOf(data), own, lowest))
    tensors[index] = { ...tensors[index]!, type, scales: [own.scale], zeros: [own.zero], data: stored }
  }
  for (const { name, inputs, outputs } of model.operators) {
    const activation = inputs.find((index) => codes.has(index))!
    const source = codes.get(activation)!
    for (const [at, index] of inputs.entries()) {
      const { type: kind, data } = model.tensors[index]!
      if (kind !== 'float32' || data === null) continue
      const isWeight = weighted.has(name) && at === 1
      if (weighted.has(name) && !isWeight)
        tensors[index] = biasCodes(tensors[index]!, source, tensors[inputs[1]!]!)
      else if (isWeight) tensors[index] = weightCodes(model.tensors[index]!, name, isSigned)
      else written(index, keepsScale.has(name) ? source : codesOf(floatsOf(data), lowest))
    }
    for (const index of outputs) {
      const own = keepsScale.has(name)
        ? source
        : (fixedCodes(name, isSigned) ?? codesOf(valuesAt(model, index, values), lowest))
      codes.set(index, own)
      written(index, own)
    }
  }
  written(model.inputs[0]!, codes.get(model.inputs[0]!)!)
  const own = codes.get(model.inputs[0]!)!
  const given = toCodes(values, own, lowest)
  const input = Float32Array.from(given, (code) => Math.fround(own.scale) * (code - own.zero))
  const output = { ...codes.get(model.outputs[0]!)!, lowest }
  return { model: betweenReals({ ...model, tensors }), input, output }
}

/** QUANTIZE in front and DEQUANTIZE behind: LiteRT.js takes no codes of 8 bits. */
function betweenReals(model: TfliteModel): TfliteModel {
  const [first, last] = [model.inputs[0]!, model.outputs[0]!]
  const real = (index: number): TfliteTensor => ({
    ...model.tensors[index]!,
    ...{ name: `real${index}`, type: 'float32', data: null, scales: [], zeros: [] }
  })
  const count = model.tensors.length
  const step = (name: string, from: number, to: number) =>
    ({ name, isCustom: false, inputs: [from], outputs: [to], options: {} }) as const
  return {
    ...model,
    tensors: [...model.tensors, real(first), real(last)],
    operators: [step('QUANTIZE', count, first), ...model.operators, step('DEQUANTIZE', last, count + 1)],
    inputs: [count],
    outputs: [count + 1]
  }
}

function fixedCodes(name: string, isSigned: boolean): Codes | null {
  const pair = fixed[name]
  return pair === undefined ? null : { scale: pair[0], zero: pair[1] + (isSigned ? 0 : 128) }
}

/** 256 codes over the values and 0. */
function codesOf(values: ArrayLike<number>, lowest: number): Codes {
  let [low, high] = [0, 0]
  for (let at = 0; at < values.length; at++) {
    low = Math.min(low, values[at]!)
    high = Math.max(high, values[at]!)
  }
  const scale = Math.fround(Math.max(high - low, 0.1) / 255)
  return { scale, zero: Math.round(-low / scale) + lowest }
}

const toCodes = (values: ArrayLike<number>, { scale, zero }: Codes, lowest: number): number[] =>
  Array.from(values, (value) => Math.min(lowest + 255, Math.max(lowest, Math.round(value / scale) + zero)))
const floatsOf = (data: Uint8Array): Float32Array => new Float32Array(data.slice().buffer)
const bytesOf = (codes: readonly number[]): Uint8Array => Uint8Array.from(codes, (code) => code & 255)

/** What the float graph has at a tensor. */
function valuesAt(model: TfliteModel, index: number, input: Float32Array): ArrayLike<number> {
  const { imported } = readOnnx(tfliteToOnnx({ ...model, outputs: [index] }))
  // A form that is not read: any scale will do, the case is counted as refused.
  return imported === null ? [-4, 4] : createImportedRunner(imported)(input).values
}

/** Weights of int8 around 0, a scale per output channel of convolutions; of uint8 with one scale. */
function weightCodes(tensor: TfliteTensor, name: string, isSigned: boolean): TfliteTensor {
  const values = floatsOf(tensor.data!)
  if (!isSigned) {
    const own = codesOf(values, 0)
    return {
      ...tensor,
      type: 'uint8',
      scales: [own.scale],
      zeros: [own.zero],
      data: bytesOf(toCodes(values, own, 0))
    }
  }
  const axis = name === 'DEPTHWISE_CONV_2D' ? 3 : 0
  const channels = name === 'FULLY_CONNECTED' ? 1 : tensor.dims[axis]!
  const channelOf = (at: number): number =>
    channels === 1 ? 0 : axis === 3 ? at % channels : Math.floor(at / (values.length / channels))
  const largest = new Float64Array(channels).fill(1e-3)
  for (const [at, value] of values.entries())
    largest[channelOf(at)] = Math.max(largest[channelOf(at)]!, Math.abs(value))
  const scales = Array.from(largest, (most) => Math.fround(most / 127))
  const data = bytesOf(Array.from(values, (value, at) => Math.round(value / scales[channelOf(at)]!)))
  return { ...tensor, type: 'int8', scales, zeros: scales.map(() => 0), axis, data }
}

/** Whole numbers in steps of the products. */
function biasCodes(tensor: TfliteTensor, source: Codes, weights: TfliteTensor): TfliteTensor {
  const values = floatsOf(tensor.data!)
  const steps = Array.from(
    values,
    (_, at) => source.scale * weights.scales[weights.scales.length > 1 ? at : 0]!
  )
  const codes = Int32Array.from(values, (value, at) => Math.round(value / steps[at]!))
  const scales = weights.scales.length > 1 ? steps : [steps[0]!]
  return { ...tensor, type: 'int32', scales, zeros: scales.map(() => 0), data: new Uint8Array(codes.buffer) }
}
