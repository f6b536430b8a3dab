import { createRandom, type Random } from '@core/math/random'
import {
  float,
  int,
  ints,
  text,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor
} from '@core/model/onnx/onnx'
import { attributeForms } from './attributeForms'
import { moreKinds, type Draft, type Known } from './moreOperators'
import { ownCases, type OwnCase } from './ownCases'

const opsets = [9, 11, 12, 13, 15, 17, 18, 20, 21] as const

/** Seeded small ONNX graphs of the operators that are read, in the forms of several opsets. */
export function randomOnnx(seed: number, mostSteps = 6): OnnxModel {
  const random = createRandom(seed)
  const pick = <T>(values: readonly T[]): T => values[random.integer(values.length)]!
  const side = (low: number, high: number): number => low + random.integer(high - low + 1)
  const opset = pick(opsets)
  const inputDims = pick([
    () => [1, side(1, 4), side(4, 9), side(4, 9)],
    () => [1, side(1, 4), side(4, 9), side(4, 9)],
    () => [1, side(4, 8), side(4, 8), side(1, 3)],
    () => [1, side(1, 4), side(5, 12)],
    () => [1, side(3, 20)]
  ])()
  const graph = new GraphDraft(random, opset)
  const values: Known[] = [{ name: 'x', dims: inputDims }]
  const steps = side(1, mostSteps)
  for (let step = 0; step < steps; step++) {
    const value = random.next() < 0.75 ? values.at(-1)! : pick(values)
    const made = graph.step(value, values)
    if (made !== null) values.push(...made)
  }
  // A network computes something: the last value is never the input itself.
  if (values.length === 1) values.push(graph.add('Relu', [values[0]!], values[0]!.dims))
  return modelOf(`random${seed}`, opset, graph, inputDims, values.at(-1)!)
}

/**
 * A graph of one operator's case (what its kind puts around it included); null where the seed gives none in 3,000 attempts: the
 * generator does not know the operator.
 */
export function randomOperator(opType: string, seed: number): OnnxModel | null {
  const own = ownCases.get(opType)
  if (own !== undefined) return ownModel(own, seed)
  for (let attempt = 0; attempt < 3000; attempt++) {
    const model = randomOnnx(seed * 3000 + attempt, 1)
    if (model.nodes.some((node) => node.opType === opType)) return model
  }
  return null
}

function ownModel({ opsets, shapes, make }: OwnCase, seed: number): OnnxModel {
  const random = createRandom(seed)
  const opset = opsets[random.integer(opsets.length)]!
  const graph = new GraphDraft(random, opset)
  const dims = graph.pick(shapes)
  const output = make(graph, { name: 'x', dims })
  return modelOf(`random${seed}`, opset, graph, dims, output)
}

function modelOf(
  name: string,
  opset: number,
  { nodes, initializers }: GraphDraft,
  inputDims: readonly number[],
  output: Known
): OnnxModel {
  return {
    name,
    opset,
    nodes,
    initializers,
    inputs: [{ name: 'x', elementType: 'float32', dims: inputDims }],
    outputs: [{ name: output.name, elementType: 'float32', dims: null }],
    metadata: {}
  }
}

export class GraphDraft implements Draft {
  readonly nodes: OnnxNode[] = []
  readonly initializers: OnnxTensor[] = []
  private counter = 0

  constructor(
    readonly random: Random,
    readonly opset: number
  ) {}

  pick<T>(values: readonly T[]): T {
    return values[this.random.integer(values.length)]!
  }

  side(low: number, high: number): number {
    return low + this.random.integer(high - low + 1)
  }

  /** A constant of normal numbers. */
  constant(dims: readonly number[], spread = 0.5, offset = 0): Known {
    const count = dims.reduce((a, b) => a * b, 1)
    const data = Float32Array.from({ length: count }, () => offset + spread * this.random.normal())
    return this.tensor(dims, data)
  }

  tensor(dims: readonly number[], data: OnnxTensor['data']): Known {
    const name = `c${this.counter++}`
    this.initializers.push({ name, dims, data })
    return { name, dims }
  }

  shape(values: readonly number[]): Known {
    return this.tensor([values.length], BigInt64Array.from(values, BigInt))
  }

  add(
    opType: string,
    inputs: readonly (Known | null)[],
    dims: readonly number[],
    attributes: Record<string, OnnxAttribute> = {}
  ): Known {
    const name = `v${this.counter++}`
    this.nodes.push({
      name: `${opType}_${name}`,
      opType,
      domain: '',
      inputs: inputs.map((input) => input?.name ?? ''),
      outputs: [name],
      attributes
    })
    return { name, dims }
  }

  /** One more operator on a value; null where the one drawn does not fit it. */
  step(value: Known, all: readonly Known[]): Known[] | null {
    const kinds = [
      () => this.unary(value),
      () => this.withConstant(value),
      () => this.withConstant(value),
      () => this.withOther(value, all),
      () => this.convolution(value),
      () => this.convolution(value),
      () => this.transposedConvolution(value),
      () => this.pool(value),
      () => this.globalPool(value),
      () => this.normalization(value),
      () => this.dense(value),
      () => this.dense(value),
      () => this.transpose(value),
      () => this.reshape(value),
      () => this.unit(value),
      () => this.reduce(value),
      () => this.softmax(value),
      () => this.slice(value),
      () => this.concat(value, all),
      () => this.pad(value),
      () => this.resize(value),
      () => this.split(value),
      () => this.depth(value),
      ...moreKinds(this, value),
      ...attributeForms(this, value)
    ]
    return this.pick(kinds)()
  }

  private unary(value: Known): Known[] {
    const safe = (opType: string): Known[] => {
      const positive = this.add(
        'Add',
        [this.add('Sigmoid', [value], value.dims), this.tensor([], Float32Array.of(0.5))],
        value.dims
      )
      return [this.add(opType, [positive], value.dims)]
    }
    const plain = (opType: string, attributes: Record<string, OnnxAttribute> = {}) => [
      this.add(opType, [value], value.dims, attributes)
    ]
    const choices: (() => Known[])[] = [
      () => plain('Relu'),
      () => plain('Relu'),
      () => plain('Sigmoid'),
      () => plain('Tanh'),
      () => plain('LeakyRelu', { alpha: float(0.1) }),
      () => plain('Elu', { alpha: float(0.7) }),
      () => plain('Selu'),
      () => plain('HardSigmoid', { alpha: float(0.3) }),
      () => plain('Softplus'),
      () => plain('Softsign'),
      () => plain('Neg'),
      () => plain('Abs'),
      () => plain('Erf'),
      () => plain('Identity'),
      () => safe('Sqrt'),
      () => safe('Log'),
      () => safe('Reciprocal'),
      () => [this.add('Exp', [this.add('Tanh', [value], value.dims)], value.dims)],
      () => this.clip(value),
      () => [this.add('PRelu', [value, this.constant(this.partOf(value.dims), 0.2)], value.dims)]
    ]
    if (this.opset >= 14) choices.push(() => plain('HardSwish'))
    if (this.opset >= 18) choices.push(() => plain('Mish'))
    if (this.opset >= 20)
      choices.push(() => plain('Gelu', { approximate: text(this.pick(['none', 'tanh'])) }))
    return this.pick(choices)()
  }

  private clip(value: Known): Known[] {
    const [low, high] = this.pick([
      [0, 6],
      [0, 0.5],
      [-0.5, 0.5],
      [0, 3.4028234663852886e38]
    ] as const)
    if (this.opset < 11) return [this.add('Clip', [value], value.dims, { min: float(low), max: float(high) })]
    const limits = [this.tensor([], Float32Array.of(low)), this.tensor([], Float32Array.of(high))]
    return [this.add('Clip', [value, ...limits], value.dims)]
  }

  /** A shape that is broadcast to `dims`: some sizes 1, some leading axes missing. */
  private partOf(dims: readonly number[]): number[] {
    const part = dims.map((size) => (this.random.next() < 0.5 ? 1 : size))
    return part.slice(this.random.integer(dims.length + 1))
  }

  private withConstant(value: Known): Known[] {
    const opType = this.pick(['Add', 'Sub', 'Mul', 'Div', 'Add', 'Mul'])
    const other = this.constant(this.partOf(value.dims), 0.3, opType === 'Div' ? 2 : 0.5)
    const swapped = this.random.next() < 0.3 && opType !== 'Div'
    return [this.add(opType, swapped ? [other, value] : [value, other], value.dims)]
  }

  private withOther(value: Known, all: readonly Known[]): Known[] | null {
    const same = all.filter(
      ({ dims }) =>
        dims.length === value.dims.length && dims.every((size, at) => size === value.dims[at] || size === 1)
    )
    if (same.length === 0) return null
    const other = this.pick(same)
    const opType = this.pick(['Add', 'Sub', 'Mul', ...(this.opset >= 12 ? ['Max', 'Min'] : [])])
    return [this.add(opType, this.random.next() < 0.5 ? [value, other] : [other, value], value.dims)]
  }

  private spatial(value: Known): { rank: number; sizes: readonly number[] } | null {
    const rank = value.dims.length - 2
    return rank === 1 || rank === 2 ? { rank, sizes: value.dims.slice(2) } : null
  }

  private convolution(value: Known): Known[] | null {
    const space = this.spatial(value)
    if (space === null) return null
    const channels = value.dims[1]!
    const groups = this.pick([1, 1, channels, channels % 2 === 0 ? 2 : 1])
    const outputs = groups * this.side(1, groups === 1 ? 4 : 2)
    const kernel = space.sizes.map((size) => Math.min(size, this.side(1, 3)))
    const stride = kernel.map(() => this.side(1, 2))
    const dilation = kernel.map((taps, at) =>
      this.random.next() < 0.2 && 2 * (taps - 1) < space.sizes[at]! ? 2 : 1
    )
    const pads =
      this.random.next() < 0.5
        ? [...kernel, ...kernel].map((taps) => this.random.integer(taps))
        : [...kernel, ...kernel].map(() => 0)
    const isSame = this.random.next() < 0.15 && dilation.every((step) => step === 1)
    const dims = space.sizes.map((size, at) =>
      isSame
        ? Math.ceil(size / stride[at]!)
        : Math.floor(
            (size + pads[at]! + pads[at + space.rank]! - (kernel[at]! - 1) * dilation[at]! - 1) / stride[at]!
          ) + 1
    )
    const inputs = [value, this.constant([outputs, channels / groups, ...kernel])]
    if (this.random.next() < 0.6) inputs.push(this.constant([outputs]))
    return [
      this.add('Conv', inputs, [1, outputs, ...dims], {
        kernel_shape: ints(kernel),
        strides: ints(stride),
        dilations: ints(dilation),
        group: int(groups),
        ...(isSame ? { auto_pad: text(this.pick(['SAME_UPPER', 'SAME_LOWER'])) } : { pads: ints(pads) })
      })
    ]
  }

  private transposedConvolution(value: Known): Known[] | null {
    const space = this.spatial(value)
    if (space === null || this.random.next() < 0.5) return null
    const channels = value.dims[1]!
    const groups = channels % 2 === 0 ? this.pick([1, 2]) : 1
    const perGroup = this.side(1, 2)
    const kernel = space.sizes.map(() => this.side(1, 3))
    const stride = kernel.map(() => this.side(1, 2))
    const pads = [...kernel, ...kernel].map((taps) => this.random.integer(Math.max(1, taps - 1)))
    const extra = stride.map((step) => this.random.integer(step))
    const dims = space.sizes.map(
      (size, at) => stride[at]! * (size - 1) + extra[at]! + kernel[at]! - pads[at]! - pads[at + space.rank]!
    )
    if (dims.some((size) => size < 1)) return null
    return [
      this.add(
        'ConvTranspose',
        [value, this.constant([channels, perGroup, ...kernel]), this.constant([perGroup * groups])],
        [1, perGroup * groups, ...dims],
        {
          kernel_shape: ints(kernel),
          strides: ints(stride),
          pads: ints(pads),
          output_padding: ints(extra),
          group: int(groups)
        }
      )
    ]
  }

  private pool(value: Known): Known[] | null {
    const space = this.spatial(value)
    if (space === null) return null
    const kernel = space.sizes.map((size) => Math.min(size, this.side(1, 3)))
    const stride = kernel.map(() => this.side(1, 3))
    const pads = [...kernel, ...kernel].map((taps) =>
      this.random.next() < 0.3 ? Math.floor((taps - 1) / 2) : 0
    )
    const isMax = this.random.next() < 0.5
    const ceil = this.opset >= 10 && this.random.next() < 0.3
    const dims = space.sizes.map((size, at) => {
      const free = size + pads[at]! + pads[at + space.rank]! - kernel[at]!
      if (!ceil) return Math.floor(free / stride[at]!) + 1
      const count = Math.ceil(free / stride[at]!) + 1
      return (count - 1) * stride[at]! >= size + pads[at]! ? count - 1 : count
    })
    return [
      this.add(isMax ? 'MaxPool' : 'AveragePool', [value], [1, value.dims[1]!, ...dims], {
        kernel_shape: ints(kernel),
        strides: ints(stride),
        pads: ints(pads),
        ...(ceil ? { ceil_mode: int(1) } : {}),
        ...(isMax ? {} : { count_include_pad: int(this.random.integer(2)) })
      })
    ]
  }

  private globalPool(value: Known): Known[] | null {
    if (this.spatial(value) === null || this.random.next() < 0.5) return null
    return [
      this.add(
        this.pick(['GlobalAveragePool', 'GlobalMaxPool']),
        [value],
        [1, value.dims[1]!, ...value.dims.slice(2).map(() => 1)]
      )
    ]
  }

  private normalization(value: Known): Known[] | null {
    if (this.opset >= 17 && value.dims.length >= 2 && this.random.next() < 0.4) {
      const size = value.dims.at(-1)!
      if (size < 3) return null
      return [
        this.add('LayerNormalization', [value, this.constant([size]), this.constant([size])], value.dims, {
          epsilon: float(0.1)
        })
      ]
    }
    if (value.dims.length < 2) return null
    const channels = value.dims[1]!
    const variance = this.tensor(
      [channels],
      Float32Array.from({ length: channels }, () => 0.5 + this.random.next())
    )
    const inputs = [
      value,
      this.constant([channels]),
      this.constant([channels]),
      this.constant([channels]),
      variance
    ]
    return [this.add('BatchNormalization', inputs, value.dims)]
  }

  private dense(value: Known): Known[] | null {
    const inner = value.dims.at(-1)!
    const outputs = this.side(1, 5)
    const dims = [...value.dims.slice(0, -1), outputs]
    if (value.dims.length === 2 && this.random.next() < 0.6) {
      const transB = this.random.integer(2)
      const matrix = this.constant(transB === 1 ? [outputs, inner] : [inner, outputs])
      const bias =
        this.random.next() < 0.7 ? [this.constant(this.pick([[outputs], [1, outputs], [1], []]))] : []
      if (this.opset < 11 && bias.length === 0) return null
      return [
        this.add('Gemm', [value, matrix, ...bias], dims, {
          transB: int(transB),
          alpha: float(this.pick([1, 0.5])),
          beta: float(this.pick([1, 2]))
        })
      ]
    }
    if (value.dims.length < 2) return null
    return [this.add('MatMul', [value, this.constant([inner, outputs])], dims)]
  }

  private transpose(value: Known): Known[] {
    const order = [0, ...this.random.shuffle(value.dims.slice(1).map((_, at) => at + 1))]
    return [
      this.add(
        'Transpose',
        [value],
        order.map((axis) => value.dims[axis]!),
        { perm: ints(order) }
      )
    ]
  }

  private reshape(value: Known): Known[] {
    const count = value.dims.reduce((a, b) => a * b, 1)
    if (this.random.next() < 0.4) {
      const axis = this.side(1, value.dims.length - 1 || 1)
      const outer = value.dims.slice(0, axis).reduce((a, b) => a * b, 1)
      return [this.add('Flatten', [value], [outer, count / outer], { axis: int(axis) })]
    }
    const divisors = Array.from({ length: count }, (_, at) => at + 1).filter((size) => count % size === 0)
    const first = this.pick(divisors)
    const dims = this.pick([
      [1, count],
      [1, first, count / first],
      [1, first, 1, count / first],
      [1, ...value.dims.slice(1)]
    ])
    const target = this.random.next() < 0.3 ? [...dims.slice(0, -1), -1] : dims
    return [this.add('Reshape', [value, this.shape(target)], dims)]
  }

  private unit(value: Known): Known[] | null {
    const unitAxes = value.dims.flatMap((size, axis) => (size === 1 && axis > 0 ? [axis] : []))
    const isSqueeze = unitAxes.length > 0 && value.dims.length > 2 && this.random.next() < 0.6
    if (!isSqueeze && value.dims.length > 3) return null
    const axis = isSqueeze ? this.pick(unitAxes) : this.side(1, value.dims.length)
    const dims = isSqueeze
      ? value.dims.filter((_, at) => at !== axis)
      : [...value.dims.slice(0, axis), 1, ...value.dims.slice(axis)]
    const opType = isSqueeze ? 'Squeeze' : 'Unsqueeze'
    if (this.opset < 13) return [this.add(opType, [value], dims, { axes: ints([axis]) })]
    return [this.add(opType, [value, this.shape([axis])], dims)]
  }

  private reduce(value: Known): Known[] | null {
    if (value.dims.length < 2) return null
    const opType = this.pick(['ReduceMean', 'ReduceMax', 'ReduceSum'])
    const axes = value.dims.flatMap((_, axis) => (axis > 0 && this.random.next() < 0.5 ? [axis] : []))
    if (axes.length === 0) return null
    const keep = this.random.integer(2)
    const dims = value.dims
      .map((size, axis) => (axes.includes(axis) ? 1 : size))
      .filter((_, axis) => keep === 1 || !axes.includes(axis))
    const given = axes.map((axis) => (this.random.next() < 0.3 ? axis - value.dims.length : axis))
    const asInput = this.opset >= 18 || (this.opset >= 13 && opType === 'ReduceSum')
    if (asInput) return [this.add(opType, [value, this.shape(given)], dims, { keepdims: int(keep) })]
    if (this.opset < 11 && given.some((axis) => axis < 0)) return null
    return [this.add(opType, [value], dims, { keepdims: int(keep), axes: ints(given) })]
  }

  private softmax(value: Known): Known[] | null {
    if (value.dims.length < 2 || this.random.next() < 0.5) return null
    const axis = this.side(1, value.dims.length - 1)
    return [
      this.add(this.pick(['Softmax', 'Softmax', 'LogSoftmax']), [value], value.dims, { axis: int(axis) })
    ]
  }

  private slice(value: Known): Known[] | null {
    if (value.dims.length < 2) return null
    const axis = this.side(1, value.dims.length - 1)
    const size = value.dims[axis]!
    const begin = this.random.integer(size)
    const end = begin + 1 + this.random.integer(size - begin)
    const step = this.opset >= 10 ? this.pick([1, 1, 2]) : 1
    const length = Math.ceil((end - begin) / step)
    const dims = value.dims.map((own, at) => (at === axis ? length : own))
    const last = end === size && this.random.next() < 0.5 ? 2 ** 31 : end
    const first = this.random.next() < 0.3 ? begin - size : begin
    if (this.opset < 10) {
      return [
        this.add('Slice', [value], dims, { starts: ints([first]), ends: ints([last]), axes: ints([axis]) })
      ]
    }
    return [
      this.add('Slice', [value, ...[[first], [last], [axis], [step]].map((list) => this.shape(list))], dims)
    ]
  }

  private concat(value: Known, all: readonly Known[]): Known[] | null {
    if (value.dims.length < 2) return null
    const axis = this.side(1, value.dims.length - 1)
    const fits = all.filter(
      ({ dims }) =>
        dims.length === value.dims.length && dims.every((size, at) => at === axis || size === value.dims[at])
    )
    const parts = Array.from({ length: this.side(1, 2) }, () => this.pick(fits))
    const total = parts.reduce((sum, part) => sum + part.dims[axis]!, value.dims[axis]!)
    const dims = value.dims.map((size, at) => (at === axis ? total : size))
    return [this.add('Concat', [value, ...parts], dims, { axis: int(axis) })]
  }

  private pad(value: Known): Known[] | null {
    if (value.dims.length < 3) return null
    const mode = this.pick(['constant', 'constant', 'reflect', 'edge'])
    const sides = [0, 1].flatMap(() =>
      value.dims.map((size, axis) =>
        axis < 2 ? 0 : this.random.integer(Math.min(3, mode === 'reflect' ? size : 3))
      )
    )
    const rank = value.dims.length
    const dims = value.dims.map((size, axis) => size + sides[axis]! + sides[axis + rank]!)
    const fill = mode === 'constant' && this.random.next() < 0.3 ? 0.75 : 0
    if (this.opset < 11)
      return [this.add('Pad', [value], dims, { mode: text(mode), pads: ints(sides), value: float(fill) })]
    return [
      this.add('Pad', [value, this.shape(sides), this.tensor([], Float32Array.of(fill))], dims, {
        mode: text(mode)
      })
    ]
  }

  private resize(value: Known): Known[] | null {
    if (value.dims.length !== 4) return null
    const scales = [1, 1, this.side(1, 3), this.side(1, 3)]
    const dims = value.dims.map((size, axis) => size * scales[axis]!)
    if (dims.reduce((a, b) => a * b, 1) > 4000) return null
    const given = this.tensor([4], Float32Array.from(scales))
    if (this.opset < 10) return [this.add('Upsample', [value, given], dims, { mode: text('nearest') })]
    if (this.opset < 11) return null
    return [
      this.add(
        'Resize',
        [value, this.opset < 13 ? this.tensor([0], new Float32Array(0)) : null, given],
        dims,
        {
          mode: text('nearest'),
          coordinate_transformation_mode: text(this.pick(['asymmetric', 'half_pixel'])),
          nearest_mode: text(this.pick(['floor', 'round_prefer_floor']))
        }
      )
    ]
  }

  private split(value: Known): Known[] | null {
    if (value.dims.length < 2) return null
    const axis = this.side(1, value.dims.length - 1)
    const size = value.dims[axis]!
    if (size < 2) return null
    const first = this.side(1, size - 1)
    const names = [`v${this.counter++}`, `v${this.counter++}`]
    const sizes = [first, size - first]
    const inputs = this.opset < 13 ? [value.name] : [value.name, this.shape(sizes).name]
    this.nodes.push({
      name: `Split_${names[0]}`,
      opType: 'Split',
      domain: '',
      inputs,
      outputs: names,
      attributes: { axis: int(axis), ...(this.opset < 13 ? { split: ints(sizes) } : {}) }
    })
    return names.map((name, part) => ({
      name,
      dims: value.dims.map((own, at) => (at === axis ? sizes[part]! : own))
    }))
  }

  private depth(value: Known): Known[] | null {
    if (value.dims.length !== 4) return null
    const [, channels, height, width] = value.dims as [number, number, number, number]
    if (channels % 4 === 0) {
      const mode = this.opset >= 11 ? { mode: text(this.pick(['DCR', 'CRD'])) } : {}
      return [
        this.add('DepthToSpace', [value], [1, channels / 4, height * 2, width * 2], {
          blocksize: int(2),
          ...mode
        })
      ]
    }
    if (height % 2 !== 0 || width % 2 !== 0) return null
    return [
      this.add('SpaceToDepth', [value], [1, channels * 4, height / 2, width / 2], { blocksize: int(2) })
    ]
  }
}
