import { Builder } from 'flatbuffers'
import {
  operatorNames,
  optionFields,
  tfliteTypes,
  type TfliteModel,
  type TfliteOperator,
  type TfliteTensor
} from '@core/model/tflite/tflite'

/** Numbers of the schema's union BuiltinOptions: which table the options of an operator are. TensorFlow reads none without it. */
const optionTables: Readonly<Record<string, number>> = {
  ...{ CONV_2D: 1, DEPTHWISE_CONV_2D: 2, AVERAGE_POOL_2D: 5, MAX_POOL_2D: 5, SVDF: 6, FULLY_CONNECTED: 8 },
  ...{ SOFTMAX: 9, CONCATENATION: 10, ADD: 11, L2_NORMALIZATION: 12, LOCAL_RESPONSE_NORMALIZATION: 13 },
  ...{ RESIZE_BILINEAR: 15, RESHAPE: 17, SPACE_TO_DEPTH: 19, MUL: 21, GATHER: 23, MEAN: 27, SUM: 27 },
  ...{
    REDUCE_MAX: 27,
    REDUCE_PROD: 27,
    REDUCE_MIN: 27,
    SUB: 28,
    DIV: 29,
    SQUEEZE: 30,
    STRIDED_SLICE: 32,
    SPLIT: 35,
    CAST: 37
  },
  ...{ TRANSPOSE_CONV: 49, PACK: 59, UNPACK: 64, UNIDIRECTIONAL_SEQUENCE_LSTM: 71 },
  ...{ RESIZE_NEAREST_NEIGHBOR: 74, LEAKY_RELU: 75, MIRROR_PAD: 77, SPLIT_V: 79, DEPTH_TO_SPACE: 94 },
  ...{ BATCH_MATMUL: 101, GELU: 116 }
}

/** Writes the plain data of a TFLite model as a file (schema.fbs of TensorFlow Lite, version 3). */
export function encodeTflite(model: TfliteModel): Uint8Array {
  const builder = new Builder(1024)
  const offsets = (list: readonly number[]): number => {
    builder.startVector(4, list.length, 4)
    for (const offset of [...list].reverse()) builder.addOffset(offset)
    return builder.endVector()
  }
  const ints = (list: readonly number[]): number => {
    builder.startVector(4, list.length, 4)
    for (const value of [...list].reverse()) builder.addInt32(value)
    return builder.endVector()
  }
  const floats = (list: readonly number[]): number => {
    builder.startVector(4, list.length, 4)
    for (const value of [...list].reverse()) builder.addFloat32(value)
    return builder.endVector()
  }
  const longs = (list: readonly number[]): number => {
    builder.startVector(8, list.length, 8)
    for (const value of [...list].reverse()) builder.addInt64(BigInt(value))
    return builder.endVector()
  }
  const bytes = (data: Uint8Array): number => {
    builder.startVector(1, data.length, 16)
    for (const value of [...data].reverse()) builder.addInt8(value)
    return builder.endVector()
  }

  // Buffer 0 is empty by convention.
  const buffers: Uint8Array[] = [new Uint8Array(0)]
  const tensorAt = (tensor: TfliteTensor): number => {
    const buffer = tensor.data === null ? 0 : buffers.push(tensor.data) - 1
    const [name, shape] = [builder.createString(tensor.name), ints(tensor.dims)]
    const [scale, zero] = [floats(tensor.scales), longs(tensor.zeros)]
    builder.startObject(7)
    if (tensor.scales.length > 0) {
      builder.addFieldOffset(2, scale, 0)
      builder.addFieldOffset(3, zero, 0)
      builder.addFieldInt32(6, tensor.axis, 0)
    }
    const quantization = builder.endObject()
    builder.startObject(8)
    builder.addFieldOffset(0, shape, 0)
    builder.addFieldInt8(1, tfliteTypes.indexOf(tensor.type as 'float32'), 0)
    builder.addFieldInt32(2, buffer, 0)
    builder.addFieldOffset(3, name, 0)
    builder.addFieldOffset(4, quantization, 0)
    return builder.endObject()
  }
  const codes = [...new Set(model.operators.map(({ name }) => name))]
  const optionsAt = ({ name, options }: TfliteOperator): number => {
    const fields = optionFields[name] ?? []
    const lists = fields.map(([field, kind]) => (kind === 'ints' ? ints(options[field] as number[]) : 0))
    builder.startObject(fields.length)
    for (const [slot, [field, kind]] of fields.entries()) {
      const value = options[field]
      if (value === undefined) continue
      if (kind === 'ints') builder.addFieldOffset(slot, lists[slot]!, 0)
      else if (kind === 'float') builder.addFieldFloat32(slot, Number(value), 0)
      else if (kind === 'int') builder.addFieldInt32(slot, Number(value), 0)
      else builder.addFieldInt8(slot, Number(value), 0)
    }
    return builder.endObject()
  }
  const operatorAt = (operator: TfliteOperator): number => {
    const [inputs, outputs, options] = [ints(operator.inputs), ints(operator.outputs), optionsAt(operator)]
    builder.startObject(5)
    builder.addFieldInt32(0, codes.indexOf(operator.name), -1)
    builder.addFieldOffset(1, inputs, 0)
    builder.addFieldOffset(2, outputs, 0)
    builder.addFieldInt8(3, optionTables[operator.name] ?? 0, 0)
    builder.addFieldOffset(4, options, 0)
    return builder.endObject()
  }
  const tensors = offsets(model.tensors.map(tensorAt))
  const operators = offsets(model.operators.map(operatorAt))
  const [inputs, outputs] = [ints(model.inputs), ints(model.outputs)]
  const graphName = builder.createString(model.name)
  builder.startObject(5)
  for (const [slot, offset] of [tensors, inputs, outputs, operators, graphName].entries())
    builder.addFieldOffset(slot, offset, 0)
  const graphs = offsets([builder.endObject()])
  const codeTables = offsets(
    codes.map((name) => {
      const number = operatorNames.indexOf(name)
      const custom = number < 0 ? builder.createString(name) : 0
      builder.startObject(4)
      builder.addFieldInt8(0, Math.min(127, number < 0 ? 32 : number), 0)
      if (custom !== 0) builder.addFieldOffset(1, custom, 0)
      builder.addFieldInt32(3, number < 0 ? 32 : number, 0)
      return builder.endObject()
    })
  )
  const bufferTables = offsets(
    buffers.map((data) => {
      const own = data.length === 0 ? 0 : bytes(data)
      builder.startObject(1)
      if (own !== 0) builder.addFieldOffset(0, own, 0)
      return builder.endObject()
    })
  )
  builder.startObject(5)
  builder.addFieldInt32(0, 3, 0)
  builder.addFieldOffset(1, codeTables, 0)
  builder.addFieldOffset(2, graphs, 0)
  builder.addFieldOffset(4, bufferTables, 0)
  builder.finish(builder.endObject(), 'TFL3')
  return builder.asUint8Array().slice()
}
