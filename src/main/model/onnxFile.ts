import onnxProto from 'onnx-proto'
import type {
  OnnxAttribute,
  OnnxData,
  OnnxElementType,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxValue
} from '../../core/model/onnx'
import { decodeTensor, notOnnx, numberOf, refuseExternal, type ExternalData } from './onnxTensorFile'

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
  // Half precision is widened when tensors are read, so inputs of it take float32 here.
  10: 'float32',
  11: 'float64',
  16: 'float32'
}
const elementCodes = Object.fromEntries(
  Object.entries(elementTypes)
    .map(([code, name]) => [name, Number(code)] as const)
    // float32 must be written as 1, whatever else is read as it.
    .sort(([, a], [, b]) => b - a)
) as Record<OnnxElementType, number>

const attributeType = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7 } as const

/** @throws AppError model.invalid when the bytes are not an ONNX model. */
export function parseOnnx(bytes: Uint8Array): ModelProto {
  let model: ModelProto
  try {
    model = onnx.ModelProto.decode(bytes)
  } catch (cause) {
    throw notOnnx('The file is not an ONNX model (its protobuf cannot be read).', cause)
  }
  if ((model.graph?.node ?? []).length === 0) throw notOnnx('The file holds no ONNX graph.')
  return model
}

/** Names of the files in which a model keeps tensors, each once. */
export function externalLocations(model: ModelProto): string[] {
  const tensors = [
    ...(model.graph?.initializer ?? []),
    ...(model.graph?.node ?? []).flatMap((node) => (node.attribute ?? []).flatMap(({ t }) => (t ? [t] : [])))
  ]
  const locations = tensors.flatMap((tensor) =>
    (tensor.externalData ?? []).filter(({ key }) => key === 'location').map(({ value }) => value ?? '')
  )
  return [...new Set(locations)].sort()
}

/** One file that holds everything. @throws AppError as decodeModel */
export function decodeOnnx(bytes: Uint8Array): OnnxModel {
  return decodeModel(parseOnnx(bytes))
}

/**
 * @param external bytes of tensors that are kept in another file
 * @throws AppError model.invalid when a tensor's data does not fit its shape; model.unsupportedOperator for element types
 *   nothing here reads.
 */
export function decodeModel(model: ModelProto, external: ExternalData = refuseExternal): OnnxModel {
  const graph = model.graph!
  return {
    name: graph.name ?? '',
    opset: numberOf(model.opsetImport.find((entry) => (entry.domain ?? '') === '')?.version),
    nodes: (graph.node ?? []).map((node) => decodeNode(node, external)),
    initializers: (graph.initializer ?? []).map((tensor) => decodeTensor(tensor as TensorProto, external)),
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

function decodeNode(node: NodeProto, external: ExternalData): OnnxNode {
  return {
    name: node.name ?? '',
    opType: node.opType ?? '',
    domain: node.domain ?? '',
    inputs: node.input ?? [],
    outputs: node.output ?? [],
    attributes: Object.fromEntries(
      (node.attribute ?? []).map((attribute) => [
        attribute.name ?? '',
        decodeAttribute(attribute as AttributeProto, external)
      ])
    )
  }
}

function decodeAttribute(attribute: AttributeProto, external: ExternalData): OnnxAttribute {
  switch (attribute.type as number) {
    case attributeType.float:
      return { kind: 'float', value: attribute.f }
    case attributeType.int:
      return { kind: 'int', value: numberOf(attribute.i) }
    case attributeType.string:
      return { kind: 'string', value: Buffer.from(attribute.s).toString('utf8') }
    case attributeType.tensor:
      return { kind: 'tensor', value: decodeTensor(attribute.t as TensorProto, external) }
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
