import { withValuesRead, type OnnxGraph, type OnnxNode } from '../onnx/onnx'

/** Which branch of an If is taken, by the name of an output that no other node has (branchKey). */
export type ChosenBranches = ReadonlyMap<string, boolean>

/** The branch of an If; null where the file holds none that is read. */
export function branchOf({ attributes }: OnnxNode, isThen: boolean): OnnxGraph | null {
  const branch = attributes[isThen ? 'then_branch' : 'else_branch']
  return branch?.kind === 'graph' ? branch.value : null
}

/** Name of an If's first output that is used; others may be left out, under no name. */
export function branchKey({ outputs }: OnnxNode): string {
  return outputs.find((name) => name !== '') ?? ''
}

/**
 * Replaces every If whose condition is known by the nodes of the branch that is taken. Exporters write one where a size decides (a
 * Squeeze of an axis that may be 1), and the sizes of a network that is read here are known.
 */
export function chooseBranches<Graph extends OnnxGraph>(graph: Graph, chosen: ChosenBranches): Graph {
  const constants = [...graph.initializers]
  const nodes = graph.nodes.flatMap((node): OnnxNode[] => {
    const isThen = node.opType === 'If' ? chosen.get(branchKey(node)) : undefined
    const branch = isThen === undefined ? null : branchOf(node, isThen)
    if (branch === null) return [node]
    const rename = ownNames(branch, branchKey(node))
    constants.push(...branch.initializers.map((tensor) => ({ ...tensor, name: rename(tensor.name) })))
    const inner = branch.nodes.map((one) => ({
      ...withValuesRead(one, rename),
      outputs: one.outputs.map(rename)
    }))
    return [...inner, ...renamedOutputs(node, branch, rename)]
  })
  return { ...graph, nodes, initializers: constants }
}

/** Values of a branch under names that no other branch has: that of the If in front. Values from around it keep theirs. */
function ownNames({ nodes, initializers }: OnnxGraph, label: string): (name: string) => string {
  const own = new Set([...initializers.map(({ name }) => name), ...nodes.flatMap(({ outputs }) => outputs)])
  own.delete('')
  return (name) => (own.has(name) ? `${label}/${name}` : name)
}

function renamedOutputs(node: OnnxNode, branch: OnnxGraph, rename: (name: string) => string): OnnxNode[] {
  return node.outputs.flatMap((output, at): OnnxNode[] => {
    const from = branch.outputs[at]?.name
    if (output === '' || from === undefined) return []
    const name = `${node.name || 'If'}.${at}`
    return [
      { name, opType: 'Identity', domain: '', inputs: [rename(from)], outputs: [output], attributes: {} }
    ]
  })
}
