import { AppError } from '../../../shared/errors'
import { maxElements } from '../constants/numbers'
import { sizeOf } from '../graph'
import { text, type OnnxModel, type OnnxValue } from '../onnx/onnx'
import {
  codesOf,
  createConversion,
  reasonAttribute,
  remedyAttribute,
  tfliteDomain,
  type Conversion
} from './conversion'
import { joinDilations } from './dilation'
import { readOperator } from './readOperator'
import type { Converter, Refusal } from './operators/converter'
import {
  cast,
  gelu,
  leakyRelu,
  limited,
  plain,
  reciprocalRoot,
  convertSoftmax,
  square,
  squaredDifference,
  unitLength
} from './operators/elementwise'
import { batchProduct, fullyConnected, lstm } from './operators/products'
import { filteredFeatures } from './operators/svdf'
import {
  argMax,
  concatenation,
  convertGather,
  convertReduce,
  pack,
  pad,
  reshape,
  convertShape,
  slice,
  splitting,
  squeeze,
  stridedSlice,
  transpose,
  unpack,
  expandDims,
  fill,
  withShape
} from './operators/shapes'
import {
  blocks,
  convolution,
  depthwise,
  localResponse,
  pool,
  convertResize,
  transposedConvolution
} from './operators/windows'
import type { TfliteModel, TfliteOperator, TfliteTensor } from './tflite'

/** The converter of every TFLite operator that is read, by its name in the schema. */
const converters: ReadonlyMap<string, Converter> = new Map<string, Converter>([
  ['CONV_2D', convolution],
  ['DEPTHWISE_CONV_2D', depthwise],
  ['TRANSPOSE_CONV', transposedConvolution],
  ['FULLY_CONNECTED', fullyConnected],
  ['BATCH_MATMUL', batchProduct],
  ['UNIDIRECTIONAL_SEQUENCE_LSTM', lstm],
  ['SVDF', filteredFeatures],
  ['AVERAGE_POOL_2D', pool('AveragePool')],
  ['MAX_POOL_2D', pool('MaxPool')],
  ['DEPTH_TO_SPACE', blocks('DepthToSpace')],
  ['SPACE_TO_DEPTH', blocks('SpaceToDepth')],
  ['RESIZE_BILINEAR', convertResize('linear')],
  ['RESIZE_NEAREST_NEIGHBOR', convertResize('nearest')],
  ...(
    [
      ['ADD', 'Add'],
      ['SUB', 'Sub'],
      ['MUL', 'Mul'],
      ['DIV', 'Div'],
      ['ADD_N', 'Sum'],
      ['MAXIMUM', 'Max'],
      ['MINIMUM', 'Min'],
      ['POW', 'Pow'],
      ['RELU', 'Relu'],
      ['LOGISTIC', 'Sigmoid'],
      ['TANH', 'Tanh'],
      ['ELU', 'Elu'],
      ['PRELU', 'PRelu'],
      ['HARD_SWISH', 'HardSwish'],
      ['EXP', 'Exp'],
      ['LOG', 'Log'],
      ['SQRT', 'Sqrt'],
      ['NEG', 'Neg'],
      ['ABS', 'Abs'],
      ['FLOOR', 'Floor'],
      ['CEIL', 'Ceil'],
      ['ROUND', 'Round'],
      ['SIGN', 'Sign'],
      ['SIN', 'Sin'],
      ['COS', 'Cos'],
      ['DEQUANTIZE', 'Identity'],
      ['QUANTIZE', 'Identity'],
      ['LOG_SOFTMAX', 'LogSoftmax']
    ] as const
  ).map(([name, opType]): [string, Converter] => [name, plain(opType)]),
  ['RELU6', limited(0, 6)],
  ['RELU_N1_TO_1', limited(-1, 1)],
  ['RELU_0_TO_1', limited(0, 1)],
  ['LEAKY_RELU', leakyRelu],
  ['GELU', gelu],
  ['SQUARE', square],
  ['RSQRT', reciprocalRoot],
  ['SQUARED_DIFFERENCE', squaredDifference],
  ['SOFTMAX', convertSoftmax],
  ['L2_NORMALIZATION', unitLength],
  ['LOCAL_RESPONSE_NORMALIZATION', localResponse],
  ['CAST', cast],
  ['SHAPE', convertShape],
  ['RESHAPE', reshape],
  ['SQUEEZE', squeeze],
  ['EXPAND_DIMS', expandDims],
  ['TRANSPOSE', transpose],
  ['PAD', pad],
  ['PADV2', pad],
  ['MIRROR_PAD', pad],
  ['CONCATENATION', concatenation],
  ['PACK', pack],
  ['UNPACK', unpack],
  ['SPLIT', splitting],
  ['SPLIT_V', splitting],
  ['SLICE', slice],
  ['STRIDED_SLICE', stridedSlice],
  ['GATHER', convertGather],
  ['TILE', withShape('Tile')],
  ['BROADCAST_TO', withShape('Expand')],
  ['MEAN', convertReduce('ReduceMean')],
  ['SUM', convertReduce('ReduceSum')],
  ['REDUCE_MAX', convertReduce('ReduceMax')],
  ['REDUCE_MIN', convertReduce('ReduceMin')],
  ['REDUCE_PROD', convertReduce('ReduceProd')],
  ['FILL', fill],
  ['ARG_MAX', argMax]
])

/**
 * A TFLite graph in ONNX operators (opset 17): images turned to channels first around the operators that need it, fused
 * activations written out, codes of 8 bits as QuantizeLinear and DequantizeLinear. What has no counterpart keeps its name in the
 * domain "tflite", so that the importer reports it with everything else.
 */
export function tfliteToOnnx(file: TfliteModel): OnnxModel {
  for (const tensor of file.tensors) checkSize(tensor)
  const model = joinDilations(file)
  const conversion = createConversion(model)
  for (const operator of model.operators) readOperator(operator, () => convert(conversion, operator))
  const outputs = model.outputs.map((index): OnnxValue => {
    const name = conversion.name(index)
    conversion.nodes.push({
      name: `${name}.output`,
      opType: 'Identity',
      domain: '',
      inputs: [conversion.real(index)],
      outputs: [`${name}:out`],
      attributes: {}
    })
    return { name: `${name}:out`, elementType: 'float32', dims: null }
  })
  return {
    name: model.name,
    opset: 17,
    nodes: conversion.nodes,
    initializers: conversion.initializers,
    inputs: model.inputs.map((index) => ({
      name: conversion.name(index),
      elementType: 'float32',
      dims: conversion.tensor(index).dims
    })),
    outputs,
    metadata: inputCoding(model)
  }
}

/** @throws AppError model.invalid for sides below 0 and tensors too large to be worked with. */
function checkSize({ name, dims }: TfliteTensor): void {
  const isSize = dims.every((side) => side >= 0) && sizeOf(dims) <= maxElements && dims.length <= 8
  if (isSize) return
  throw new AppError(
    'model.invalid',
    `The tensor "${name}" of the TFLite file is [${dims.slice(0, 8).join(', ')}].`,
    `Tensors have at most 8 sides and ${maxElements} elements; check that the file was copied whole.`
  )
}

function convert(conversion: ReturnType<typeof createConversion>, operator: TfliteOperator): void {
  conversion.begin(operator)
  const converter = operator.isCustom ? undefined : converters.get(operator.name)
  const result = converter?.(conversion, operator) ?? false
  if (result !== true) keep(conversion, operator, result === false ? null : result)
}

/** An operator that is not read, and why where that is known: its outputs stay unknown. */
function keep(conversion: Conversion, operator: TfliteOperator, refusal: Refusal | null): void {
  // States and other tensors that nothing computes would be obstacles of their own.
  const inputs = operator.inputs.filter((index) => index >= 0 && conversion.isKnown(index))
  const names = inputs.map((index) => conversion.real(index))
  const count = Math.max(1, operator.outputs.length)
  const outputs = conversion.addSeveral(
    operator.name,
    names,
    count,
    refusal === null
      ? {}
      : { [reasonAttribute]: text(refusal.reason), [remedyAttribute]: text(refusal.remedy) },
    tfliteDomain
  )
  for (const [at, index] of operator.outputs.entries()) conversion.bind(index, outputs[at])
}

/** What an input byte means, where the file says it: real = scale * (code - zero), a byte being a code or 128 above it. */
function inputCoding(model: TfliteModel): Record<string, string> {
  if (model.inputs.length !== 1) return {}
  const [input] = model.inputs
  const first = model.operators.find(({ inputs }) => inputs[0] === input)
  const index = first?.name === 'QUANTIZE' ? first.outputs[0] : input
  const codes = codesOf(model.tensors[index])
  if (codes === null) return {}
  return {
    'bitbench.inputScale': String(codes.scale),
    'bitbench.inputZero': String(codes.isSigned ? -codes.zero : 128 - codes.zero)
  }
}
