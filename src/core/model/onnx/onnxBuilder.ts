import type { OnnxAttribute, OnnxElementType, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './onnx'

/** Opset the built graphs are written for: has MaxUnpool, ReduceSum with axes as input, Clip with inputs. */
const opset = 16

/** Collects the nodes of an ONNX graph; every method returns the name of the value it made. */
export interface OnnxBuilder {
  node(opType: string, inputs: readonly string[], attributes?: Record<string, OnnxAttribute>): string
  /** A node of onnxruntime's own domain, com.microsoft. */
  ownNode(opType: string, inputs: readonly string[], attributes?: Record<string, OnnxAttribute>): string
  /** A node with several outputs. */
  nodes(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes?: Record<string, OnnxAttribute>
  ): string[]
  constant(data: OnnxTensor['data'], dims: readonly number[]): string
  scalar(value: number): string
  shape(sizes: readonly number[]): string
  input(name: string, elementType: OnnxElementType, dims: OnnxValue['dims']): string
  /** Marks a value as a graph output under a name of its choosing. */
  output(value: string, name: string, elementType?: OnnxElementType): void
  build(name: string, metadata?: Record<string, string>): OnnxModel
}

/**
 * Builds an ONNX graph node by node; equal scalars share one initializer.
 * @param prefix of all names, for the body of a node: its names must differ from those around it
 */
export function createOnnxBuilder(prefix = ''): OnnxBuilder {
  const nodes: OnnxNode[] = []
  const initializers: OnnxTensor[] = []
  const inputs: OnnxValue[] = []
  const outputs: OnnxValue[] = []
  const scalars = new Map<number, string>()
  /** Values made by nodes that are outputs, and the names they have there. */
  const named = new Map<string, string>()
  let counter = 0
  const fresh = (kind: string): string => `${prefix}${kind}_${counter++}`

  const add = (
    domain: string,
    opType: string,
    from: readonly string[],
    count: number,
    attributes: Record<string, OnnxAttribute>
  ): string[] => {
    const name = fresh(opType)
    const made = Array.from({ length: count }, (_, index) => (index === 0 ? name : `${name}_${index}`))
    nodes.push({ name, opType, domain, inputs: [...from], outputs: made, attributes })
    return made
  }

  const builder: OnnxBuilder = {
    node: (opType, from, attributes = {}) => builder.nodes(opType, from, 1, attributes)[0],
    ownNode: (opType, from, attributes = {}) => add('com.microsoft', opType, from, 1, attributes)[0],
    nodes: (opType, from, count, attributes = {}) => add('', opType, from, count, attributes),
    constant(data, dims) {
      const name = fresh('constant')
      initializers.push({ name, dims, data })
      return name
    },
    scalar(value) {
      let name = scalars.get(value)
      if (name === undefined) scalars.set(value, (name = builder.constant(Float32Array.of(value), [])))
      return name
    },
    shape: (sizes) => builder.constant(BigInt64Array.from(sizes, BigInt), [sizes.length]),
    input(name, elementType, dims) {
      inputs.push({ name, elementType, dims })
      return name
    },
    output(value, name, elementType = 'float32') {
      // An Identity would copy the value where the graph runs as it is.
      if (!named.has(value) && nodes.some(({ outputs: made }) => made.includes(value))) named.set(value, name)
      else
        nodes.push({
          name: fresh('output'),
          opType: 'Identity',
          domain: '',
          inputs: [value],
          outputs: [name],
          attributes: {}
        })
      outputs.push({ name, elementType, dims: null })
    },
    build(name, metadata = {}) {
      const renamed = (values: readonly string[]): string[] =>
        values.map((value) => named.get(value) ?? value)
      const finished = nodes.map((node) => ({
        ...node,
        inputs: renamed(node.inputs),
        outputs: renamed(node.outputs)
      }))
      return { name, opset, nodes: finished, initializers, inputs, outputs, metadata }
    }
  }
  return builder
}
