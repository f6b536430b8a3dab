import type onnxProto from 'onnx-proto'
import { AppError } from '../../../shared/errors'
import { fieldsOf } from './protobufFields'
import { numberOf } from './onnxTensorFile'

/**
 * Functions that a model brings along (FunctionProto of onnx.proto3), put in the place of their calls: exporters that translate
 * operator by operator (torch.onnx of PyTorch 2.1 to 2.4) write most layers as such. What follows reads a graph of operators alone.
 */
type Proto = typeof onnxProto.onnx
type ModelProto = InstanceType<Proto['ModelProto']>
type NodeProto = NonNullable<NonNullable<ModelProto['graph']>['node']>[number]
type GraphProto = NonNullable<ModelProto['graph']>
type AttributeProto = NonNullable<NodeProto['attribute']>[number]

interface ModelFunction {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly nodes: readonly NodeProto[]
  readonly defaults: readonly AttributeProto[]
}

/** Most operators that the calls of a file may become: functions that call functions double with every level. */
const maxNodes = 50_000
/** Most functions within each other. */
const maxDepth = 64

/**
 * Replaces calls of the model's own functions by their operators, in its graph and the graphs inside operators.
 * @param bytes the file that the model was decoded from
 * @param decodeAttribute decodes one AttributeProto
 * @throws AppError model.unsupportedOperator for functions of several forms or another opset; model.invalid for ones that call
 *   themselves
 */
export function inlineFunctions(
  model: ModelProto,
  bytes: Uint8Array,
  decodeAttribute: (bytes: Uint8Array) => AttributeProto
): void {
  if ((model.functions ?? []).length === 0 || !model.graph) return
  const defaults = fieldsOf(bytes, modelFunctions).map((one) =>
    fieldsOf(one, functionDefaults).map(decodeAttribute)
  )
  model.graph.node = createInlining(functionsOf(model, defaults))(model.graph.node ?? [])
  model.functions = []
}

/** Numbers of the fields ModelProto.functions and FunctionProto.attribute_proto; onnx-proto knows the latter not yet. */
const [modelFunctions, functionDefaults] = [25, 11]

function functionsOf(
  model: ModelProto,
  defaults: readonly (readonly AttributeProto[])[]
): ReadonlyMap<string, ModelFunction> {
  const opset = standardOpset(model.opsetImport)
  const found = new Map<string, ModelFunction>()
  for (const [index, one] of (model.functions ?? []).entries()) {
    const key = keyOf(one.domain, one.name)
    const own = standardOpset(one.opsetImport)
    if (found.has(key)) throw refused(one.name, 'is there in several forms')
    if (own !== null && own !== opset) throw refused(one.name, `is of opset ${own}, the network of ${opset}`)
    found.set(key, {
      inputs: one.input ?? [],
      outputs: one.output ?? [],
      nodes: one.node ?? [],
      defaults: defaults[index] ?? []
    })
  }
  return found
}

function standardOpset(imports: ModelProto['opsetImport'] | null | undefined): number | null {
  const entry = (imports ?? []).find(({ domain }) => (domain ?? '') === '' || domain === 'ai.onnx')
  return entry === undefined ? null : numberOf(entry.version)
}

function refused(name: string | null | undefined, what: string): AppError {
  return new AppError(
    'model.unsupportedOperator',
    `The function "${name ?? ''}" of the model ${what}, which is not read.`,
    'Put its operators into the graph: onnx.inliner.inline_local_functions(model), or export with a newer version of PyTorch.'
  )
}

const keyOf = (domain: string | null | undefined, name: string | null | undefined): string =>
  `${domain ?? ''}:${name ?? ''}`

/** Nodes with every call replaced; each call's values and nodes get names of their own. */
function createInlining(
  functions: ReadonlyMap<string, ModelFunction>
): (nodes: readonly NodeProto[]) => NodeProto[] {
  let made = 0
  let calls = 0

  function inlined(nodes: readonly NodeProto[], depth: number): NodeProto[] {
    return nodes.flatMap((node) => {
      if (++made > maxNodes) throw invalid(`its functions become more than ${maxNodes} operators`)
      const own = functions.get(keyOf(node.domain, node.opType))
      if (own !== undefined) return body(own, node, depth + 1)
      return [withGraphs(node, (graph) => copyOf(graph, { node: inlined(graph.node ?? [], depth) }))]
    })
  }

  function body(own: ModelFunction, call: NodeProto, depth: number): NodeProto[] {
    if (depth > maxDepth) throw invalid(`the function "${call.opType ?? ''}" calls itself`)
    const number = ++calls
    const label = call.name || call.output?.find((name) => name !== '') || call.opType || ''
    const names = new Map<string, string>([['', '']])
    for (const [at, name] of own.inputs.entries()) names.set(name, call.input?.[at] ?? '')
    const copies: NodeProto[] = []
    for (const [at, name] of own.outputs.entries()) {
      const wanted = call.output?.[at] ?? ''
      if (wanted === '') continue
      const known = names.get(name)
      // An input that is passed on, or a value that is two outputs, has a name already.
      if (known === undefined) names.set(name, wanted)
      else copies.push({ opType: 'Identity', name: `${label}/${name}`, input: [known], output: [wanted] })
    }
    const rename = (name: string): string => {
      const known = names.get(name) ?? `${label}/${name}#${number}`
      names.set(name, known)
      return known
    }
    const given = new Map([...own.defaults, ...(call.attribute ?? [])].map((one) => [one.name ?? '', one]))
    const nodes = own.nodes.map((node) => {
      const name = `${label}/${node.name || node.opType || ''}`
      return copyOf(renamed(filledIn(node, given), rename), { name })
    })
    return [...inlined(nodes, depth), ...copies]
  }

  return (nodes) => inlined(nodes, 0)
}

/** A node whose attributes that refer to the call's are those; one that neither the call nor the function gives is left out. */
function filledIn(node: NodeProto, given: ReadonlyMap<string, AttributeProto>): NodeProto {
  const attribute = (node.attribute ?? []).flatMap((one): AttributeProto[] => {
    const reference = one.refAttrName ?? ''
    if (reference === '') return [one]
    const value = given.get(reference)
    return value === undefined ? [] : [copyOf(value, { name: one.name ?? '', refAttrName: '' })]
  })
  return withGraphs(copyOf(node, { attribute }), (graph) =>
    copyOf(graph, { node: (graph.node ?? []).map((inner) => filledIn(inner, given)) })
  )
}

function renamed(node: NodeProto, rename: (name: string) => string): NodeProto {
  const own = copyOf(node, { input: (node.input ?? []).map(rename), output: (node.output ?? []).map(rename) })
  const all = <T extends { name?: string | null }>(list: readonly T[] | null | undefined): T[] =>
    (list ?? []).map((one) => copyOf(one, { name: rename(one.name ?? '') } as Partial<T>))
  return withGraphs(own, (graph) =>
    copyOf(graph, {
      input: all(graph.input),
      output: all(graph.output),
      initializer: all(graph.initializer),
      node: (graph.node ?? []).map((inner) => renamed(inner, rename))
    })
  )
}

function withGraphs(node: NodeProto, change: (graph: GraphProto) => GraphProto): NodeProto {
  const attribute = node.attribute ?? []
  if (!attribute.some(({ g }) => g)) return node
  return copyOf(node, {
    attribute: attribute.map((one) => (one.g ? copyOf(one, { g: change(one.g as GraphProto) }) : one))
  })
}

/** A message with other fields; the defaults of fields that are absent belong to its prototype. */
function copyOf<T extends object>(message: T, changes: Partial<T>): T {
  return Object.assign(Object.create(Object.getPrototypeOf(message) as object | null) as T, message, changes)
}

function invalid(what: string): AppError {
  return new AppError(
    'model.invalid',
    `The model cannot be read: ${what}.`,
    'Check the file with an ONNX checker and export it again.'
  )
}
