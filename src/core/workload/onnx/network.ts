import { valuesRead, type OnnxModel, type OnnxNode, type OnnxTensor } from '../../model/onnx/onnx'

/**
 * An ONNX network seen as what is computed for each input and what is constant. Constant are initializers and the
 * outputs of nodes all of whose inputs are constant (a transposed weight): the runtime computes those once.
 */
export interface Network {
  readonly model: OnnxModel
  readonly initializers: ReadonlyMap<string, OnnxTensor>
  /** The node that makes each value. */
  readonly producers: ReadonlyMap<string, OnnxNode>
  /** Names of constant values. */
  readonly constants: ReadonlySet<string>
  /** Nodes that are computed for each input, in the order of the file. */
  readonly nodes: readonly OnnxNode[]
}

/** Operators whose output may differ between runs, although their inputs do not. */
const drawing: ReadonlySet<string> = new Set(['RandomNormal', 'RandomUniform', 'Multinomial', 'Bernoulli'])

/** Returns an ONNX graph with its producers, constants and types at hand. */
export function networkOf(model: OnnxModel): Network {
  const initializers = new Map(model.initializers.map((tensor) => [tensor.name, tensor]))
  const inputs = new Set(model.inputs.map(({ name }) => name))
  const constants = new Set([...initializers.keys()].filter((name) => !inputs.has(name)))
  const producers = new Map<string, OnnxNode>()
  const nodes: OnnxNode[] = []
  for (const node of model.nodes) {
    for (const output of node.outputs) producers.set(output, node)
    const fixed =
      !drawing.has(node.opType) && valuesRead(node).every((input) => input === '' || constants.has(input))
    if (fixed) for (const output of node.outputs) constants.add(output)
    else nodes.push(node)
  }
  return { model, initializers, producers, constants, nodes }
}

/** Initializers that a constant value is made of. */
export function initializersBehind(network: Network, value: string): string[] {
  if (network.initializers.has(value)) return [value]
  const producer = network.producers.get(value)
  return producer === undefined
    ? []
    : valuesRead(producer)
        .filter((input) => input !== '')
        .flatMap((input) => initializersBehind(network, input))
}

/** Nodes and initializers that the constant values need, nodes in the order of the file. */
export function constantPart(
  network: Network,
  values: Iterable<string>
): { nodes: OnnxNode[]; initializers: OnnxTensor[] } {
  const wanted = new Set<OnnxNode>()
  const tensors = new Set<OnnxTensor>()
  const visit = (value: string): void => {
    const tensor = network.initializers.get(value)
    if (tensor !== undefined) return void tensors.add(tensor)
    const producer = network.producers.get(value)
    if (producer === undefined || wanted.has(producer)) return
    wanted.add(producer)
    for (const input of valuesRead(producer)) visit(input)
  }
  for (const value of values) visit(value)
  return { nodes: network.model.nodes.filter((node) => wanted.has(node)), initializers: [...tensors] }
}

/** A model of the same file with other nodes; keeps only the initializers in use. */
export function withNodes(
  model: OnnxModel,
  nodes: readonly OnnxNode[],
  more: Partial<Pick<OnnxModel, 'initializers' | 'inputs' | 'outputs'>> = {}
): OnnxModel {
  const outputs = more.outputs ?? model.outputs
  const used = new Set([...nodes.flatMap(valuesRead), ...outputs.map(({ name }) => name)])
  const tensors = [...model.initializers, ...(more.initializers ?? [])]
  return {
    ...model,
    nodes,
    outputs,
    inputs: [...model.inputs, ...(more.inputs ?? [])],
    initializers: tensors.filter(({ name }) => used.has(name))
  }
}
