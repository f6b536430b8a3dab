import type { GraphNode } from './graph'
import { evaluateFunction, type TableFunction, type TableFunctionName } from './tableFunction'

/** Between which real numbers values are known to lie. */
export type Bounds = readonly [low: number, high: number]

/** Nothing is known. */
export const unbounded: Bounds = [-Infinity, Infinity]

/** Bounds of nodes that were worked out; nodes never change once they stand in a list. */
const known = new WeakMap<GraphNode, Bounds>()

/**
 * Between which values all elements of a node lie whatever the input is; `unbounded` where that is not known.
 * @param index in `nodes`; -1 is the network input
 * @param input bounds of the network input
 */
export function boundsOf(nodes: readonly GraphNode[], index: number, input: Bounds): Bounds {
  const ownOf = (from: number): Bounds | undefined => (from < 0 ? input : known.get(nodes[from]))
  // Not a call within a call: thousands of nodes may stand in a row.
  const pending = index < 0 ? [] : [index]
  for (let at = pending.at(-1); at !== undefined; at = pending.at(-1)) {
    const node = nodes[at]
    const given = node.inputs.map(ownOf)
    if (given.every((bounds) => bounds !== undefined)) {
      known.set(node, nodeBounds(node, given))
      pending.pop()
    } else pending.push(...node.inputs.filter((from) => ownOf(from) === undefined))
  }
  return ownOf(index)!
}

/** Bounds of a node's elements by those of its inputs. */
function nodeBounds(node: GraphNode, given: readonly Bounds[]): Bounds {
  const [first = unbounded, second = unbounded] = given
  switch (node.op) {
    case 'maxPool':
    case 'flatten':
      return first
    case 'avgPool':
      return node.countIncludePad ? joined(first, [0, 0]) : first
    case 'move':
      return node.map.includes(-1) ? joined(first, [node.fill, node.fill]) : first
    case 'concat':
      return given.reduce(joined)
    case 'relu':
      return rectified(first)
    case 'table':
      return functionBounds(node.function, first)
    case 'add':
      return node.relu ? rectified(sum(first, second)) : sum(first, second)
    case 'binary':
      return binaryBounds(node.function, first, second)
    case 'batchNorm':
      return affineBounds(first, node.scale, node.shift)
    case 'reduce':
      return node.function === 'sum' ? unbounded : first
    case 'softmax':
      return [0, 1]
    case 'constant':
      return node.values.reduce<Bounds>(
        ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
        [Infinity, -Infinity]
      )
    default:
      return unbounded
  }
}

const joined = (a: Bounds, b: Bounds): Bounds => [Math.min(a[0], b[0]), Math.max(a[1], b[1])]
const sum = (a: Bounds, b: Bounds): Bounds => [a[0] + b[0], a[1] + b[1]]
const rectified = ([low, high]: Bounds): Bounds => [Math.max(0, low), Math.max(0, high)]

function binaryBounds(name: 'add' | 'sub' | 'mul', a: Bounds, b: Bounds): Bounds {
  if (name === 'add') return sum(a, b)
  if (name === 'sub') return [a[0] - b[1], a[1] - b[0]]
  return ends(a.flatMap((x) => b.map((y) => product(x, y))))
}

/** 0 times what is not bounded is 0: values are finite. */
const product = (x: number, y: number): number => (x === 0 || y === 0 ? 0 : x * y)

const ends = (values: readonly number[]): Bounds => [Math.min(...values), Math.max(...values)]

/** Of x * scale + shift over all channels. */
function affineBounds(x: Bounds, scale: Float32Array, shift: Float32Array): Bounds {
  let bounds: Bounds = [Infinity, -Infinity]
  for (let channel = 0; channel < scale.length; channel++)
    bounds = joined(bounds, ends(x.map((end) => product(end, scale[channel]) + shift[channel])))
  return bounds
}

/** Functions that never fall, so that the bounds of their results are their results at the bounds. */
const rising: ReadonlySet<TableFunctionName> = new Set([
  'relu',
  'sigmoid',
  'tanh',
  'erf',
  'softplus',
  'softsign',
  'exp',
  'clip',
  'floor',
  'ceil',
  'round',
  'trunc',
  'sign'
])

/** Where a rising function is not evaluated at an infinity: its limits there. */
const limitsOf: Readonly<Partial<Record<TableFunctionName, Bounds>>> = {
  sigmoid: [0, 1],
  tanh: [-1, 1],
  erf: [-1, 1],
  sign: [-1, 1],
  softsign: [-1, 1],
  relu: [0, Infinity],
  exp: [0, Infinity],
  softplus: [0, Infinity]
}

function functionBounds(f: TableFunction, x: Bounds): Bounds {
  if (f.kind === 'value') return x
  if (f.kind === 'join') return unbounded
  const inner = functionBounds(f.of, x)
  const [a = 0, b = 0] = f.parameters
  if (f.name === 'affine') return ends(inner.map((end) => product(end, a) + b))
  if (f.name === 'neg') return [-inner[1], -inner[0]]
  if (f.name === 'hardSigmoid') return [0, 1]
  if (f.name === 'bipolar') return [-Math.abs(a), Math.abs(a)]
  if (f.name === 'wrap') return [a, a + b - 1]
  if (f.name === 'abs') return [0, Math.max(Math.abs(inner[0]), Math.abs(inner[1]))]
  if (!rising.has(f.name)) return unbounded
  const limits = limitsOf[f.name] ?? (f.name === 'clip' ? ([a, b] as const) : unbounded)
  const at = (end: number, side: 0 | 1): number =>
    Number.isFinite(end)
      ? evaluateFunction({ ...f, of: { kind: 'value' } }, end)
      : end > 0 === (side === 1)
        ? limits[side]
        : end
  return [at(inner[0], 0), at(inner[1], 1)]
}
