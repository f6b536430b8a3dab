import onnxProto from 'onnx-proto'
import { AppError } from '../../shared/errors'
import type {
  OnnxAttribute,
  OnnxData,
  OnnxElementType,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxValue
} from '../../core/model/onnx'

/** Bytes of an .onnx file to plain data and back (protobuf through onnx-proto; format: onnx.proto3). */
const { onnx } = onnxProto

type Proto = typeof onnx
type ModelProto = InstanceType<Proto['ModelProto']>
type TensorProto = ReturnType<Proto['TensorProto']['create']>
type AttributeProto = ReturnType<Proto['AttributeProto']['create']>
type ValueInfoProto = ReturnType<Proto['ValueInfoProto']['create']>

const elementTypes: Readonly<Record<number, OnnxElementType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  11: 'float64'
}
const elementCodes = Object.fromEntries(
  Object.entries(elementTypes).map(([code, name]) => [name, Number(code)])
) as Record<OnnxElementType, number>

const attributeType = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7 } as const

/**
 * @throws AppError model.invalid when the bytes are not an ONNX model or a tensor's data does not fit its shape;
 *   model.unsupportedOperator for data kept in other files or in element types nothing here reads.
 */
export function decodeOnnx(bytes: Uint8Array): OnnxModel {
  let model: ModelProto
  try {
    model = onnx.ModelProto.decode(bytes)
  } catch (cause) {
    throw notOnnx('The file is not an ONNX model (its protobuf cannot be read).', cause)
  }
  const { graph } = model
  if (graph === null || graph === undefined || (graph.node ?? []).length === 0) {
    throw notOnnx('The file holds no ONNX graph.')
  }
  return {
    name: graph.name ?? '',
    opset: numberOf(model.opsetImport.find((entry) => (entry.domain ?? '') === '')?.version),
    nodes: (graph.node ?? []).map(decodeNode),
    initializers: (graph.initializer ?? []).map((tensor) => decodeTensor(tensor as TensorProto)),
    inputs: (graph.input ?? []).map((value) => decodeValue(value as ValueInfoProto)),
    outputs: (graph.output ?? []).map((value) => decodeValue(value as ValueInfoProto)),
    metadata: Object.fromEntries(
      (model.metadataProps ?? []).map(({ key, value }) => [key ?? '', value ?? ''])
    )
  }
}

export function encodeOnnx(model: OnnxModel): Uint8Array {
  const message = onnx.ModelProto.create({
    irVersion: 8,
    producerName: 'bitbench',
    opsetImport: [{ domain: '', version: model.opset }],
    metadataProps: Object.entries(model.metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: model.name,
      node: model.nodes.map((node) => ({
        name: node.name,
        opType: node.opType,
        domain: node.domain,
        input: [...node.inputs],
        output: [...node.outputs],
        attribute: Object.entries(node.attributes).map(([name, attribute]) =>
          encodeAttribute(name, attribute)
        )
      })),
      initializer: model.initializers.map(encodeTensor),
      input: model.inputs.map(encodeValue),
      output: model.outputs.map(encodeValue)
    }
  })
  return onnx.ModelProto.encode(message).finish()
}

type NodeProto = NonNullable<NonNullable<ModelProto['graph']>['node']>[number]

function decodeNode(node: NodeProto): OnnxNode {
  return {
    name: node.name ?? '',
    opType: node.opType ?? '',
    domain: node.domain ?? '',
    inputs: node.input ?? [],
    outputs: node.output ?? [],
    attributes: Object.fromEntries(
      (node.attribute ?? []).map((attribute) => [
        attribute.name ?? '',
        decodeAttribute(attribute as AttributeProto)
      ])
    )
  }
}

function decodeAttribute(attribute: AttributeProto): OnnxAttribute {
  switch (attribute.type as number) {
    case attributeType.float:
      return { kind: 'float', value: attribute.f }
    case attributeType.int:
      return { kind: 'int', value: numberOf(attribute.i) }
    case attributeType.string:
      return { kind: 'string', value: Buffer.from(attribute.s).toString('utf8') }
    case attributeType.tensor:
      return { kind: 'tensor', value: decodeTensor(attribute.t as TensorProto) }
    case attributeType.floats:
      return { kind: 'floats', value: attribute.floats }
    case attributeType.ints:
      return { kind: 'ints', value: attribute.ints.map(numberOf) }
    default:
      return { kind: 'other' }
  }
}

function encodeAttribute(name: string, attribute: OnnxAttribute) {
  switch (attribute.kind) {
    case 'float':
      return { name, type: attributeType.float, f: attribute.value }
    case 'int':
      return { name, type: attributeType.int, i: attribute.value }
    case 'string':
      return { name, type: attributeType.string, s: Buffer.from(attribute.value, 'utf8') }
    case 'tensor':
      return { name, type: attributeType.tensor, t: encodeTensor(attribute.value) }
    case 'floats':
      return { name, type: attributeType.floats, floats: [...attribute.value] }
    case 'ints':
      return { name, type: attributeType.ints, ints: [...attribute.value] }
    case 'other':
      throw new Error(`attribute ${name} cannot be written`)
  }
}

function decodeTensor(tensor: TensorProto): OnnxTensor {
  const name = tensor.name ?? ''
  const dims = (tensor.dims ?? []).map(numberOf)
  const count = dims.reduce((product, size) => product * size, 1)
  const data = decodeData(tensor, name)
  if (data.length !== count) {
    throw notOnnx(`Tensor "${name}" has ${data.length} values for its shape [${dims.join(', ')}].`)
  }
  return { name, dims, data }
}

function decodeData(tensor: TensorProto, name: string): OnnxData {
  const type = elementTypes[tensor.dataType ?? 0]
  if ((tensor.externalData ?? []).length > 0 || (tensor.dataLocation as number) === 1) {
    throw new AppError(
      'model.unsupportedOperator',
      `Tensor "${name}" is kept in another file.`,
      'Save the model as one file (without external data).'
    )
  }
  const raw = tensor.rawData
  if (raw !== undefined && raw !== null && raw.length > 0) {
    // A copy: raw bytes sit at any offset of the file, typed arrays want alignment.
    const { buffer } = new Uint8Array(raw)
    const width = type === 'float64' || type === 'int64' ? 8 : type === 'float32' || type === 'int32' ? 4 : 1
    if (raw.length % width !== 0)
      throw notOnnx(`Tensor "${name}" has ${raw.length} bytes of ${width}-byte values.`)
    if (type === 'float32') return new Float32Array(buffer)
    if (type === 'float64') return new Float64Array(buffer)
    if (type === 'int64') return new BigInt64Array(buffer)
    if (type === 'int32') return new Int32Array(buffer)
    if (type === 'int8') return new Int8Array(buffer)
    if (type === 'uint8' || type === 'bool') return new Uint8Array(buffer)
  }
  if (type === 'float32') return Float32Array.from(tensor.floatData ?? [])
  if (type === 'float64') return Float64Array.from(tensor.doubleData ?? [])
  if (type === 'int64')
    return BigInt64Array.from((tensor.int64Data ?? []).map((value) => BigInt(numberOf(value))))
  if (type === 'int32') return Int32Array.from(tensor.int32Data ?? [])
  if (type === 'int8') return Int8Array.from(tensor.int32Data ?? [])
  if (type === 'uint8' || type === 'bool') return Uint8Array.from(tensor.int32Data ?? [])
  throw new AppError(
    'model.unsupportedOperator',
    `Tensor "${name}" has element type ${tensor.dataType ?? 0}, which is not read.`,
    'Export the network in float32.'
  )
}

function encodeTensor({ name, dims, data }: OnnxTensor) {
  return {
    name,
    dims: [...dims],
    dataType: elementCodes[elementTypeOf(data)],
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  }
}

function elementTypeOf(data: OnnxData): OnnxElementType {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof Float64Array) return 'float64'
  if (data instanceof BigInt64Array) return 'int64'
  if (data instanceof Int32Array) return 'int32'
  return data instanceof Int8Array ? 'int8' : 'uint8'
}

function decodeValue(value: ValueInfoProto): OnnxValue {
  const tensor = value.type?.tensorType
  return {
    name: value.name ?? '',
    elementType: elementTypes[tensor?.elemType ?? 0] ?? 'float32',
    dims:
      (tensor?.shape?.dim ?? null)?.map((dim) => {
        // protobufjs sets numbers that were absent to 0: the name decides.
        if (dim.dimParam !== undefined && dim.dimParam !== null && dim.dimParam !== '') return dim.dimParam
        const size = dim.dimValue === undefined || dim.dimValue === null ? 0 : numberOf(dim.dimValue)
        return size > 0 ? size : null
      }) ?? null
  }
}

function encodeValue({ name, elementType, dims }: OnnxValue) {
  return {
    name,
    type: {
      tensorType: {
        elemType: elementCodes[elementType],
        ...(dims === null
          ? {}
          : {
              shape: {
                dim: dims.map((size) =>
                  typeof size === 'number'
                    ? { dimValue: size }
                    : typeof size === 'string'
                      ? { dimParam: size }
                      : {}
                )
              }
            })
      }
    }
  }
}

/** int64 fields come as numbers or as Long objects, whichever protobufjs finds installed. */
function numberOf(value: unknown): number {
  if (typeof value === 'number') return value
  const long = value as { toNumber?: () => number } | null | undefined
  return long?.toNumber?.() ?? 0
}

function notOnnx(message: string, cause?: unknown): AppError {
  return new AppError(
    'model.invalid',
    message,
    'Choose an .onnx file; an ONNX checker tells what is wrong with it.',
    { cause }
  )
}
