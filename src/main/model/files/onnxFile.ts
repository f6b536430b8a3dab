import { AppError } from '../../../shared/errors'
import onnxProto from 'onnx-proto'
import type {
  HalfPrecision,
  HalfType,
  OnnxAttribute,
  OnnxData,
  OnnxElementType,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxValue
} from '../../../core/model/onnx/onnx'
import { inlineFunctions } from './onnxFunctions'
import {
  decodeSparse,
  decodeTensor,
  notOnnx,
  numberOf,
  refuseExternal,
  type ExternalData
} from './onnxTensorFile'

/** Bytes of an .onnx file to plain data and back (protobuf through onnx-proto; format: onnx.proto3). */
const { onnx } = onnxProto

type Proto = typeof onnx
type ModelProto = InstanceType<Proto['ModelProto']>
type TensorProto = ReturnType<Proto['TensorProto']['create']>
type SparseProto = ReturnType<Proto['SparseTensorProto']['create']>
type AttributeProto = ReturnType<Proto['AttributeProto']['create']>
type ValueInfoProto = ReturnType<Proto['ValueInfoProto']['create']>

const elementTypes: Readonly<Record<number, OnnxElementType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  // Read for what they mean; a tensor of these is widened, and files are written with the wider type.
  4: 'int32',
  5: 'int32',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  // Half precision is widened when tensors are read, so inputs of it take float32 here.
  10: 'float32',
  11: 'float64',
  12: 'int64',
  13: 'int64',
  16: 'float32'
}
/** Codes of half precision; values whose type in the file is kept are written with them. */
const halfCodes: Readonly<Record<HalfType, number>> = { float16: 10, bfloat16: 16 }

/** The codes that types are written with, whatever else is read as them. */
const elementCodes: Readonly<Record<OnnxElementType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11
}

const attributeType = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  sparseTensor: 11
} as const

/** Decodes an ONNX model, its own functions put in the place of their calls. @throws AppError model.invalid when the bytes are not an ONNX model; as inlineFunctions */
export function parseOnnx(bytes: Uint8Array): ModelProto {
  let model: ModelProto
  try {
    model = onnx.ModelProto.decode(bytes)
  } catch (cause) {
    throw isZip(bytes)
      ? notExported(cause)
      : notOnnx('The file is not an ONNX model (its protobuf cannot be read).', cause)
  }
  if ((model.graph?.node ?? []).length === 0) throw notOnnx('The file holds no ONNX graph.')
  inlineFunctions(model, bytes, (attribute) => onnx.AttributeProto.decode(attribute))
  return model
}

/** Whether a file begins as a zip archive does: the form of PyTorch's checkpoints (.pt, .pth). */
const isZip = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4

function notExported(cause: unknown): AppError {
  return new AppError(
    'model.invalid',
    'The file is a zip archive, as checkpoints of PyTorch are, not an ONNX model.',
    "Export the network: torch.onnx.export(network.eval(), example, 'network.onnx').",
    { cause }
  )
}

/** Names of the files in which a model keeps tensors, each once. */
export function externalLocations(model: ModelProto): string[] {
  const locations = tensorsIn(model.graph).flatMap((tensor) =>
    (tensor.externalData ?? []).filter(({ key }) => key === 'location').map(({ value }) => value ?? '')
  )
  return [...new Set(locations)].sort()
}

type GraphProto = NonNullable<ModelProto['graph']>

/** Tensors of a graph and of the graphs inside its operators. */
function tensorsIn(graph: GraphProto | null | undefined): GraphProto['initializer'] & object {
  const attributes = (graph?.node ?? []).flatMap((node) => node.attribute ?? [])
  const sparse = [...(graph?.sparseInitializer ?? []), ...attributes.map((one) => one.sparseTensor)]
  return [
    ...(graph?.initializer ?? []),
    ...sparse.flatMap((one) => [one?.values, one?.indices].filter((tensor) => tensor != null)),
    ...attributes.flatMap(({ t, g }) => [...(t ? [t] : []), ...(g ? tensorsIn(g as GraphProto) : [])])
  ]
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
  return {
    ...decodeGraph(model.graph!, external),
    opset: numberOf(model.opsetImport.find((entry) => (entry.domain ?? '') === '')?.version),
    metadata: Object.fromEntries(
      (model.metadataProps ?? []).map(({ key, value }) => [key ?? '', value ?? ''])
    )
  }
}

function decodeGraph(graph: GraphProto, external: ExternalData): OnnxGraph {
  return {
    name: graph.name ?? '',
    nodes: (graph.node ?? []).map((node) => decodeNode(node, external)),
    initializers: [
      ...(graph.initializer ?? []).map((tensor) => decodeTensor(tensor as TensorProto, external)),
      ...(graph.sparseInitializer ?? []).map((tensor) => decodeSparse(tensor as SparseProto, external))
    ],
    inputs: (graph.input ?? []).map((value) => decodeValue(value as ValueInfoProto)),
    outputs: (graph.output ?? []).map((value) => decodeValue(value as ValueInfoProto))
  }
}

/**
 * Reads a model that is to be written again: tensors and attributes that plain data cannot hold exactly (bool, half
 * precision, sparse tensors) are written back as they were read, where the decoded objects themselves are passed on. The
 * graphs inside operators (the branches of an If, the body of a Loop) are read too.
 *
 * @throws AppError as decodeModel
 */
export function decodeForRewriting(
  bytes: Uint8Array,
  external: ExternalData = refuseExternal,
  half: HalfPrecision = 'kept'
): OnnxModel {
  const proto = parseOnnx(bytes)
  const model = decodeModel(proto, external)
  const how: Rewriting = { external, half, isWidened: false }
  const kept = keepGraph(model, proto.graph!, how)
  return how.isWidened ? { ...kept, isWidened: true } : kept
}

interface Rewriting {
  readonly external: ExternalData
  readonly half: HalfPrecision
  /** Whether something was in half precision and no longer is. */
  isWidened: boolean
}

/** A decoded graph with the graphs inside it; keeps what plain data cannot hold. */
function keepGraph<Graph extends OnnxGraph>(read: Graph, graph: GraphProto, how: Rewriting): Graph {
  keepTensors(read.initializers, graph.initializer ?? [], how)
  const nodes = read.nodes.map((node, index): OnnxNode => {
    const attributes = { ...node.attributes }
    for (const attribute of graph.node?.[index]?.attribute ?? []) {
      const name = attribute.name ?? ''
      const value = attributes[name]
      if (value?.kind === 'tensor') keepTensors([value.value], [attribute.t!], how)
      if (value?.kind === 'int' && namesType(node.opType, name) && isWidened(value.value, how))
        attributes[name] = { kind: 'int', value: elementCodes.float32 }
      if (value?.kind !== 'graph' && value?.kind !== 'other') continue
      const inner = attribute.g as GraphProto | null | undefined
      if (attribute.type === attributeType.graph && inner)
        attributes[name] = { kind: 'graph', value: innerGraph(inner, how) }
      else asRead.set(value, attribute)
    }
    return { ...node, attributes }
  })
  const typed = (values: readonly OnnxValue[], protos: GraphProto['input']): OnnxValue[] =>
    values.map((value, at) => withHalf(value, protos?.[at] as ValueInfoProto, how))
  return {
    ...read,
    nodes,
    inputs: typed(read.inputs, graph.input),
    outputs: typed(read.outputs, graph.output)
  }
}

/** Whether an attribute is the type that its operator gives out: `to` of a cast, `dtype` of what makes values up. */
function namesType(opType: string, name: string): boolean {
  return (opType === 'Cast' && name === 'to') || name === 'dtype' || name === 'output_datatype'
}

/** Whether a type of the file is read as float32 for good. */
function isWidened(type: number, how: Rewriting): boolean {
  if (how.half === 'kept' || (type !== halfCodes.float16 && type !== halfCodes.bfloat16)) return false
  how.isWidened = true
  return true
}

function withHalf(value: OnnxValue, proto: ValueInfoProto, how: Rewriting): OnnxValue {
  const code = proto.type?.tensorType?.elemType ?? 0
  if (isWidened(code, how)) return value
  const half = (Object.keys(halfCodes) as HalfType[]).find((type) => halfCodes[type] === code)
  return half === undefined ? value : { ...value, half }
}

/** The outputs of a branch or body whose type is merged with another are written without it; the runtime infers it. */
function innerGraph(graph: GraphProto, how: Rewriting): OnnxGraph {
  const read = keepGraph(decodeGraph(graph, how.external), graph, how)
  const isInexact = (at: number): boolean => {
    const type = graph.output?.[at]?.type?.tensorType?.elemType ?? 0
    return inexactTypes.has(type) && !isWidened(type, how)
  }
  return {
    ...read,
    outputs: read.outputs.map((value, at) => (isInexact(at) ? { ...value, untyped: true } : value))
  }
}

/** Protobuf messages by the object they were decoded into (a tensor's data, an attribute). */
const asRead = new WeakMap<object, object>()

type TensorLike = { dataType?: number | null }

/** Element types that decoding widens or merges. */
const inexactTypes: ReadonlySet<number> = new Set([4, 5, 9, 10, 12, 13, 16])

function keepTensors(tensors: readonly OnnxTensor[], protos: readonly TensorLike[], how: Rewriting): void {
  // Sparse tensors stand behind the others and are written in full.
  for (const [index, proto] of protos.entries()) {
    const { data } = tensors[index]
    const type = proto.dataType ?? 0
    if (inexactTypes.has(type) && !isWidened(type, how)) asRead.set(data, proto)
  }
}

/** Every operator domain in use beside the standard one, at version 1. */
function otherDomains(nodes: readonly OnnxNode[]): string[] {
  const inside = nodes.flatMap(({ attributes }) =>
    Object.values(attributes).flatMap((one) => (one.kind === 'graph' ? otherDomains(one.value.nodes) : []))
  )
  const own = nodes.map(({ domain }) => domain).filter((domain) => domain !== '' && domain !== 'ai.onnx')
  return [...new Set([...own, ...inside])]
}

/** Returns a model as the bytes of an ONNX file. */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const message = onnx.ModelProto.create({
    irVersion: 8,
    producerName: 'bitbench',
    opsetImport: [
      { domain: '', version: model.opset },
      ...otherDomains(model.nodes).map((domain) => ({ domain, version: 1 }))
    ],
    metadataProps: Object.entries(model.metadata).map(([key, value]) => ({ key, value })),
    graph: encodeGraph(model)
  })
  return onnx.ModelProto.encode(message).finish()
}

function encodeGraph(graph: OnnxGraph) {
  return {
    name: graph.name,
    node: graph.nodes.map((node) => ({
      name: node.name,
      opType: node.opType,
      domain: node.domain,
      input: [...node.inputs],
      output: [...node.outputs],
      attribute: Object.entries(node.attributes).map(([name, attribute]) => encodeAttribute(name, attribute))
    })),
    initializer: graph.initializers.map(encodeTensor),
    input: graph.inputs.map(encodeValue),
    output: graph.outputs.map(encodeValue)
  }
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
        // A constant stored sparsely is read as the full one.
        (attribute.type as number) === attributeType.sparseTensor ? 'value' : (attribute.name ?? ''),
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
    case attributeType.sparseTensor:
      return { kind: 'tensor', value: decodeSparse(attribute.sparseTensor as SparseProto, external) }
    case attributeType.graph:
      return decodeBranch(attribute.g as GraphProto, external)
    case attributeType.floats:
      return { kind: 'floats', value: attribute.floats }
    case attributeType.ints:
      return { kind: 'ints', value: attribute.ints.map(numberOf) }
    case attributeType.strings:
      return { kind: 'strings', value: attribute.strings.map((one) => Buffer.from(one).toString('utf8')) }
    default:
      return { kind: 'other' }
  }
}

/** A graph inside an operator; one with tensors that nothing here reads leaves its operator to be refused by name. */
function decodeBranch(graph: GraphProto, external: ExternalData): OnnxAttribute {
  try {
    return { kind: 'graph', value: decodeGraph(graph, external) }
  } catch (reason) {
    if (reason instanceof AppError && reason.code === 'model.unsupportedOperator') return { kind: 'other' }
    throw reason
  }
}

function encodeAttribute(name: string, attribute: OnnxAttribute): object {
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
    case 'strings':
      return {
        name,
        type: attributeType.strings,
        strings: attribute.value.map((one) => Buffer.from(one, 'utf8'))
      }
    case 'graph':
      return { name, type: attributeType.graph, g: encodeGraph(attribute.value) }
    case 'other': {
      const read = asRead.get(attribute)
      if (read === undefined) throw new Error(`attribute ${name} cannot be written`)
      return read
    }
  }
}

function encodeTensor({ name, dims, data }: OnnxTensor) {
  const read = asRead.get(data)
  if (read !== undefined) return { ...read, name, dims: [...dims] }
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

function encodeValue({ name, elementType, half, dims, untyped }: OnnxValue) {
  if (untyped === true) return { name }
  return {
    name,
    type: {
      tensorType: {
        elemType: half === undefined ? elementCodes[elementType] : halfCodes[half],
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
