import { createRandom } from '@core/math/random'
import { int, ints, type OnnxModel, type OnnxTensor } from '@core/model/onnx/onnx'
import type { Known } from './moreOperators'
import { GraphDraft } from './randomOnnx'

/**
 * Seeded small quantized graphs whose codes saturate again and again, and whose steps are powers of two, so fine that no
 * QuantizeLinear rounds: real numbers limited to the codes are then exactly what onnxruntime computes from the codes.
 */
export type QuantizedKind = 'qdq' | 'qoperator' | 'integers'

export const quantizedKinds: readonly QuantizedKind[] = ['qdq', 'qoperator', 'integers']

/** A graph and the input that suits it: multiples of 1/4, most of them beyond what the first codes hold. */
export interface QuantizedCase {
  readonly model: OnnxModel
  readonly input: Float32Array
}

/** Returns the graph of a kind and a seed; the same seed gives the same one. */
export function randomQuantized(kind: QuantizedKind, seed: number): QuantizedCase {
  const random = createRandom(seed)
  // Add and Mul of 8-bit integers came with opset 14.
  const opset = [kind === 'integers' ? 14 : 13, 17, 21][random.integer(3)]!
  const draft = new QuantizedDraft(random, opset)
  const dims = draft.pick([
    [1, 2, 4, 5],
    [1, 3, 4, 4],
    [1, 6],
    [1, 3, 5]
  ])
  const x = { name: 'x', dims }
  const output = kind === 'integers' ? draft.integers(x) : draft.network(x, kind)
  const input = Float32Array.from(
    { length: dims.reduce((a, b) => a * b, 1) },
    () =>
      (random.integer(2401) - 1200) / (kind === 'integers' ? draft.pick([4, 8, 16]) : draft.pick([4, 16, 64]))
  ).map((value) => Math.round(value * 4) / 4)
  const model: OnnxModel = {
    name: `${kind}${seed}`,
    opset,
    nodes: draft.nodes,
    initializers: draft.initializers,
    inputs: [{ name: 'x', elementType: 'float32', dims }],
    outputs: [{ name: output.name, elementType: 'float32', dims: null }],
    metadata: {}
  }
  return { model, input }
}

/** Real numbers that are multiples of `grid`. */
interface OnGrid extends Known {
  readonly grid: number
}

/** Codes with their scale and zero point. */
interface Codes extends OnGrid {
  readonly scale: Known
  readonly zero: Known
}

class QuantizedDraft extends GraphDraft {
  private scalar(value: number): Known {
    return this.tensor([], Float32Array.of(value))
  }

  private code(value: number, isSigned: boolean): Known {
    return this.tensor([], isSigned ? Int8Array.of(value) : Uint8Array.of(value))
  }

  private codesOf(count: number, low: number, high: number): Int8Array {
    return Int8Array.from({ length: count }, () => this.side(low, high))
  }

  /** A scale no coarser than the grid, and a zero point anywhere: the codes may begin at 0, end at 0 or lie around it. */
  private format(grid: number): { scale: Known; zero: Known; grid: number; isSigned: boolean } {
    const step = grid / this.pick([1, 1, 2])
    const isSigned = this.random.next() < 0.5
    const [low, high] = isSigned ? [-128, 127] : [0, 255]
    const zero = this.pick([low, low, high, isSigned ? 0 : 128, this.side(low, high), this.side(low, high)])
    return { scale: this.scalar(step), zero: this.code(zero, isSigned), grid: step, isSigned }
  }

  private quantize(value: OnGrid): Codes {
    const { scale, zero, grid } = this.format(value.grid)
    const made = this.add('QuantizeLinear', [value, scale, zero], value.dims)
    return { ...made, grid, scale, zero }
  }

  /** From opset 21 on a type may stand in place of the zero point, which is then 0. */
  private quantizeByType(value: OnGrid): Codes {
    const isSigned = this.random.next() < 0.6
    const [scale, zero] = [this.scalar(value.grid), this.code(0, isSigned)]
    const made = this.add('QuantizeLinear', [value, scale], value.dims, {
      output_dtype: int(isSigned ? 3 : 2)
    })
    return { ...made, grid: value.grid, scale, zero }
  }

  private dequantize({ name, dims, grid, scale, zero }: Codes): OnGrid {
    return { ...this.add('DequantizeLinear', [{ name, dims }, scale, zero], dims), grid }
  }

  private limit(value: OnGrid): OnGrid {
    const isByType = this.opset >= 21 && this.random.next() < 0.3
    return this.dequantize(isByType ? this.quantizeByType(value) : this.quantize(value))
  }

  network(x: Known, kind: 'qdq' | 'qoperator'): Known {
    const values: OnGrid[] = [this.limit({ ...x, grid: 0.25 })]
    const steps = this.side(1, 4)
    for (let step = 0; step < steps; step++) {
      const value = this.random.next() < 0.8 ? values.at(-1)! : this.pick(values)
      values.push(kind === 'qdq' ? this.limitedStep(value, values) : this.operatorStep(value, values))
    }
    const last = values.at(-1)!
    // Behind the codes at the end stands a layer of real numbers in half of the graphs.
    return this.random.next() < 0.5 ? last : this.add('Mul', [last, this.scalar(0.5)], last.dims)
  }

  private limitedStep(value: OnGrid, all: readonly OnGrid[]): OnGrid {
    const made = this.realStep(value, all)
    return this.random.next() < 0.85 ? this.limit(made) : this.limit(this.activation(made))
  }

  private activation(value: OnGrid): OnGrid {
    const { dims, grid } = value
    if (this.random.next() < 0.4) return { ...this.add('Relu', [value], dims), grid }
    const [low, high] = this.pick([
      [0, 6],
      [-1, 1],
      [-4, 2]
    ] as const)
    return {
      ...this.add('Clip', [value, this.scalar(low), this.scalar(high)], dims),
      grid: Math.min(grid, 1)
    }
  }

  private realStep(value: OnGrid, all: readonly OnGrid[]): OnGrid {
    const { dims, grid } = value
    const same = this.pick(all.filter((other) => other.dims.join() === dims.join()))
    const isImage = dims.length === 4
    const choices: (() => OnGrid)[] = [
      () => this.product(value),
      () => this.product(value),
      () => ({ ...this.add('Add', [value, same], dims), grid: Math.min(grid, same.grid) }),
      () => ({ ...this.add('Sub', [same, value], dims), grid: Math.min(grid, same.grid) }),
      () => ({ ...this.add('Mul', [value, this.scalar(this.pick([-2, 2, -0.5]))], dims), grid: grid / 2 }),
      () => this.activation(value),
      () => this.turned(value),
      () => this.joined(value, same)
    ]
    if (isImage)
      choices.push(
        () => this.conv(value),
        () => this.conv(value),
        () => this.conv(value),
        () => this.maxPool(value)
      )
    return this.pick(choices)()
  }

  private turned(value: OnGrid): OnGrid {
    const order = [0, ...value.dims.slice(1).map((_, at) => value.dims.length - 1 - at)]
    const dims = order.map((axis) => value.dims[axis]!)
    return { ...this.add('Transpose', [value], dims, { perm: ints(order) }), grid: value.grid }
  }

  private joined(value: OnGrid, same: OnGrid): OnGrid {
    const dims = value.dims.map((size, axis) => (axis === 1 ? 2 * size : size))
    return {
      ...this.add('Concat', [value, same], dims, { axis: int(1) }),
      grid: Math.min(value.grid, same.grid)
    }
  }

  private maxPool(value: OnGrid): OnGrid {
    const [, channels, height, width] = value.dims as [number, number, number, number]
    if (height < 2 || width < 2) return value
    const attributes = { kernel_shape: ints([2, 2]), strides: ints([1, 1]) }
    return {
      ...this.add('MaxPool', [value], [1, channels, height - 1, width - 1], attributes),
      grid: value.grid
    }
  }

  /** Weights of -2 to 2 steps, with a zero point or a scale per output where `axis` says so. */
  private weights(dims: readonly number[], axis: number): { real: Known; grid: number } {
    const count = dims.reduce((a, b) => a * b, 1)
    const codes = this.tensor(dims, this.codesOf(count, -2, 2))
    const isPerChannel = this.random.next() < 0.5
    const outputs = dims[axis]!
    const scales = isPerChannel
      ? this.tensor(
          [outputs],
          Float32Array.from({ length: outputs }, () => this.pick([1, 0.5]))
        )
      : this.scalar(this.pick([1, 0.5]))
    const zero = isPerChannel
      ? this.tensor([outputs], new Int8Array(outputs))
      : this.code(this.side(-1, 1), true)
    return { real: this.add('DequantizeLinear', [codes, scales, zero], dims, { axis: int(axis) }), grid: 0.5 }
  }

  private bias(outputs: number, grid: number): Known {
    const codes = this.tensor(
      [outputs],
      Int32Array.from({ length: outputs }, () => this.side(-9, 9))
    )
    return this.add('DequantizeLinear', [codes, this.scalar(grid)], [outputs])
  }

  private window(value: Known): { kernel: number[]; pads: number[]; sides: number[] } {
    const [, , height, width] = value.dims as [number, number, number, number]
    const kernel = [this.side(1, Math.min(2, height)), this.side(1, Math.min(2, width))]
    const pads = [...kernel, ...kernel].map((taps) => this.random.integer(taps))
    const sides = [height, width].map((side, at) => side + pads[at]! + pads[at + 2]! - kernel[at]! + 1)
    return { kernel, pads, sides }
  }

  private conv(value: OnGrid): OnGrid {
    const channels = value.dims[1]!
    const isDepthwise = this.random.next() < 0.3
    const outputs = isDepthwise ? channels : this.side(1, 3)
    const { kernel, pads, sides } = this.window(value)
    const { real, grid } = this.weights([outputs, isDepthwise ? 1 : channels, ...kernel], 0)
    const made = grid * value.grid
    const inputs = [value, real, ...(this.random.next() < 0.6 ? [this.bias(outputs, made)] : [])]
    const attributes = {
      kernel_shape: ints(kernel),
      pads: ints(pads),
      group: int(isDepthwise ? channels : 1)
    }
    return { ...this.add('Conv', inputs, [1, outputs, ...sides], attributes), grid: made }
  }

  private product(value: OnGrid): OnGrid {
    const outputs = this.side(1, 4)
    const { real, grid } = this.weights([value.dims.at(-1)!, outputs], 1)
    const dims = [...value.dims.slice(0, -1), outputs]
    return { ...this.add('MatMul', [value, real], dims), grid: grid * value.grid }
  }

  /** Codes of a value, through an operator on codes, back to real numbers. */
  private operatorStep(value: OnGrid, all: readonly OnGrid[]): OnGrid {
    const codes = this.quantize(value)
    const same = this.pick(all.filter((other) => other.dims.join() === value.dims.join()))
    const choices: (() => Codes)[] = [
      () => this.quantizedProduct(codes),
      () => this.quantizedJoin('QLinearAdd', codes, this.quantize(same)),
      () => this.quantizedJoin('QLinearMul', codes, this.quantize(same))
    ]
    if (value.dims.length === 4)
      choices.push(
        () => this.quantizedConv(codes),
        () => this.quantizedConv(codes)
      )
    if (value.dims.length === 2) choices.push(() => this.quantizedGemm(codes))
    return this.dequantize(this.pick(choices)())
  }

  private own(opType: string, inputs: readonly Known[], dims: readonly number[], attributes = {}): Known {
    const made = this.add(opType, inputs, dims, attributes)
    this.nodes[this.nodes.length - 1] = { ...this.nodes.at(-1)!, domain: 'com.microsoft' }
    return made
  }

  private quantizedJoin(opType: 'QLinearAdd' | 'QLinearMul', a: Codes, b: Codes): Codes {
    // onnxruntime joins codes of one type.
    const isSigned = this.isSigned(a)
    const other = isSigned === this.isSigned(b) ? b : a
    const grid = opType === 'QLinearAdd' ? Math.min(a.grid, other.grid) : a.grid * other.grid
    const { scale, zero, grid: step } = this.formatAs(grid, isSigned)
    const inputs = [a, a.scale, a.zero, other, other.scale, other.zero, scale, zero]
    return { ...this.own(opType, inputs, a.dims), grid: step, scale, zero }
  }

  private isSigned({ zero }: Codes): boolean {
    return this.initializers.find(({ name }) => name === zero.name)!.data instanceof Int8Array
  }

  private formatAs(grid: number, isSigned: boolean): { scale: Known; zero: Known; grid: number } {
    for (;;) {
      const format = this.format(grid)
      if (format.isSigned === isSigned) return format
    }
  }

  private quantizedWeights(
    dims: readonly number[],
    outputs: number,
    isSigned: boolean
  ): [codes: Known, scale: Known, zero: Known] {
    const count = dims.reduce((a, b) => a * b, 1)
    const isPerChannel = this.random.next() < 0.5
    const raw = this.codesOf(count, -2, 2)
    const data: OnnxTensor['data'] = isSigned ? raw : Uint8Array.from(raw, (code) => code + 128)
    const zeros = new Array<number>(isPerChannel ? outputs : 1).fill(isSigned ? 0 : 128)
    const zeroDims = isPerChannel ? [outputs] : []
    return [
      this.tensor(dims, data),
      isPerChannel
        ? this.tensor(
            [outputs],
            Float32Array.from({ length: outputs }, () => this.pick([1, 0.5]))
          )
        : this.scalar(this.pick([1, 0.5])),
      this.tensor(zeroDims, isSigned ? Int8Array.from(zeros) : Uint8Array.from(zeros))
    ]
  }

  private quantizedConv(codes: Codes): Codes {
    const channels = codes.dims[1]!
    const isSigned = this.isSigned(codes)
    const isDepthwise = this.random.next() < 0.3
    const outputs = isDepthwise ? channels : this.side(1, 3)
    const { kernel, pads, sides } = this.window(codes)
    const [weights, scale, zero] = this.quantizedWeights(
      [outputs, isDepthwise ? 1 : channels, ...kernel],
      outputs,
      isSigned || this.random.next() < 0.7
    )
    const out = this.formatAs(codes.grid / 2, isSigned)
    const bias = this.tensor(
      [outputs],
      Int32Array.from({ length: outputs }, () => this.side(-9, 9))
    )
    const inputs = [codes, codes.scale, codes.zero, weights, scale, zero, out.scale, out.zero]
    const attributes = {
      kernel_shape: ints(kernel),
      pads: ints(pads),
      group: int(isDepthwise ? channels : 1)
    }
    const given = this.random.next() < 0.6 ? [...inputs, bias] : inputs
    return { ...this.add('QLinearConv', given, [1, outputs, ...sides], attributes), ...out }
  }

  private quantizedProduct(codes: Codes): Codes {
    const isSigned = this.isSigned(codes)
    const outputs = this.side(1, 4)
    const [weights, scale, zero] = this.quantizedWeights(
      [codes.dims.at(-1)!, outputs],
      outputs,
      isSigned || this.random.next() < 0.7
    )
    const out = this.formatAs(codes.grid / 2, isSigned)
    const inputs = [codes, codes.scale, codes.zero, weights, scale, zero, out.scale, out.zero]
    return { ...this.add('QLinearMatMul', inputs, [...codes.dims.slice(0, -1), outputs]), ...out }
  }

  private quantizedGemm(codes: Codes): Codes {
    const isSigned = this.isSigned(codes)
    const outputs = this.side(1, 4)
    const isTurned = this.random.next() < 0.5
    const inner = codes.dims[1]!
    const [weights, scale, zero] = this.quantizedWeights(
      isTurned ? [outputs, inner] : [inner, outputs],
      outputs,
      isSigned || this.random.next() < 0.7
    )
    const out = this.formatAs(codes.grid / 2, isSigned)
    const bias = this.tensor(
      [outputs],
      Int32Array.from({ length: outputs }, () => this.side(-9, 9))
    )
    const inputs = [codes, codes.scale, codes.zero, weights, scale, zero, bias, out.scale, out.zero]
    const attributes = { transB: int(isTurned ? 1 : 0) }
    return { ...this.own('QGemm', inputs, [1, outputs], attributes), ...out }
  }

  /** Arithmetic of 8-bit integers, which wraps around, and of wider ones behind it. */
  integers(x: Known): Known {
    const isFromCodes = this.random.next() < 0.3
    let isSigned = this.random.next() < 0.5
    let value: Known
    if (isFromCodes) {
      const codes = this.quantize({ ...x, grid: 0.25 })
      value = this.cast(codes, isSigned)
    } else value = this.cast(x, isSigned)
    const steps = this.side(1, 4)
    for (let step = 0; step < steps; step++) {
      if (this.random.next() < 0.2) value = this.cast(value, (isSigned = !isSigned))
      else value = this.integerStep(value, isSigned)
    }
    if (this.random.next() < 0.3) {
      const wide = this.add('Cast', [value], value.dims, { to: int(6) })
      const added = this.add('Add', [wide, this.tensor([], Int32Array.of(this.side(-300, 300)))], value.dims)
      value = this.random.next() < 0.5 ? added : this.cast(added, isSigned)
    }
    const real = this.add('Cast', [value], value.dims, { to: int(1) })
    const { real: weights } = this.weights([value.dims.at(-1)!, 3], 1)
    return this.random.next() < 0.5
      ? real
      : this.add('MatMul', [real, weights], [...value.dims.slice(0, -1), 3])
  }

  private cast(value: Known, isSigned: boolean): Known {
    return this.add('Cast', [value], value.dims, { to: int(isSigned ? 3 : 2) })
  }

  private integerStep(value: Known, isSigned: boolean): Known {
    const opType = this.pick([
      'Add',
      'Sub',
      'Mul',
      'Add',
      'Mul',
      'Max',
      'Min',
      'Square',
      'Double',
      'Transpose'
    ])
    if (opType === 'Square') return this.add('Mul', [value, value], value.dims)
    if (opType === 'Double') return this.add('Add', [value, value], value.dims)
    if (opType === 'Transpose') return this.turned({ ...value, grid: 1 })
    const number = isSigned ? this.side(-128, 127) : this.side(0, 255)
    const constant = this.code(this.random.next() < 0.5 ? number : this.side(1, 3), isSigned)
    return this.add(opType, this.random.next() < 0.5 ? [value, constant] : [constant, value], value.dims)
  }
}
