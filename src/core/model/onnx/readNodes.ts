import { AppError } from '../../../shared/errors'
import type { OnnxModel, OnnxNode } from './onnx'
import { sizeOf, type Graph } from '../graph'
import { unbounded, type Bounds } from '../bounds'
import {
  append,
  innerShape,
  plainValue,
  type Ending,
  type ImportState,
  type Value,
  unsupported
} from './importState'
import type { ImportedOutput, TensorView } from '../tensorView'
import { findScores } from './findScores'
import { ownInputs, wholeTypes, type InputLayout } from './inputLayout'
import { limitsOfInput } from './inputLimits'
import { joinsItems, mayMixItems, noteItemSizes, noteTurned } from './itemAxis'
import { foldConstant } from '../operators/foldConstant'
import { indexValue } from '../operators/embedding'
import { mixesBatch } from '../operators/moves'
import { keepNarrow, narrowRange } from '../operators/narrowIntegers'
import { operatorReaders, readerOf } from '../operators/readers'
import { refusalOfOperator } from '../operators/refusals'
import { checkCodes, keepIntegers } from '../operators/rounding'
import { branchKey, branchOf, chooseBranches, type ChosenBranches } from '../passes/chooseBranches'
import { dropDeadNodes } from '../passes/dropDeadNodes'
import { dropUnreadStates } from '../passes/dropUnreadStates'
import { nameNodes } from '../passes/nameNodes'
import { sortNodes } from '../passes/sortNodes'

/** The nodes of an ONNX model read one by one under one layout of the input. */
export interface NodesRead {
  /** The model with the branches of Ifs that are taken in their place. */
  readonly model: OnnxModel
  /** As far as it was read; without input scale. */
  readonly graph: Graph
  readonly input: TensorView
  /** Null where it depends on something that was not read. */
  readonly output: ImportedOutput | null
  /** Where the codes of the file's input end; null where it is not read as codes of one scale throughout. */
  readonly inputLimits: Bounds | null
  readonly errors: readonly AppError[]
}

/** Operators that may stand behind the last one that is part of the graph. */
const axisOperators = new Set(['Softmax', 'LogSoftmax', 'QLinearSoftmax', 'ArgMax'])
const endingOperators = new Set([
  ...axisOperators,
  'Identity',
  'Dropout',
  'Cast',
  'QuantizeLinear',
  'DequantizeLinear'
])

/** Operators that are read, for the documentation and for error hints. */
export const supportedOperators: readonly string[] = [...operatorReaders.keys()].sort()

/** Reads the nodes that `outputName` needs into graph nodes; of an If whose condition is known, those of the branch taken. */
export function readNodes(model: OnnxModel, layout: InputLayout, outputName: string): NodesRead {
  const found = readOnce(model, layout, outputName)
  if (found.chosen.size === 0) return found
  return readNodes(chooseBranches(model, found.chosen), layout, outputName)
}

/** Reads nodes with the branches of every If still inside it. */
function readOnce(
  model: OnnxModel,
  layout: InputLayout,
  outputName: string
): NodesRead & { readonly chosen: ChosenBranches } {
  const chosen = new Map<string, boolean>()
  const needed = dropDeadNodes(sortNodes(nameNodes(model.nodes)), [outputName])
  const nodes = dropUnreadStates(needed, outputName)
  const state = createState(model, layout, nodes, outputName)
  for (const input of layout.indices ?? []) state.values.set(input.name, indexValue(state, input))
  const errors: AppError[] = []
  for (const node of nodes) {
    const isThen = knownBranch(state, node)
    if (isThen !== null) chosen.set(branchKey(node), isThen)
    const error = readNode(state, node)
    if (error === null) continue
    errors.push(error)
  }
  const graph: Graph = {
    name: model.name,
    inputShape: layout.shape,
    inputScale: 1,
    inputZero: 0,
    nodes: state.nodes,
    output: state.nodes.length - 1
  }
  const input: TensorView = {
    name: layout.name,
    dims: layout.dims,
    map: layout.map,
    ...(layout.indices === undefined ? {} : { isIndex: true }),
    ...(layout.parts?.length === 1 ? { fileDims: layout.parts[0].dims } : {}),
    ...(state.isOneItem ? { isOneItem: true } : {})
  }
  const unread = (why: readonly AppError[]) => ({
    ...{ model, graph, input, output: null, inputLimits: null, chosen },
    errors: why
  })
  if (errors.length > 0 || chosen.size > 0) return unread(errors)
  const found = state.values.get(outputName)
  if (found === undefined) return unread([withoutValue(state, nodes, outputName)])
  const { node, dims, map, fill } = found.node < 0 ? copied(state, found) : found
  const codes = state.codes.get(outputName)
  if (codes?.limits === null) {
    const message = `The output "${outputName}" holds codes whose scale is found at run time.`
    const hint = 'Export the network with an output of real numbers.'
    return unread([new AppError('model.unsupportedOperator', message, hint)])
  }
  const left = endingsBefore(state, nodes, outputName)
  const endings: Ending[] = codes === undefined ? left : [...left, { kind: 'codes', ...codes }]
  const output = { name: outputName, dims, map, fill, endings }
  return {
    model,
    graph: { ...graph, nodes: state.nodes, output: node },
    input,
    output,
    inputLimits: state.inputLimits,
    chosen,
    errors: []
  }
}

/** Why a wanted output has no value, although everything in front of it was read. */
function withoutValue(state: ImportState, nodes: readonly OnnxNode[], output: string): AppError {
  const hint = 'Choose another output, or check the file with an ONNX checker.'
  if (state.constants.has(output)) {
    const message = `The output "${output}" does not depend on the network's input.`
    return new AppError('model.unsupportedOperator', message, hint)
  }
  const maker = nodes.find(({ outputs }) => outputs.includes(output))
  if (maker !== undefined)
    return unsupported(
      maker,
      `its output ${maker.outputs.indexOf(output) + 1} ("${output}") is not read`,
      hint
    )
  return new AppError('model.invalid', `Nothing computes the output "${output}" from the input.`, hint)
}

/** Whether the condition of an If is known to hold; null for one that is not known, and other operators. */
function knownBranch(state: ImportState, node: OnnxNode): boolean | null {
  const condition = node.opType === 'If' ? state.constants.get(node.inputs[0] ?? '') : undefined
  if (condition === undefined || condition.data.length !== 1) return null
  const isThen = Number(condition.data[0]) !== 0
  return branchOf(node, isThen) === null ? null : isThen
}

/** What is known before the first node is read. */
function createState(
  model: OnnxModel,
  layout: InputLayout,
  nodes: readonly OnnxNode[],
  outputName: string
): ImportState {
  const constants = new Map(model.initializers.map((tensor) => [tensor.name, tensor]))
  const inputLimits = limitsOfInput(nodes, constants, layout)
  return {
    nodes: [],
    constants,
    itemSizes: new Set(),
    values: new Map(
      (layout.parts ?? [layout]).map(({ name, dims, map }) => [name, { node: -1, dims, map, fill: 0 }])
    ),
    unknown: new Set(),
    integers: new Set(
      ownInputs(model).flatMap(({ name, elementType }) => (wholeTypes.has(elementType) ? [name] : []))
    ),
    narrow: new Map(
      ownInputs(model).flatMap(({ name, elementType }) => {
        const range = narrowRange(elementType)
        return range === undefined ? [] : [[name, range]]
      })
    ),
    codes: new Map(),
    inputShape: layout.shape,
    inputBounds: inputLimits ?? inputBounds(model),
    inputLimits,
    opset: model.opset,
    batch: layout.batch,
    isOpenBatch: layout.isOpen === true,
    isOneItem: false,
    turned: new Set(),
    endings: findEndings(nodes, outputName, model.opset),
    scores: findScores(nodes, outputName),
    left: new Map(),
    leftBehind: new Set(),
    names: new Set(),
    layouts: new Map()
  }
}

/** What the types of the inputs say of their values. */
function inputBounds(model: OnnxModel): Bounds {
  const ranges = ownInputs(model).map(({ elementType }): Bounds =>
    elementType === 'bool' ? [0, 1] : (narrowRange(elementType) ?? unbounded)
  )
  return [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))]
}

/** Null when the node was read, or is left alone because its inputs were not. */
function readNode(state: ImportState, node: OnnxNode): AppError | null {
  const isStandard = node.domain === '' || node.domain === 'ai.onnx'
  const reader = readerOf(node.domain, node.opType)
  const dependsOnUnknown = node.inputs.some((name) => state.unknown.has(name))
  try {
    if (!dependsOnUnknown) noteItemSizes(state, node)
    if (!dependsOnUnknown && isStandard && foldConstant(state, node)) return null
    if (reader === undefined) {
      throw refusalOfOperator(node, supportedOperators)
    }
    if (!dependsOnUnknown) {
      if (mayMixItems(state, node)) throw mixesBatch(state, node)
      if (joinsItems(state, node)) state.isOneItem = true
      checkCodes(state, node)
      reader(state, node)
      checkItems(state, node)
      noteTurned(state, node)
      keepIntegers(state, node)
      keepNarrow(state, node)
      return null
    }
  } catch (reason) {
    for (const output of node.outputs) state.unknown.add(output)
    return namedError(node, reason)
  }
  for (const output of node.outputs) state.unknown.add(output)
  return null
}

/** A constant with an entry per item of a fixed batch would give the one item that is read as many results. */
function checkItems(state: ImportState, node: OnnxNode): void {
  const result = state.values.get(node.outputs[0] ?? '')?.dims
  if (state.batch === 1 || result?.[0] !== state.batch) return
  const isOfItems = node.inputs.some((name) => {
    const dims = state.constants.get(name)?.dims
    return dims?.length === result.length && dims[0] === state.batch
  })
  const isOne = node.inputs.every((name) => (state.values.get(name)?.dims[0] ?? 1) === 1)
  if (isOfItems && isOne) throw mixesBatch(state, node)
}

function namedError(node: OnnxNode, reason: unknown): AppError {
  if (reason instanceof AppError) return reason
  return new AppError(
    'model.invalid',
    `Node "${node.name}" (${node.opType}) cannot be read: ${reason instanceof Error ? reason.message : String(reason)}.`,
    'Check the file with an ONNX checker and export it again.',
    { details: { node: node.name, operator: node.opType }, cause: reason }
  )
}

/**
 * Values behind which only endings stand before the output. Before opset 13 a Softmax may take several axes together, which is
 * computed in the graph, and so is what stands in front of it.
 */
function findEndings(nodes: readonly OnnxNode[], output: string, opset: number): Set<string> {
  const endings = new Set([output])
  const inFrontOfOld = new Set<string>()
  const readers = new Map<string, number>()
  for (const node of nodes) for (const name of node.inputs) readers.set(name, (readers.get(name) ?? 0) + 1)
  for (const node of [...nodes].reverse()) {
    const [input] = node.inputs
    const [own = ''] = node.outputs
    if (!endingOperators.has(node.opType) || input === undefined || !endings.has(own)) continue
    if (axisOperators.has(node.opType) && inFrontOfOld.has(own)) endings.delete(own)
    else if (readers.get(input) === 1) {
      endings.add(input)
      const isOld = opset < 13 && node.opType !== 'ArgMax' && axisOperators.has(node.opType)
      if (isOld || inFrontOfOld.has(own)) inFrontOfOld.add(input)
    }
  }
  return endings
}

/** The endings left out on the way to the output, in order. */
function endingsBefore(state: ImportState, nodes: readonly OnnxNode[], output: string): Ending[] {
  const endings: Ending[] = []
  let name = output
  for (const node of [...nodes].reverse()) {
    if (node.outputs[0] !== name) continue
    const ending = state.left.get(name)
    if (ending !== undefined) endings.unshift(ending)
    else if (axisOperators.has(node.opType)) break
    name = node.inputs[0] ?? ''
  }
  return endings
}

/** A network that only puts its input elsewhere still has a node. */
function copied(state: ImportState, value: Value): Value {
  const map = value.map ?? Int32Array.from({ length: sizeOf(state.inputShape) }, (_, at) => at)
  const { fill } = value
  const outputShape = innerShape(value.dims)
  const node = append(state, { op: 'move', name: 'copy', inputs: [-1], outputShape, map, fill })
  return plainValue(node, value.dims)
}
