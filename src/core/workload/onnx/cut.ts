import {
  valuesRead,
  withValuesRead,
  type OnnxElementType,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxValue
} from '../../model/onnx/onnx'
import type { LayerGroup } from './layerGroup'
import { constantPart, type Network } from './network'

/** Element type of a captured value, by its name. */
export type TypeOf = (value: string) => OnnxElementType

const untyped = (name: string): OnnxValue => ({ name, elementType: 'float32', dims: null, untyped: true })

/** A layer as a network of its own: its outside inputs are inputs, its outside outputs are outputs. */
export function cutLayer(
  network: Network,
  group: Pick<LayerGroup, 'id' | 'nodes' | 'inputs' | 'outputs'>,
  typeOf: TypeOf
): OnnxModel {
  const { nodes, initializers } = constantPart(network, constantsOf(network, group.nodes))
  return {
    ...network.model,
    name: group.id,
    nodes: [...nodes, ...group.nodes],
    initializers,
    inputs: group.inputs.map((name) => ({ name, elementType: typeOf(name), dims: null })),
    outputs: group.outputs.map(untyped)
  }
}

/** Input of a looped layer that holds its captured value number `copy`. */
export const copiedInput = (name: string, copy: number): string => `copy${copy}/${name}`
/** Scalar int64 input: how often the loop's body runs; each time all copies are computed once. */
export const loopCount = 'loop/count'
/** Output of a looped layer. */
export const loopOutput = 'loop/output'

const zeroCode = 'loop/zero code'
/** A file's bytes are read as uint8; a value that is carried through a loop as bool begins as one. */
const falseNode: OnnxNode = {
  ...{ name: 'loop/false', opType: 'Cast', domain: '', inputs: [zeroCode], outputs: ['loop/zero/bool'] },
  // TensorProto.DataType BOOL in onnx.proto.
  attributes: { to: { kind: 'int', value: 9 } }
}

/**
 * A layer inside an ONNX Loop, computed once for each of `copies` different captured inputs per turn. One call of the
 * runtime costs about 0.1 ms, more than many layers: a loop around the call would measure that. Different inputs keep the
 * runtime from computing equal nodes once; all outputs are carried through the loop, so that none is optimised away.
 */
export function loopLayer(
  network: Network,
  group: Pick<LayerGroup, 'id' | 'nodes' | 'inputs' | 'outputs'>,
  copies: number,
  typeOf: TypeOf
): OnnxModel {
  const constant = constantPart(network, constantsOf(network, group.nodes))
  const all = Array.from({ length: copies }, (_, copy) => copy)
  const carried = all.flatMap((copy) => group.outputs.map((name) => ({ copy, name })))
  const zero = (name: string): string => `loop/zero/${typeOf(name)}`
  const types = [...new Set(group.outputs.map(typeOf))]
  const loop: OnnxNode = {
    name: 'loop',
    opType: 'Loop',
    domain: '',
    inputs: [loopCount, '', ...carried.map(({ name }) => zero(name))],
    outputs: [loopOutput, ...carried.slice(1).map((_, index) => `loop/output${index + 1}`)],
    attributes: { body: { kind: 'graph', value: loopBody(group, all, carried, typeOf) } }
  }
  return {
    ...network.model,
    name: `loop of ${group.id}`,
    nodes: [...constant.nodes, ...(types.includes('bool') ? [falseNode] : []), loop],
    initializers: [
      ...constant.initializers,
      ...types.map((type) => ({
        name: type === 'bool' ? zeroCode : `loop/zero/${type}`,
        dims: [1],
        data: zeroOf(type)
      }))
    ],
    inputs: [
      { name: loopCount, elementType: 'int64', dims: [] },
      ...all.flatMap((copy) =>
        group.inputs.map((name) => ({
          name: copiedInput(name, copy),
          elementType: typeOf(name),
          dims: null
        }))
      )
    ],
    outputs: [untyped(loopOutput)]
  }
}

function loopBody(
  group: Pick<LayerGroup, 'nodes' | 'inputs'>,
  all: readonly number[],
  carried: readonly { copy: number; name: string }[],
  typeOf: TypeOf
): OnnxGraph {
  const made = new Set(group.nodes.flatMap(({ outputs }) => outputs))
  const outside = new Set(group.inputs)
  const renamed = (name: string, copy: number): string =>
    made.has(name) && name !== '' ? `body${copy}/${name}` : outside.has(name) ? copiedInput(name, copy) : name
  const copyOf = (node: OnnxNode, copy: number): OnnxNode => ({
    ...withValuesRead(node, (name) => renamed(name, copy)),
    name: `body${copy}/${node.name}`,
    outputs: node.outputs.map((name) => renamed(name, copy))
  })
  const keep: OnnxNode = {
    ...{ name: 'body/keep', opType: 'Identity', domain: '', attributes: {} },
    inputs: ['body/condition'],
    outputs: ['body/goOn']
  }
  const typed = (name: string, elementType: OnnxElementType): OnnxValue => ({ name, elementType, dims: null })
  return {
    name: 'body',
    initializers: [],
    nodes: [keep, ...all.flatMap((copy) => group.nodes.map((node) => copyOf(node, copy)))],
    inputs: [
      { name: 'body/turn', elementType: 'int64', dims: [] },
      { name: 'body/condition', elementType: 'bool', dims: [] },
      ...carried.map(({ name }, index) => typed(`body/before${index}`, typeOf(name)))
    ],
    outputs: [
      { name: 'body/goOn', elementType: 'bool', dims: [] },
      ...carried.map(({ name, copy }) => typed(renamed(name, copy), typeOf(name)))
    ]
  }
}

function constantsOf(network: Network, nodes: readonly OnnxNode[]): string[] {
  return nodes.flatMap(valuesRead).filter((name) => network.constants.has(name))
}

function zeroOf(type: OnnxElementType): Float32Array | BigInt64Array | Int32Array | Uint8Array | Int8Array {
  if (type === 'int64') return BigInt64Array.of(0n)
  if (type === 'int32') return Int32Array.of(0)
  if (type === 'int8') return Int8Array.of(0)
  return type === 'uint8' || type === 'bool' ? Uint8Array.of(0) : Float32Array.of(0)
}
