import { floatAttribute, int, ints, intAttribute, textAttribute, type OnnxNode } from '../onnx/onnx'
import {
  constantAt,
  floatsOf,
  hasInput,
  integersOf,
  unsupported,
  valueAt,
  weightsAt,
  type ImportState,
  type OperatorReader
} from '../onnx/importState'
import { evaluateFunction } from '../tableFunction'
import { createMacro, type Macro } from './macro'
import {
  activationsOf,
  boundedFunctions,
  isFlatOutside,
  limitedTo,
  namedActivations,
  type Activation,
  type NamedActivation
} from './recurrentActivations'
import { appendRecurrence, type RecurrentForm } from './recurrentNode'

/** Most steps a recurrence is unrolled to: each becomes about twenty layers. */
const maxUnrolledSteps = 64
/** Most steps of a recurrence that is one node. */
const maxSteps = 65_535

/** One direction of a recurrence: weights [gates * hidden][inputs] and [gates * hidden][hidden]. */
interface Direction {
  /** The functions of its gates, new state and cell, in the order of ONNX. */
  readonly functions: readonly NamedActivation[]
  /** Of the input, output and forget gate of an LSTM, [hidden] each: what of the cell is added to them. Null: nothing. */
  readonly peepholes: readonly string[] | null
  readonly hidden: number
  readonly inputs: number
  readonly weights: Float32Array
  readonly recurrence: Float32Array
  /** Of the input and of the recurrence, [gates * hidden] each. */
  readonly bias: readonly [Float32Array, Float32Array]
  /** Names of the first states; null where they are zeros. */
  readonly state: string | null
  readonly cell: string | null
}

/**
 * LSTM, GRU and RNN over a known number of steps (ONNX operator documentation). X is [steps, batch, inputs]; the products of all
 * inputs are one layer. The steps are one node, or unrolled where a step is more than that node does.
 */
export const readRecurrent =
  (read: OperatorReader): OperatorReader =>
  (state, node) => {
    const [steps, batch, inputs] = valueAt(state, node, 0).dims as [number, number, number]
    const length = stepsWanted(state, node, steps)
    const names = textAttribute(node, 'direction', 'forward')
    const directions = names === 'bidirectional' ? ['forward', 'reverse'] : [names]
    const macro = createMacro(state, node, read)
    const ends = directions.map((name, index) => {
      const direction = directionOf(state, node, macro, { index, count: directions.length, inputs })
      const sequence = { steps, length, batch, isReverse: name === 'reverse' }
      const beyond = beyondNode(node, direction, sequence)
      if (beyond !== null) return unroll(node, macro, direction, sequence, beyond)
      return oneNode(state, node, macro, direction, sequence)
    })
    bindOutputs(state, node, macro, ends)
  }

/** The steps that are computed: all of them unless one sequence length is given for all items. */
function stepsWanted(state: ImportState, node: OnnxNode, steps: number): number {
  if (intAttribute(node, 'layout', 0) !== 0) throw unsupported(node, 'layout 1 is not supported')
  if (!hasInput(node, 4)) return steps
  const lengths = integersOf(weightsAt(state, node, 4))
  const [length = steps] = lengths
  if (length < 1 || length > steps || lengths.some((other) => other !== length))
    throw unsupported(node, 'sequence lengths that differ are not supported')
  return length
}

function directionOf(
  state: ImportState,
  node: OnnxNode,
  macro: Macro,
  { index, count, inputs }: { index: number; count: number; inputs: number }
): Direction {
  const hidden = intAttribute(node, 'hidden_size', 0)
  const part = (position: number): Float32Array => {
    const tensor = weightsAt(state, node, position)
    const values = floatsOf(node, tensor)
    const size = values.length / (tensor.dims[0] ?? 1)
    return values.slice(index * size, (index + 1) * size)
  }
  const bias = constantAt(state, node, 3) === undefined ? null : part(3)
  const rows = part(1).length / inputs
  const first = (position: number): string | null => {
    if (!hasInput(node, position)) return null
    if (constantAt(state, node, position) === undefined) {
      const own = macro.constant([], BigInt64Array.of(BigInt(index)))
      return macro.add('Gather', [node.inputs[position], own], { axis: int(0) })
    }
    const values = part(position)
    return values.every((value) => value === 0)
      ? null
      : macro.constant([values.length / hidden, hidden], values)
  }
  const holes = hasInput(node, 7) ? part(7) : null
  return {
    functions: namedActivations(node, index, count),
    peepholes:
      holes === null
        ? null
        : [0, 1, 2].map((gate) => macro.constant([hidden], holes.slice(gate * hidden, (gate + 1) * hidden))),
    hidden,
    inputs,
    weights: part(1),
    recurrence: part(2),
    bias:
      bias === null
        ? [new Float32Array(rows), new Float32Array(rows)]
        : [bias.slice(0, rows), bias.slice(rows)],
    state: first(5),
    cell: node.opType === 'LSTM' ? first(6) : null
  }
}

interface Sequence {
  readonly steps: number
  /** Steps that are computed; the states of others are zeros. */
  readonly length: number
  readonly batch: number
  readonly isReverse: boolean
}

/** What a direction gives. */
interface Ends {
  /** Name of the states of all steps, [steps, 1, batch, hidden]. */
  states(): string
  /** Names of the last state and cell, [batch, hidden]. */
  last(): string
  readonly cell: string | null
}

/** What a recurrence has that one node does not do; null where it has nothing of the kind. */
function beyondNode(
  node: OnnxNode,
  { functions, peepholes, state, cell }: Direction,
  { steps, length, batch }: Sequence
): string | null {
  if (batch !== 1) return `${batch} items at once`
  if (length !== steps) return 'a sequence length of its own'
  if (state !== null || cell !== null) return 'first states other than zeros'
  if (peepholes !== null) return 'peepholes'
  if (intAttribute(node, 'input_forget', 0) !== 0) return 'coupled gates'
  if (floatAttribute(node, 'clip', 0) > 0 || floatAttribute(node, 'cell_clip', 0) > 0) return 'a clip'
  if ((node.outputs[2] ?? '') !== '') return 'its cell as an output'
  const tables = boundedFunctions(functions)
  if (tables === null) return 'functions without bounds'
  if (!tables.every(isFlatOutside)) return 'functions that still change beyond 8'
  // The new state is between the old one and the candidate only where the gate lies between 0 and 1.
  return node.opType === 'GRU' && evaluateFunction(tables[0], -8) < 0 ? 'gates below 0' : null
}

function oneNode(
  state: ImportState,
  node: OnnxNode,
  macro: Macro,
  direction: Direction,
  { steps, isReverse }: Sequence
): Ends {
  if (steps > maxSteps) throw unsupported(node, `${steps} steps are more than ${maxSteps}`)
  const { hidden, recurrence } = direction
  const isAfter = intAttribute(node, 'linear_before_reset', 0) !== 0
  const cell = ({ LSTM: 'lstm', RNN: 'rnn' } as const)[node.opType] ?? (isAfter ? 'gruAfter' : 'gru')
  const rows = direction.bias[0].length
  const form: RecurrentForm = {
    cell,
    functions: boundedFunctions(direction.functions)!,
    isReverse,
    steps,
    hidden,
    recurrence,
    recurrenceBias: Float32Array.from(
      { length: rows },
      (_, at) => direction.bias[1][at] - ownBias(node, direction, at)
    )
  }
  const states = appendRecurrence(state, node, macro, inputProducts(node, macro, direction), form)
  const end = macro.constant([], BigInt64Array.of(BigInt(isReverse ? 0 : steps - 1)))
  return {
    states: () => macro.add('Unsqueeze', [states, macro.shape([1])]),
    last: () => macro.add('Gather', [states, end], { axis: int(0) }),
    cell: null
  }
}

/** Name of all inputs times their weights, [steps, batch, gates * hidden]. */
function inputProducts(node: OnnxNode, macro: Macro, direction: Direction): string {
  const rows = direction.bias[0].length
  const matrix = macro.constant(
    [direction.inputs, rows],
    transposed(direction.weights, rows, direction.inputs)
  )
  const bias = macro.constant(
    [rows],
    direction.bias[0].map((value, at) => value + ownBias(node, direction, at))
  )
  return macro.add('Add', [macro.add('MatMul', [node.inputs[0], matrix]), bias])
}

/** @param beyond what the recurrence has that makes unrolling necessary */
function unroll(
  node: OnnxNode,
  macro: Macro,
  direction: Direction,
  { steps, length, batch, isReverse }: Sequence,
  beyond: string
): Ends {
  if (steps > maxUnrolledSteps)
    throw unsupported(
      node,
      `${steps} steps are more than the ${maxUnrolledSteps} that are unrolled, which a recurrence with ${beyond} has to be`,
      `Export it without ${beyond}, or shorten the sequence, e.g. by strides before the recurrence.`
    )
  const rows = direction.bias[0].length
  const all = inputProducts(node, macro, direction)
  const functions = activationsOf(node, macro, direction.functions)
  const recurrence = macro.constant(
    [1, direction.hidden, rows],
    transposed(direction.recurrence, rows, direction.hidden)
  )
  const states: string[] = []
  let [state, cell] = [direction.state, direction.cell]
  for (let at = 0; at < length; at++) {
    const step = isReverse ? length - 1 - at : at
    const own = macro.add('Gather', [all, macro.constant([], BigInt64Array.of(BigInt(step)))], {
      axis: int(0)
    })
    const product =
      state === null
        ? null
        : macro.add('Squeeze', [
            macro.add('MatMul', [macro.add('Unsqueeze', [state, axis0(macro)]), recurrence]),
            axis0(macro)
          ])
    const next = cellStep(node, macro, { ...direction, functions }, own, product, state, cell)
    ;[state, cell] = [next.state, next.cell]
    states[step] = state
  }
  for (let step = length; step < steps; step++)
    states[step] = macro.constant([batch, direction.hidden], new Float32Array(batch * direction.hidden))
  const last = state!
  return { states: () => alongSteps(macro, states), last: () => last, cell }
}

const axis0 = (macro: Macro): string => macro.shape([0])

/** Bias of the recurrence that may be added to the input's: all but the new state's of a GRU with linear_before_reset. */
function ownBias(node: OnnxNode, { bias, hidden }: Direction, at: number): number {
  const isKeptApart =
    node.opType === 'GRU' && intAttribute(node, 'linear_before_reset', 0) !== 0 && at >= 2 * hidden
  return isKeptApart ? 0 : bias[1][at]
}

/** Name of `count` gates (one without) of a row of all of them. */
type GateOf = (from: string, index: number, count?: number) => string

function cellStep(
  node: OnnxNode,
  macro: Macro,
  direction: UnrolledDirection,
  own: string,
  product: string | null,
  state: string | null,
  cell: string | null
): { state: string; cell: string | null } {
  const { hidden } = direction
  const gate: GateOf = (from, index, count = 1) =>
    macro.add('Slice', [
      from,
      ...[index * hidden, (index + count) * hidden, 1, 1].map((entry) => macro.shape([entry]))
    ])
  const [first, second] = direction.functions
  if (node.opType !== 'GRU') {
    const all = product === null ? own : macro.add('Add', [own, product])
    if (node.opType === 'RNN') return { state: first(all), cell: null }
    return longStep(node, macro, direction, { all, gate }, cell)
  }
  const ownPair = gate(own, 0, 2)
  const pair = first(product === null ? ownPair : macro.add('Add', [ownPair, gate(product, 0, 2)]))
  const [update, reset] = [gate(pair, 0), gate(pair, 1)]
  const candidate = second(
    newState(node, macro, direction, { own: gate(own, 2), product, state, reset, gate })
  )
  if (state === null)
    return { state: macro.add('Sub', [candidate, macro.add('Mul', [update, candidate])]), cell: null }
  // (1 - z) n + z h = n + z (h - n)
  const change = macro.add('Mul', [update, macro.add('Sub', [state, candidate])])
  return { state: macro.add('Add', [candidate, change]), cell: null }
}

/** A direction whose functions are operators: each of the name of a value gives one. */
interface UnrolledDirection extends Omit<Direction, 'functions'> {
  readonly functions: readonly Activation[]
}

/** One step of an LSTM: c = f * c + i * g, h = o * act(c); gates with peepholes see the cell too, the output gate the new one. */
function longStep(
  node: OnnxNode,
  macro: Macro,
  { functions, peepholes }: UnrolledDirection,
  { all, gate }: { readonly all: string; readonly gate: GateOf },
  cell: string | null
): { state: string; cell: string } {
  const [gateOf, freshOf, stateOf] = functions
  // One table for all three gates where nothing is added to one of them.
  const gates = peepholes === null ? gateOf(gate(all, 0, 3)) : all
  const opened = (index: number, of: string | null): string => {
    const own = gate(gates, index)
    if (peepholes === null) return own
    return gateOf(of === null ? own : macro.add('Add', [own, macro.add('Mul', [of, peepholes[index]])]))
  }
  const input = opened(0, cell)
  const isCoupled = intAttribute(node, 'input_forget', 0) !== 0
  const forget = isCoupled ? macro.add('Sub', [macro.scalar(1), input]) : opened(2, cell)
  const fresh = macro.add('Mul', [input, freshOf(gate(all, 3))])
  const kept = cell === null ? fresh : macro.add('Add', [macro.add('Mul', [forget, cell]), fresh])
  const next = limitedCell(node, macro, kept)
  return { state: macro.add('Mul', [opened(1, next), stateOf(next)]), cell: next }
}

/** The cell within the limits that TFLite puts on it (cell_clip, an attribute of our own; ONNX has none on the cell). */
function limitedCell(node: OnnxNode, macro: Macro, cell: string): string {
  return limitedTo(macro, cell, floatAttribute(node, 'cell_clip', 0))
}

/** What the GRU's tanh is taken of. */
function newState(
  node: OnnxNode,
  macro: Macro,
  { hidden, bias, recurrence }: UnrolledDirection,
  at: {
    own: string
    product: string | null
    state: string | null
    reset: string
    gate: (from: string, index: number) => string
  }
): string {
  if (intAttribute(node, 'linear_before_reset', 0) !== 0) {
    const extra = macro.constant([1, hidden], bias[1].slice(2 * hidden))
    const inner = at.product === null ? null : macro.add('Add', [at.gate(at.product, 2), extra])
    return macro.add('Add', [at.own, macro.add('Mul', [at.reset, inner ?? extra])])
  }
  if (at.state === null) return at.own
  const matrix = macro.constant(
    [1, hidden, hidden],
    transposed(recurrence.slice(2 * hidden * hidden), hidden, hidden)
  )
  const gated = macro.add('Unsqueeze', [macro.add('Mul', [at.reset, at.state]), axis0(macro)])
  return macro.add('Add', [
    at.own,
    macro.add('Squeeze', [macro.add('MatMul', [gated, matrix]), axis0(macro)])
  ])
}

/** Y [steps, directions, batch, hidden], Y_h and Y_c [directions, batch, hidden]. */
function bindOutputs(state: ImportState, node: OnnxNode, macro: Macro, ends: readonly Ends[]): void {
  const lifted = (name: string, times: number): string => {
    let lifting = name
    for (let at = 0; at < times; at++) lifting = macro.add('Unsqueeze', [lifting, axis0(macro)])
    return lifting
  }
  const bindAs = (position: number, name: string): void => {
    const output = node.outputs[position]
    const value = state.values.get(name)
    if (output !== undefined && output !== '' && value !== undefined) state.values.set(output, value)
  }
  const alongAxis = (names: readonly string[], axis: number): string =>
    names.length === 1 ? names[0] : macro.add('Concat', names, { axis: int(axis) })
  if ((node.outputs[0] ?? '') !== '') {
    const rows = ends.map(({ states }) => states())
    bindAs(
      0,
      rows.length === 1
        ? rows[0]
        : macro.add(
            'Transpose',
            [
              alongAxis(
                rows.map((row) => macro.add('Transpose', [row], { perm: ints([2, 1, 0, 3]) })),
                1
              )
            ],
            { perm: ints([2, 1, 0, 3]) }
          )
    )
  }
  if ((node.outputs[1] ?? '') !== '')
    bindAs(
      1,
      joinedDirections(
        macro,
        ends.map(({ last }) => last()),
        lifted
      )
    )
  const cells = ends.map(({ cell }) => cell).filter((cell) => cell !== null)
  if ((node.outputs[2] ?? '') !== '' && cells.length > 0) bindAs(2, joinedDirections(macro, cells, lifted))
}

/** States [batch, hidden] of each step as [steps, 1, batch, hidden]. */
function alongSteps(macro: Macro, states: readonly string[]): string {
  const rows = states.map((name) => macro.add('Unsqueeze', [name, macro.shape([1])]))
  const joined = rows.length === 1 ? rows[0] : macro.add('Concat', rows, { axis: int(1) })
  const flat = macro.add('Unsqueeze', [joined, macro.shape([3])])
  return macro.add('Transpose', [flat], { perm: ints([1, 3, 0, 2]) })
}

/** [batch, hidden] of each direction as [directions, batch, hidden]. */
function joinedDirections(
  macro: Macro,
  names: readonly string[],
  lifted: (name: string, times: number) => string
): string {
  if (names.length === 1) return lifted(names[0], 1)
  const joined = macro.add(
    'Concat',
    names.map((name) => macro.add('Unsqueeze', [name, macro.shape([1])])),
    { axis: int(1) }
  )
  return macro.add('Transpose', [joined], { perm: ints([1, 0, 2]) })
}

/** [rows][columns] to [columns][rows]. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(
    { length: values.length },
    (_, at) => values[(at % rows) * columns + Math.floor(at / rows)]
  )
}
