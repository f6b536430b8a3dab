/**
 * An ONNX model as plain data (onnx.proto3, IR version 8): what main/model/files/onnxFile.ts decodes bytes into and encodes
 * bytes from, so that core reads and builds graphs without a protobuf package.
 */
export interface OnnxTensor {
  readonly name: string
  readonly dims: readonly number[]
  /** float32 and float64 values as they are; int64 as BigInt64Array; int32, uint8, int8, bool as integers. */
  readonly data: OnnxData
  /** What the file has in place of the float32 values. */
  readonly half?: HalfType
  /** Of integers narrower than their array: 4 or 2. */
  readonly bits?: number
  /** Smallest and largest number of the type in the file, where that is narrower than the array's. */
  readonly limits?: readonly [low: number, high: number]
}

/** Values of a tensor, row-major; float16 and bfloat16 are widened, bool is one byte. */
export type OnnxData = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array | Int8Array

/** Value of an attribute. */
export type OnnxAttribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensor'; readonly value: OnnxTensor }
  /** The body or a branch of a control-flow operator. */
  | { readonly kind: 'graph'; readonly value: OnnxGraph }
  /** Lists of graphs, types and the like: present, but nothing here reads them. */
  | { readonly kind: 'other' }

/** A node of an ONNX graph; an optional input that is absent has the name ''. */
export interface OnnxNode {
  readonly name: string
  readonly opType: string
  /** '' or 'ai.onnx' for the standard operators. */
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, OnnxAttribute>>
}

/** Element type of a value. */
export type OnnxElementType = 'float32' | 'float64' | 'int64' | 'int32' | 'uint8' | 'int8' | 'bool'

/** Half precision: IEEE binary16, and the upper half of a float32. */
export type HalfType = 'float16' | 'bfloat16'

/** What becomes of half precision in a network that is written again: widened, it computes in float32 with the same weights. */
export type HalfPrecision = 'kept' | 'widened'

/** An input or output of a graph. */
export interface OnnxValue {
  readonly name: string
  readonly elementType: OnnxElementType
  /** Each a number, the name of a symbolic size, or null when unknown; null as a whole: unknown rank. */
  readonly dims: readonly (number | string | null)[] | null
  /** What the file has where it is half precision, which is read as float32; known where it is to be written again. */
  readonly half?: HalfType
  /** Written without a type; the runtime infers it (outputs only). */
  readonly untyped?: boolean
}

/** A graph without the model around it: nodes may use values of the graph that encloses it. */
export interface OnnxGraph {
  readonly name: string
  readonly nodes: readonly OnnxNode[]
  readonly initializers: readonly OnnxTensor[]
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
}

/** A graph with its opset of the standard domain and its metadata. */
export interface OnnxModel extends OnnxGraph {
  readonly opset: number
  readonly metadata: Readonly<Record<string, string>>
  /** Set where half precision of the file was widened. */
  readonly isWidened?: boolean
}

/** Graphs inside a node: the branches of an If, the body of a Loop or Scan. */
export function innerGraphs(node: OnnxNode): OnnxGraph[] {
  return Object.values(node.attributes).flatMap((one) => (one.kind === 'graph' ? [one.value] : []))
}

/** Values that a node reads: its inputs, and what graphs inside it take from around it. '' for absent inputs. */
export function valuesRead(node: OnnxNode): readonly string[] {
  const graphs = innerGraphs(node)
  return graphs.length === 0 ? node.inputs : [...node.inputs, ...graphs.flatMap(takenFromAround)]
}

function takenFromAround({ nodes, initializers, inputs, outputs }: OnnxGraph): string[] {
  const own = new Set([...initializers, ...inputs].map(({ name }) => name))
  for (const name of nodes.flatMap((node) => node.outputs)) own.add(name)
  const read = [...nodes.flatMap(valuesRead), ...outputs.map(({ name }) => name)]
  return [...new Set(read)].filter((name) => name !== '' && !own.has(name))
}

/** A node that reads other values, inside its graphs too. */
export function withValuesRead(node: OnnxNode, renamed: (name: string) => string): OnnxNode {
  const attributes = Object.entries(node.attributes).map(([name, one]): [string, OnnxAttribute] => {
    if (one.kind !== 'graph') return [name, one]
    const taken = new Set(takenFromAround(one.value))
    const inside = (value: string): string => (taken.has(value) ? renamed(value) : value)
    const nodes = one.value.nodes.map((inner) => withValuesRead(inner, inside))
    const outputs = one.value.outputs.map((output) => ({ ...output, name: inside(output.name) }))
    return [name, { kind: 'graph', value: { ...one.value, nodes, outputs } }]
  })
  return { ...node, inputs: node.inputs.map(renamed), attributes: Object.fromEntries(attributes) }
}

/** An integer attribute. */
export const int = (value: number): OnnxAttribute => ({ kind: 'int', value })
/** An attribute that is a list of integers. */
export const ints = (value: readonly number[]): OnnxAttribute => ({ kind: 'ints', value })
/** An attribute that is a number. */
export const float = (value: number): OnnxAttribute => ({ kind: 'float', value })
/** An attribute that is a list of numbers. */
export const floats = (value: readonly number[]): OnnxAttribute => ({ kind: 'floats', value })
/** An attribute that is a list of texts. */
export const strings = (value: readonly string[]): OnnxAttribute => ({ kind: 'strings', value })
/** An attribute that is a text. */
export const text = (value: string): OnnxAttribute => ({ kind: 'string', value })

/** Returns an integer attribute, or `fallback` where it is absent. */
export function intAttribute(node: OnnxNode, name: string, fallback: number): number {
  const attribute = node.attributes[name]
  return attribute?.kind === 'int' ? attribute.value : fallback
}

/** Returns a float attribute, or `fallback` where it is absent. */
export function floatAttribute(node: OnnxNode, name: string, fallback: number): number {
  const attribute = node.attributes[name]
  return attribute?.kind === 'float' ? attribute.value : fallback
}

/** Returns a list of integers; undefined where the attribute is absent. */
export function intsAttribute(node: OnnxNode, name: string): readonly number[] | undefined {
  const attribute = node.attributes[name]
  return attribute?.kind === 'ints' ? attribute.value : undefined
}

/** Returns a text attribute, or `fallback` where it is absent. */
export function textAttribute(node: OnnxNode, name: string, fallback: string): string {
  const attribute = node.attributes[name]
  return attribute?.kind === 'string' ? attribute.value : fallback
}
