import { int, type OnnxAttribute, type OnnxNode, type OnnxTensor } from '../onnx/onnx'
import { rowMajorStrides, stridedMap } from '../constants/indexing'
import { gathered, numbersOf } from '../constants/numbers'
import { dequantized } from '../constants/quantized'
import { storedTensor } from './tensors'
import type { TfliteModel, TfliteOperator, TfliteTensor } from './tflite'

/** What the operator converters share while one TFLite graph is written as an ONNX one. */
export interface Conversion {
  readonly nodes: OnnxNode[]
  readonly initializers: OnnxTensor[]
  tensor(index: number): TfliteTensor
  /** Name of a tensor, each once: files leave them empty or repeat them. */
  name(index: number): string
  /** True where an optional input is there. */
  has(operator: TfliteOperator, position: number): boolean
  /** True for inputs of the graph, constants and what was computed so far. */
  isKnown(index: number): boolean
  /** Name of the real values of a tensor, in its own (channels last) order. */
  real(index: number): string
  /** Whole numbers of a constant; null where the tensor is computed. */
  integers(index: number): number[] | null
  /** Real values of a constant with its axes in another order; codes stay codes behind a DequantizeLinear. Null where it is computed. */
  weights(index: number, order: readonly number[], dims: readonly number[]): string | null
  /** A node named after the operator; returns the name of its first output. */
  add(opType: string, inputs: readonly string[], attributes?: Record<string, OnnxAttribute>): string
  /** A node with several outputs, of the standard domain unless another is named. */
  addSeveral(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes?: Record<string, OnnxAttribute>,
    domain?: string
  ): string[]
  shape(values: readonly number[]): string
  scalar(value: number): string
  /** Gives an output of the operator its values, rounded to its codes where it has such. */
  bind(index: number, name: string): void
}

/** Domain under which operators stand that have no ONNX counterpart here. */
export const tfliteDomain = 'tflite'
/** Attribute of such an operator that says why it is not read. */
export const reasonAttribute = 'bitbench.reason'
/** What helps there, where that is known. */
export const remedyAttribute = 'bitbench.remedy'

const layerTypes: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'LSTM'])

/** A conversion of one graph; `begin` names the nodes that follow after an operator. */
export function createConversion(model: TfliteModel): Conversion & { begin(operator: TfliteOperator): void } {
  const { nodes, initializers, constant, addNode, label } = createParts()
  const values = new Map<number, string>()
  /** Constants behind a DEQUANTIZE of the file. */
  const aliases = new Map<number, number>()
  const names = uniqueNames(model)
  const source = (index: number): TfliteTensor => model.tensors[aliases.get(index) ?? index]
  const isConstant = (index: number): boolean => source(index).data !== null

  const rounded = (index: number, name: string): string =>
    roundedTo(model.tensors[index], name, constant, conversion.add)

  const conversion: Conversion & { begin(operator: TfliteOperator): void } = {
    nodes,
    initializers,
    begin(operator) {
      label(shortName(names[operator.outputs[0] ?? 0] ?? operator.name))
      const [input, output] = [operator.inputs[0], operator.outputs[0]]
      if (operator.name === 'DEQUANTIZE' && input >= 0 && isConstant(input))
        aliases.set(output, aliases.get(input) ?? input)
    },
    tensor: (index) => model.tensors[index],
    name: (index) => names[index],
    has: (operator, position) => (operator.inputs[position] ?? -1) >= 0,
    isKnown: (index) => values.has(index) || isConstant(index) || model.inputs.includes(index),
    real(index) {
      const known = values.get(index)
      if (known !== undefined) return known
      const name = isConstant(index)
        ? conversion.weights(
            index,
            source(index).dims.map((_, axis) => axis),
            source(index).dims
          )!
        : conversion.tensor(index).scales.length > 0
          ? rounded(index, names[index])
          : names[index]
      values.set(index, name)
      return name
    },
    integers(index) {
      if (index < 0 || !isConstant(index)) return null
      return [...numbersOf(storedTensor(source(index), ''))]
    },
    weights(index, order, dims) {
      if (!isConstant(index)) return null
      const tensor = source(index)
      const stored = storedTensor(tensor, names[index])
      const data = turnedAxes(tensor, stored, order, dims)
      return quantizedConstant(tensor, data, order.indexOf(tensor.axis), constant, conversion.add)
    },
    add: (opType, inputs, attributes) => conversion.addSeveral(opType, inputs, 1, attributes)[0],
    addSeveral: addNode,
    shape: (list) => constant({ dims: [list.length], data: BigInt64Array.from(list, BigInt) }),
    scalar: (value) => constant({ dims: [], data: Float32Array.of(value) }),
    bind(index, name) {
      values.set(index, name)
      if (codesOf(model.tensors[index]) === null) return
      values.set(index, rounded(index, name))
    }
  }

  return conversion
}

/** Nodes and initializers written so far; nodes are named after the operator that `label` names. */
function createParts() {
  const nodes: OnnxNode[] = []
  const initializers: OnnxTensor[] = []
  const taken = new Set<string>()
  let counter = 0
  let operatorLabel = 'network'
  /** The layer itself has the plain name, what stands around it a longer one. */
  const nodeName = (opType: string): string => {
    const isLayer = layerTypes.has(opType) && !taken.has(operatorLabel)
    const name = isLayer ? operatorLabel : `${operatorLabel}.${opType}_${counter++}`
    taken.add(name)
    return name
  }
  const constant: WriteConstant = (tensor) => {
    const name = `constant_${counter++}`
    initializers.push({ ...tensor, name })
    return name
  }
  const addNode: Conversion['addSeveral'] = (opType, inputs, count, attributes = {}, domain = '') => {
    const name = nodeName(opType)
    const outputs = Array.from({ length: count }, () => `value_${counter++}`)
    nodes.push({ name, opType, domain, inputs: [...inputs], outputs, attributes })
    return outputs
  }
  return { nodes, initializers, constant, addNode, label: (name: string) => void (operatorLabel = name) }
}

/** Writes an initializer and returns its name. */
type WriteConstant = (tensor: Omit<OnnxTensor, 'name'>) => string

/** Codes with their DequantizeLinear, or the numbers as they are. */
function quantizedConstant(
  tensor: TfliteTensor,
  data: Omit<OnnxTensor, 'name'>,
  axis: number,
  constant: WriteConstant,
  add: Conversion['add']
): string {
  const { scales, zeros } = tensor
  if (scales.length === 0) return constant(data)
  const count = scales.length
  const scale: OnnxTensor = { name: '', dims: count === 1 ? [] : [count], data: Float32Array.from(scales) }
  if (!(data.data instanceof Int8Array || data.data instanceof Uint8Array)) {
    // Biases and 16-bit constants: their step is fixed by others.
    const node = { name: tensor.name, opType: 'DequantizeLinear', domain: '', inputs: [], outputs: [] }
    return constant(dequantized({ ...node, attributes: {} }, { ...data, name: '' }, scale, undefined, axis))
  }
  const zero = zeroTensor(data.data, count, zeros, data.bits)
  const inputs = [constant(data), constant(scale), constant(zero)]
  return add('DequantizeLinear', inputs, { axis: int(Math.max(0, axis)) })
}

/** The values rounded to the tensor's codes and back. */
function roundedTo(
  tensor: TfliteTensor,
  name: string,
  constant: WriteConstant,
  add: Conversion['add']
): string {
  const codes = codesOf(tensor)
  if (codes === null) return name
  const operands = [
    constant({ dims: [], data: Float32Array.of(codes.scale) }),
    constant({ dims: [], data: codes.isSigned ? Int8Array.of(codes.zero) : Uint8Array.of(codes.zero) })
  ]
  return add('DequantizeLinear', [add('QuantizeLinear', [name, ...operands]), ...operands])
}

/** Values with their axes in another order and shape. */
function turnedAxes(
  tensor: TfliteTensor,
  stored: ReturnType<typeof storedTensor>,
  order: readonly number[],
  dims: readonly number[]
): Omit<OnnxTensor, 'name'> {
  const strides = rowMajorStrides(tensor.dims)
  const turned = order.map((axis) => tensor.dims[axis] ?? 1)
  const isTurned = order.some((axis, at) => axis !== at)
  const moved = isTurned
    ? gathered(
        stored,
        turned,
        stridedMap(
          turned,
          order.map((axis) => strides[axis])
        )
      )
    : stored
  return { ...moved, dims, ...(stored.bits === undefined ? {} : { bits: stored.bits }) }
}

function zeroTensor(
  data: Int8Array | Uint8Array,
  count: number,
  zeros: readonly number[],
  bits: number | undefined
): Omit<OnnxTensor, 'name'> {
  const list = Array.from({ length: count }, (_, at) => zeros[zeros.length === 1 ? 0 : at] ?? 0)
  return {
    dims: count === 1 ? [] : [count],
    data: data instanceof Int8Array ? Int8Array.from(list) : Uint8Array.from(list),
    ...(bits === undefined ? {} : { bits })
  }
}

/** Step and code of 0 of a computed tensor of 8 bits; null for other tensors. */
export function codesOf(
  tensor: TfliteTensor
): { readonly scale: number; readonly zero: number; readonly isSigned: boolean } | null {
  if (tensor.type !== 'int8' && tensor.type !== 'uint8') return null
  const [scale] = tensor.scales
  if (tensor.scales.length !== 1 || !(scale > 0)) return null
  return { scale, zero: tensor.zeros[0] ?? 0, isSigned: tensor.type === 'int8' }
}

function uniqueNames({ tensors }: TfliteModel): string[] {
  const taken = new Set<string>()
  return tensors.map(({ name }, index) => {
    const wanted = name === '' ? `tensor_${index}` : name
    const own = taken.has(wanted) ? `${wanted}#${index}` : wanted
    taken.add(own)
    return own
  })
}

/** The first of the names that a converter joins by ";". */
function shortName(name: string): string {
  return name.split(';', 1)[0]
}
