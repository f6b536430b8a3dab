import {
  recurrentCells,
  sizeOf,
  type Graph,
  type GraphNode,
  type RecurrentCell,
  type Shape
} from '../../../../src/core/model/graph'
import { gatesOfRecurrence } from '../../../../src/core/kernel/spec'
import { rowMajorStrides, stridedMap } from '../../../../src/core/model/constants/indexing'
import { createRandom, type Random } from '../../../../src/core/math/random'

/** Graphs of few nodes with random weights, to see one operator at work. */
export class GraphBuilder {
  readonly nodes: GraphNode[] = []
  readonly random: Random

  constructor(
    seed: number,
    readonly inputShape: Shape,
    readonly input: { readonly scale: number; readonly zero: number } = { scale: 1 / 255, zero: 128 },
    /** How many values the input byte at a place has, from 0 on. */
    readonly valuesAt: (at: number) => number = () => 256
  ) {
    this.random = createRandom(seed)
  }

  reals(count: number, spread = 1): Float32Array {
    return Float32Array.from({ length: count }, () => (this.random.next() * 2 - 1) * spread)
  }

  push(node: GraphNode): number {
    this.nodes.push(node)
    return this.nodes.length - 1
  }

  shapeOf(index: number): Shape {
    return index < 0 ? this.inputShape : this.nodes[index]!.outputShape
  }

  /** A convolution that spreads the input over several channels, with values of both signs. */
  conv(from: number, outputs: number, kernel = 3, dilation = 1): number {
    const [channels, height, width] = this.shapeOf(from) as [number, number, number]
    const pad = (dilation * (kernel - 1)) / 2
    return this.push({
      op: 'conv2d',
      name: `conv${this.nodes.length}`,
      inputs: [from],
      outputShape: [outputs, height, width],
      kernel: [kernel, kernel],
      stride: [1, 1],
      pad: [pad, pad, pad, pad],
      dilation: [dilation, dilation],
      relu: false,
      weights: this.reals(outputs * channels * kernel * kernel, 1 / Math.sqrt(channels * kernel * kernel)),
      bias: this.reals(outputs, 0.3)
    })
  }

  /** The elements `map` names. */
  move(from: number, outputShape: Shape, map: Int32Array, fill = 0): number {
    return this.push({ op: 'move', name: `move${this.nodes.length}`, inputs: [from], outputShape, map, fill })
  }

  transpose(from: number, order: readonly number[]): number {
    const shape = this.shapeOf(from)
    const strides = rowMajorStrides(shape)
    const out = order.map((axis) => shape[axis]!)
    const map = stridedMap(
      out,
      order.map((axis) => strides[axis]!)
    )
    return this.move(from, out, map)
  }

  reshape(from: number, shape: Shape): number {
    return this.move(
      from,
      shape,
      Int32Array.from({ length: sizeOf(shape) }, (_, at) => at)
    )
  }

  done(name = 'graph'): Graph {
    return {
      name,
      inputShape: this.inputShape,
      inputScale: this.input.scale,
      inputZero: this.input.zero,
      nodes: this.nodes,
      output: this.nodes.length - 1
    }
  }

  pixels(images: number): Uint8Array {
    const size = sizeOf(this.inputShape)
    return Uint8Array.from({ length: images * size }, (_, at) =>
      this.random.integer(this.valuesAt(at % size))
    )
  }
}

const named = (b: GraphBuilder, name: string): string => `${name}${b.nodes.length}`

/** A recurrence of five units over seven steps of two inputs; a GRU runs backwards. */
function recurrence(seed: number, cell: RecurrentCell): GraphBuilder {
  const b = new GraphBuilder(seed, [2, 7, 1])
  pushRecurrence(b, -1, cell, 5)
  return b
}

/** One recurrence of each cell over seven steps of two inputs, one behind the other, with so many units. */
export function recurrences(seed: number, hidden: number): GraphBuilder {
  const b = new GraphBuilder(seed, [2, 7, 1])
  let from = -1
  for (const cell of recurrentCells) from = pushRecurrence(b, from, cell, hidden)
  return b
}

/** A recurrence and the layer of its inputs. */
function pushRecurrence(b: GraphBuilder, from: number, cell: RecurrentCell, hidden: number): number {
  const gates = gatesOfRecurrence[cell]
  const inputs = b.conv(from, gates * hidden, 1)
  const call = (name: 'sigmoid' | 'tanh' | 'softsign') =>
    ({ kind: 'call', name, parameters: [], of: { kind: 'value' } }) as const
  const gate = { kind: 'call', name: 'hardSigmoid', parameters: [0.3, 0.4], of: { kind: 'value' } } as const
  const functions = {
    rnn: [call('softsign')],
    lstm: [call('sigmoid'), call('tanh'), call('tanh')],
    gru: [gate, call('tanh')],
    gruAfter: [call('sigmoid'), call('tanh')]
  }[cell]
  return b.push({
    op: 'recurrent',
    name: cell,
    inputs: [inputs],
    outputShape: [hidden, 7, 1],
    cell,
    isReverse: cell === 'gru',
    functions,
    recurrence: b.reals(gates * hidden * hidden, 1.2),
    recurrenceBias: b.reals(gates * hidden, cell === 'gruAfter' ? 0.5 : 0.1)
  })
}

/** One graph per operator and form of it, each from a [2, 6, 5] image. */
export const operatorCases: Record<string, (seed: number) => GraphBuilder> = {
  'rows by indices'(seed) {
    const b = new GraphBuilder(seed, [12], { scale: 1, zero: 128 }, (at) => (at < 6 ? 256 : 2))
    const rows = b.push({
      op: 'embed',
      name: 'rows',
      inputs: [-1],
      outputShape: [6, 5],
      rows: 400,
      width: 5,
      values: b.reals(400 * 5)
    })
    const numbers = { kind: 'call', name: 'tanh', parameters: [], of: { kind: 'value' } } as const
    b.push({ op: 'table', name: 'tanh', inputs: [rows], outputShape: [6, 5], function: numbers })
    return b
  },
  table(seed) {
    const b = new GraphBuilder(seed, [2, 6, 5])
    const from = b.conv(-1, 4)
    const sigmoid = { kind: 'call', name: 'sigmoid', parameters: [], of: { kind: 'value' } } as const
    const silu = { kind: 'join', join: 'mul', left: { kind: 'value' }, right: sigmoid } as const
    b.push({
      op: 'table',
      name: 'silu',
      inputs: [from],
      outputShape: b.shapeOf(from),
      function: silu
    })
    return b
  },
  'add with a channel vector'(seed) {
    const b = new GraphBuilder(seed, [2, 6, 5])
    const from = b.conv(-1, 4)
    const vector = b.push({
      op: 'reduce',
      name: 'mean',
      inputs: [from],
      outputShape: [4, 1, 1],
      function: 'mean',
      axes: [1, 2]
    })
    b.push({ op: 'binary', name: 'gate', inputs: [from, vector], outputShape: [4, 6, 5], function: 'add' })
    return b
  },
  'subtract a row'(seed) {
    const b = new GraphBuilder(seed, [2, 6, 5])
    const from = b.conv(-1, 4)
    const other = b.push({
      op: 'reduce',
      name: 'max',
      inputs: [from],
      outputShape: [4, 1, 5],
      function: 'max',
      axes: [1]
    })
    b.push({ op: 'binary', name: 'sub', inputs: [other, from], outputShape: [4, 6, 5], function: 'sub' })
    return b
  },
  'multiply by a constant'(seed) {
    const b = new GraphBuilder(seed, [2, 6, 5])
    const from = b.conv(-1, 4)
    const constant = b.push({
      op: 'constant',
      name: 'c',
      inputs: [],
      outputShape: [6, 1],
      values: b.reals(6, 2)
    })
    b.push({ op: 'binary', name: 'mul', inputs: [from, constant], outputShape: [4, 6, 5], function: 'mul' })
    return b
  },
  concat(seed) {
    const b = new GraphBuilder(seed, [2, 6, 5])
    const from = b.conv(-1, 3)
    const other = b.conv(from, 2, 1)
    b.push({ op: 'concat', name: 'joined', inputs: [from, -1, other], outputShape: [7, 6, 5], axis: 0 })
    b.conv(b.nodes.length - 1, 3, 1)
    return b
  },
  'concat of rows'(seed) {
    const b = new GraphBuilder(seed, [2, 6, 5])
    const from = b.conv(-1, 2)
    b.push({ op: 'concat', name: 'joined', inputs: [from, -1], outputShape: [2, 12, 5], axis: 1 })
    return b
  },
  'channel shuffle'(seed) {
    const b = new GraphBuilder(seed, [2, 6, 5])
    const from = b.conv(-1, 6)
    const groups = b.reshape(from, [2, 3, 6, 5])
    const swapped = b.transpose(groups, [1, 0, 2, 3])
    b.conv(b.reshape(swapped, [6, 6, 5]), 2, 1)
    return b
  },
  'slice, pad and repeat'(seed) {
    const b = new GraphBuilder(seed, [2, 6, 5])
    const from = b.conv(-1, 3)
    const cell = (c: number, y: number, x: number): number => (c * 6 + y) * 5 + x
    const slice = Int32Array.from({ length: 3 * 3 * 4 }, (_, at) =>
      cell(Math.floor(at / 12), 2 * (Math.floor(at / 4) % 3), 1 + (at % 4))
    )
    const sliced = b.move(from, [3, 3, 4], slice)
    const padded = Int32Array.from({ length: 3 * 5 * 5 }, (_, at) => {
      const [c, y, x] = [Math.floor(at / 25), (Math.floor(at / 5) % 5) - 1, (at % 5) - 1]
      return y < 0 || y > 2 || x < 0 ? -1 : (c * 3 + y) * 4 + x
    })
    const pad = b.move(sliced, [3, 5, 5], padded, 0.25)
    const twice = Int32Array.from({ length: 3 * 100 }, (_, at) => {
      const [c, y, x] = [Math.floor(at / 100), Math.floor(at / 10) % 10, at % 10]
      return (c * 5 + (y >> 1)) * 5 + (x >> 1)
    })
    b.move(pad, [3, 10, 10], twice)
    return b
  },
  'reflected border'(seed) {
    const b = new GraphBuilder(seed, [2, 6, 5])
    const from = b.conv(-1, 3)
    const reflect = (at: number, size: number): number => (at < 0 ? -at : at >= size ? 2 * size - 2 - at : at)
    const map = Int32Array.from({ length: 3 * 10 * 9 }, (_, at) => {
      const [c, y, x] = [Math.floor(at / 90), (Math.floor(at / 9) % 10) - 2, (at % 9) - 2]
      return (c * 6 + reflect(y, 6)) * 5 + reflect(x, 5)
    })
    b.move(from, [3, 10, 9], map)
    return b
  },
  'sum over channels'(seed) {
    const b = new GraphBuilder(seed, [2, 6, 5])
    const from = b.conv(-1, 4)
    b.push({ op: 'reduce', name: 'sum', inputs: [from], outputShape: [6, 5], function: 'sum', axes: [0] })
    return b
  },
  softmax(seed) {
    const b = new GraphBuilder(seed, [2, 6, 5])
    const from = b.conv(-1, 4)
    const scaled = b.push({
      op: 'table',
      name: 'scaled',
      inputs: [from],
      outputShape: [4, 6, 5],
      function: { kind: 'call', name: 'affine', parameters: [4, 0], of: { kind: 'value' } }
    })
    b.push({ op: 'softmax', name: 'softmax', inputs: [scaled], outputShape: [4, 6, 5], axis: 2 })
    return b
  },
  normalize(seed) {
    const b = new GraphBuilder(seed, [2, 6, 5])
    const from = b.reshape(b.conv(-1, 4), [20, 6])
    b.push({
      op: 'normalize',
      name: named(b, 'norm'),
      inputs: [from],
      outputShape: [20, 6],
      epsilon: 1e-5,
      centred: true,
      scale: b.reals(6, 1.5),
      shift: b.reals(6, 0.5)
    })
    return b
  },
  'root mean square'(seed) {
    const b = new GraphBuilder(seed, [2, 6, 5])
    const from = b.conv(-1, 4)
    b.push({
      op: 'normalize',
      name: named(b, 'norm'),
      inputs: [from],
      outputShape: [4, 6, 5],
      epsilon: 1e-3,
      centred: false,
      scale: b.reals(5, 1),
      shift: new Float32Array(5)
    })
    return b
  },
  ...Object.fromEntries(
    recurrentCells.map((cell) => [`${cell} recurrence`, (seed: number) => recurrence(seed, cell)])
  ),
  attention(seed) {
    const b = new GraphBuilder(seed, [2, 6, 5])
    // Two heads of four tokens: queries, keys and values from one convolution each.
    const heads = [0, 1, 2].map(() => b.transpose(b.reshape(b.conv(-1, 4), [4, 2, 15]), [1, 0, 2]))
    const keys = b.transpose(heads[1]!, [0, 2, 1])
    const scores = b.push({
      op: 'product',
      name: 'scores',
      inputs: [heads[0]!, keys],
      outputShape: [2, 4, 4]
    })
    const weights = b.push({
      op: 'softmax',
      name: 'weights',
      inputs: [scores],
      outputShape: [2, 4, 4],
      axis: 2
    })
    b.push({ op: 'product', name: 'mixed', inputs: [weights, heads[2]!], outputShape: [2, 4, 15] })
    return b
  },
  'dilated convolution'(seed) {
    const b = new GraphBuilder(seed, [2, 6, 5])
    b.conv(b.conv(-1, 3, 3, 2), 4, 3, 2)
    return b
  },
  'dilated depthwise convolution'(seed) {
    const b = new GraphBuilder(seed, [2, 6, 5])
    const from = b.conv(-1, 3)
    b.push({
      op: 'depthwiseConv2d',
      name: 'depthwise',
      inputs: [from],
      outputShape: [3, 6, 5],
      kernel: [3, 3],
      stride: [1, 1],
      pad: [2, 2, 2, 2],
      dilation: [2, 2],
      relu: true,
      weights: b.reals(27),
      bias: b.reals(3)
    })
    return b
  },
  'average pool that leaves out its padding'(seed) {
    const b = new GraphBuilder(seed, [2, 6, 5])
    const from = b.conv(-1, 3)
    b.push({
      op: 'avgPool',
      name: 'pool',
      inputs: [from],
      outputShape: [3, 4, 3],
      kernel: [3, 3],
      stride: [2, 2],
      pad: [1, 1, 2, 1],
      countIncludePad: false
    })
    return b
  },
  'ReLU6 in the middle'(seed) {
    const b = new GraphBuilder(seed, [2, 6, 5])
    const from = b.conv(-1, 5)
    b.nodes[from] = { ...b.nodes[from]!, relu: true, ceiling: 0.4 } as GraphNode
    b.conv(from, 2, 1)
    return b
  }
}

/** All of them behind one another, for what takes long to build: the integers of every operator in one network. */
export function operatorChain(seed: number): GraphBuilder {
  const b = new GraphBuilder(seed, [2, 6, 5])
  const push = (node: Omit<GraphNode, 'name'> & { op: GraphNode['op'] }): number =>
    b.push({ ...node, name: `${node.op}${b.nodes.length}` } as GraphNode)
  const first = b.conv(-1, 4, 3, 2)
  const tanh = { kind: 'call', name: 'tanh', parameters: [], of: { kind: 'value' } } as const
  const bent = push({ op: 'table', inputs: [first], outputShape: [4, 6, 5], function: tanh } as never)
  const mean = push({
    op: 'reduce',
    inputs: [bent],
    outputShape: [4, 1, 1],
    function: 'mean',
    axes: [1, 2]
  } as never)
  const gated = push({ op: 'binary', inputs: [bent, mean], outputShape: [4, 6, 5], function: 'mul' } as never)
  const joined = push({ op: 'concat', inputs: [gated, first], outputShape: [8, 6, 5], axis: 0 } as never)
  const shuffled = b.reshape(b.transpose(b.reshape(joined, [2, 4, 6, 5]), [1, 0, 2, 3]), [8, 6, 5])
  const mirrored = b.move(
    shuffled,
    [8, 6, 9],
    Int32Array.from({ length: 8 * 6 * 9 }, (_, at) => Math.floor(at / 9) * 5 + Math.abs(4 - (at % 9)))
  )
  const pooled = push({
    op: 'avgPool',
    inputs: [mirrored],
    outputShape: [8, 3, 5],
    kernel: [3, 3],
    stride: [2, 2],
    pad: [1, 1, 1, 1],
    countIncludePad: false
  } as never)
  const tokens = b.reshape(pooled, [8, 15])
  const normal = push({
    op: 'normalize',
    inputs: [tokens],
    outputShape: [8, 15],
    epsilon: 1e-5,
    centred: true,
    scale: b.reals(15),
    shift: b.reals(15)
  } as never)
  const constant = push({ op: 'constant', inputs: [], outputShape: [8, 15], values: b.reals(120) } as never)
  const placed = push({
    op: 'binary',
    inputs: [normal, constant],
    outputShape: [8, 15],
    function: 'sub'
  } as never)
  const scores = push({
    op: 'product',
    inputs: [placed, b.transpose(tokens, [1, 0])],
    outputShape: [8, 8]
  } as never)
  const weights = push({ op: 'softmax', inputs: [scores], outputShape: [8, 8], axis: 1 } as never)
  push({ op: 'product', inputs: [weights, tokens], outputShape: [8, 15] } as never)
  return b
}
