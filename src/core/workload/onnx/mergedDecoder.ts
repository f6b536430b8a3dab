import {
  valuesRead,
  withValuesRead,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode
} from '../../model/onnx/onnx'

/**
 * A decoder in two versions in one file, between which an `If` chooses by an input (Optimum: `use_cache_branch`): `then` is
 * the one that goes on from a key/value cache, `else` the one for the first pass, which fills it.
 */
export interface MergedDecoder {
  /** The input that chooses, of type bool. */
  readonly input: string
  readonly choices: readonly OnnxNode[]
}

/** Finds what a network with a cache chooses its version by; null where it has one version. */
export function mergedDecoder(model: OnnxModel): MergedDecoder | null {
  const flags = model.inputs.filter(({ elementType }) => elementType === 'bool').map(({ name }) => name)
  const choices = model.nodes.filter(
    (node) => flags.includes(node.inputs[0] ?? '') && firstVersion(node) !== null
  )
  const input = choices[0]?.inputs[0]
  return input === undefined
    ? null
    : { input, choices: choices.filter((choice) => choice.inputs[0] === input) }
}

function firstVersion({ opType, attributes }: OnnxNode): OnnxGraph | null {
  const version = attributes['else_branch']
  return opType === 'If' && version?.kind === 'graph' ? version.value : null
}

/**
 * The network of a merged decoder's first pass: the nodes of that version in the place of the choice, without the inputs
 * that it does not read (the cache and the choice itself). The outputs keep their names.
 */
export function firstPassOf(model: OnnxModel, { choices }: MergedDecoder): OnnxModel {
  const versions = new Map(choices.map((choice) => [choice, firstVersion(choice)!]))
  const nodes = model.nodes.flatMap((node) => {
    const version = versions.get(node)
    return version === undefined ? [node] : nodesOf(version, node.outputs)
  })
  const weights = [...versions.values()].flatMap(({ initializers }) => initializers)
  const read = new Set([...nodes.flatMap(valuesRead), ...model.outputs.map(({ name }) => name)])
  return {
    ...model,
    nodes,
    inputs: model.inputs.filter(({ name }) => read.has(name)),
    initializers: [...model.initializers, ...weights].filter(({ name }) => read.has(name))
  }
}

/** Nodes of a branch that give its outputs the names that they have outside. */
function nodesOf(branch: OnnxGraph, outside: readonly string[]): OnnxNode[] {
  const made = new Set(branch.nodes.flatMap(({ outputs }) => outputs))
  const renames = new Map<string, string>()
  const passedOn: OnnxNode[] = []
  for (const [at, { name }] of branch.outputs.entries()) {
    const output = outside[at] ?? ''
    if (output === '' || output === name) continue
    // A value from around the branch, a weight of it, or one that is an output twice.
    if (!made.has(name) || renames.has(name)) {
      const inputs = [renames.get(name) ?? name]
      passedOn.push({ name: '', opType: 'Identity', domain: '', inputs, outputs: [output], attributes: {} })
    } else renames.set(name, output)
  }
  const renamed = (name: string): string => renames.get(name) ?? name
  const inside = branch.nodes.map((node): OnnxNode => ({
    ...withValuesRead(node, renamed),
    outputs: node.outputs.map(renamed)
  }))
  return [...inside, ...passedOn]
}
