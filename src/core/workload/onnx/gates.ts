import type { OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from '../../model/onnx/onnx'
import { withNodes, type Network } from './network'

/** Where a layer's output can be replaced. */
export interface GatedValue {
  readonly layer: string
  /** The value that is replaced. */
  readonly output: string
  /** Mean over calibration samples, with its shape; null: not offered. */
  readonly mean: OnnxTensor | null
  /** An input of the layer of the same shape; null: skipping it makes no sense. */
  readonly input: string | null
}

/** Inputs of a gated network, scalars: out' = keep * out + mean * m + skip * x. Open: keep 1, the others 0. */
export const keepInput = (layer: string): string => `gate/keep/${layer}`
/** Name of the input m of a layer. */
export const meanInput = (layer: string): string => `gate/mean/${layer}`
/** Name of the input skip of a layer. */
export const skipInput = (layer: string): string => `gate/skip/${layer}`

/**
 * The network with a gate behind every given layer, so that one session serves the original and every ablation. With all
 * gates open the outputs are those of the original.
 */
export function gateNetwork(network: Network, gates: readonly GatedValue[]): OnnxModel {
  const byOutput = new Map(gates.map((gate) => [gate.output, gate]))
  const plain = (value: string): string => `gate/plain/${value}`
  const means: OnnxTensor[] = []
  const inputs: OnnxValue[] = []
  const scalar = (name: string): string => {
    inputs.push({ name, elementType: 'float32', dims: [] })
    return name
  }
  const nodes = network.model.nodes.flatMap((node): OnnxNode[] => {
    const opened = node.outputs.filter((output) => byOutput.has(output))
    if (opened.length === 0) return [node]
    const renamed = {
      ...node,
      outputs: node.outputs.map((output) => (byOutput.has(output) ? plain(output) : output))
    }
    return [
      renamed,
      ...opened.flatMap((output) => gateNodes(byOutput.get(output)!, plain(output), scalar, means))
    ]
  })
  return withNodes(network.model, nodes, { initializers: means, inputs })
}

function gateNodes(
  { layer, output, mean, input }: GatedValue,
  plain: string,
  scalar: (name: string) => string,
  means: OnnxTensor[]
): OnnxNode[] {
  const name = (part: string): string => `gate/${part}/of/${layer}`
  const terms = [node('Mul', [plain, scalar(keepInput(layer))], name('kept'))]
  if (mean !== null) {
    means.push({ ...mean, name: name('meanValue') })
    terms.push(node('Mul', [name('meanValue'), scalar(meanInput(layer))], name('mean')))
  }
  if (input !== null) terms.push(node('Mul', [input, scalar(skipInput(layer))], name('skipped')))
  const sum = terms.slice(1).map((term, index) => {
    const before = index === 0 ? terms[0].outputs[0] : name(`sum${index - 1}`)
    return node('Add', [before, term.outputs[0]], name(`sum${index}`))
  })
  const all = [...terms, ...sum]
  const end = all.at(-1)!
  return [...all.slice(0, -1), { ...end, outputs: [output] }]
}

function node(opType: string, inputs: string[], output: string): OnnxNode {
  return { name: output, opType, domain: '', inputs, outputs: [output], attributes: {} }
}
