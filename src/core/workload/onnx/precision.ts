import type { WorkloadPrecision } from '../../../shared/contract/workload/workloadRows'
import {
  int,
  intAttribute,
  valuesRead,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor
} from '../../model/onnx/onnx'
import { withNodes, type Network } from './network'
import { int4Blocks, int8Columns, int8Tensor, transposed } from './quantizeWeights'
import { isPlainGemm, weightedNode, type WeightedOperator } from './weighted'

/** Constant values as numbers, by name: weights after what the file does to them (a transposition). */
export type ConstantValues = (name: string) => {
  readonly dims: readonly number[]
  readonly data: Float32Array
}

/** Range of a computed value over calibration samples. */
export type RangeOf = (name: string) => { readonly low: number; readonly high: number }

/** A network whose weighted nodes compute at another precision. */
export interface LoweredNetwork {
  readonly model: OnnxModel
  /** Weighted nodes that were rewritten. */
  readonly lowered: number
  /** Bytes of all weights as the runtime holds them. */
  readonly weightBytes: number
}

/** Weights per block of a 4-bit scale. */
export const int4BlockSize = 32

/** What a rewriting may add to the network. */
interface Build {
  readonly values: ConstantValues
  readonly rangeOf: RangeOf
  nodes: OnnxNode[]
  tensors: OnnxTensor[]
  /** Bytes of tensors that the runtime holds smaller than they are written, by name. */
  bytes: Map<string, number>
}

/**
 * The network with its matrix products and convolutions at another precision; everything else, tables included, stays
 * float32. fp16 and bf16: operands are cast. int8Dynamic: inputs are scaled at run time (uint8), weights per output column.
 * int8Static: inputs by the ranges of calibration. int4: weights alone, blocks of 32, matrix products only.
 *
 * @param only nodes to rewrite; all without
 */
export function lowerNetwork(
  network: Network,
  precision: WorkloadPrecision,
  values: ConstantValues,
  rangeOf: RangeOf,
  only?: ReadonlySet<OnnxNode>
): LoweredNetwork {
  const build: Build = { values, rangeOf, nodes: [], tensors: [], bytes: new Map() }
  let lowered = 0
  for (const node of network.model.nodes) {
    const weighted = only === undefined || only.has(node) ? weightedNode(network, node) : null
    if (weighted !== null && precision !== 'fp32' && canLower(weighted, precision)) {
      rewrite(weighted, precision, build)
      lowered++
    } else build.nodes.push(node)
  }
  const model = usedOnly(withNodes(network.model, build.nodes, { initializers: build.tensors }))
  return { model, lowered, weightBytes: bytesOf(model, build.bytes) }
}

/** Whether the node has a form at this precision. */
export function canLower({ kind, node }: WeightedOperator, precision: WorkloadPrecision): boolean {
  if (kind === 'table') return false
  if (kind === 'gemm' && !isPlainGemm(node)) return precision === 'fp16' || precision === 'bf16'
  return precision !== 'int4' || kind !== 'conv'
}

function rewrite(weighted: WeightedOperator, precision: WorkloadPrecision, build: Build): void {
  if (precision === 'fp16' || precision === 'bf16') return castOperands(weighted, precision, build)
  if (precision === 'int4') return matMulNBits(weighted, build)
  if (precision === 'int8Dynamic') return dynamicInt8(weighted, build)
  return staticInt8(weighted, build)
}

function add(
  build: Build,
  opType: string,
  inputs: string[],
  outputs: string[],
  attributes: Record<string, OnnxAttribute> = {},
  domain = ''
): void {
  build.nodes.push({ name: `lowered/${outputs[0]}`, opType, domain, inputs, outputs, attributes })
}

function tensor(build: Build, name: string, data: OnnxTensor['data'], dims: readonly number[]): string {
  build.tensors.push({ name, data, dims })
  return name
}

const elementCode = { fp16: 10, bf16: 16, fp32: 1 } as const

function castOperands({ node, weights }: WeightedOperator, precision: 'fp16' | 'bf16', build: Build): void {
  const [output] = node.outputs
  const base = `${output}/${precision}`
  const { dims, data } = build.values(weights)
  // Weights of their own: a table that shares them stays float32. The runtime folds the cast of a constant.
  const own = tensor(build, `${base}/weights`, data, dims)
  build.bytes.set(own, data.length * 2)
  const cast = (name: string, at: number): string => {
    if (name === '') return name
    add(build, 'Cast', [name === weights ? own : name], [`${base}/${at}`], {
      to: int(elementCode[precision])
    })
    return `${base}/${at}`
  }
  build.nodes.push({ ...node, inputs: node.inputs.map(cast), outputs: [base] })
  add(build, 'Cast', [base], [output], { to: int(elementCode.fp32) })
}

/** Weights of a matrix product as rows (inputs) x columns (outputs). */
function matrixOf(
  { kind, node, weights }: WeightedOperator,
  build: Build
): { data: Float32Array; rows: number; columns: number } {
  const { dims, data } = build.values(weights)
  const [first = 0, second = 0] = dims
  return kind === 'gemm' && intAttribute(node, 'transB', 0) === 1
    ? { data: transposed(data, second, first), rows: second, columns: first }
    : { data, rows: first, columns: second }
}

/** Adds the bias of a Gemm and names the result as the node did. */
function withBias({ kind, node }: WeightedOperator, product: string, build: Build): void {
  const bias = kind === 'gemm' ? node.inputs[2] : undefined
  const [output] = node.outputs
  if (bias === undefined || bias === '') add(build, 'Identity', [product], [output])
  else add(build, 'Add', [product, bias], [output])
}

function matMulNBits(weighted: WeightedOperator, build: Build): void {
  const { data, rows, columns } = matrixOf(weighted, build)
  const { packed, scales, blocks } = int4Blocks(data, rows, columns, int4BlockSize)
  const base = `${weighted.node.outputs[0]}/int4`
  const half = int4BlockSize / 2
  const inputs = [
    weighted.node.inputs[0],
    tensor(build, `${base}/weights`, packed, [columns, blocks, half]),
    tensor(build, `${base}/scales`, scales, [columns * blocks])
  ]
  const attributes = { K: int(rows), N: int(columns), bits: int(4), block_size: int(int4BlockSize) }
  add(build, 'MatMulNBits', inputs, [`${base}/product`], attributes, 'com.microsoft')
  withBias(weighted, `${base}/product`, build)
}

function dynamicInt8(weighted: WeightedOperator, build: Build): void {
  const { node, kind } = weighted
  const base = `${node.outputs[0]}/int8`
  const part = (name: string): string => `${base}/${name}`
  add(build, 'DynamicQuantizeLinear', [node.inputs[0]], [part('x'), part('xScale'), part('xZero')])
  const zero = tensor(build, part('wZero'), Int8Array.of(0), [])
  const { weights, scale } = int8Weights(weighted, base, build)
  const operator = kind === 'conv' ? 'ConvInteger' : 'MatMulInteger'
  const attributes = kind === 'conv' ? node.attributes : {}
  add(build, operator, [part('x'), weights, part('xZero'), zero], [part('sum')], attributes)
  add(build, 'Cast', [part('sum')], [part('real')], { to: int(elementCode.fp32) })
  add(build, 'Mul', [part('xScale'), scale], [part('scale')])
  add(build, 'Mul', [part('real'), part('scale')], [part('product')])
  if (kind === 'conv') convBias(weighted, part('product'), build)
  else withBias(weighted, part('product'), build)
}

function staticInt8(weighted: WeightedOperator, build: Build): void {
  const { node, kind } = weighted
  const base = `${node.outputs[0]}/int8`
  const part = (name: string): string => `${base}/${name}`
  const range = build.rangeOf(node.inputs[0])
  const low = Math.min(0, range.low)
  const scale = (Math.max(0, range.high) - low) / 255 || 1
  const xScale = tensor(build, part('xScale'), Float32Array.of(scale), [])
  const xZero = tensor(build, part('xZero'), Uint8Array.of(Math.round(-low / scale)), [])
  add(build, 'QuantizeLinear', [node.inputs[0], xScale, xZero], [part('x')])
  add(build, 'DequantizeLinear', [part('x'), xScale, xZero], [part('xReal')])
  const { weights, scale: wScale, zero, axis } = int8Weights(weighted, base, build)
  const attributes: Record<string, OnnxAttribute> = axis === null ? {} : { axis: int(axis) }
  add(build, 'DequantizeLinear', [weights, wScale, zero], [part('wReal')], attributes)
  if (kind === 'conv') {
    const bias = node.inputs.slice(2)
    return add(build, 'Conv', [part('xReal'), part('wReal'), ...bias], [node.outputs[0]], {
      ...node.attributes
    })
  }
  add(build, 'MatMul', [part('xReal'), part('wReal')], [part('product')])
  withBias(weighted, part('product'), build)
}

function int8Weights(
  weighted: WeightedOperator,
  base: string,
  build: Build
): { weights: string; scale: string; zero: string; axis: number | null } {
  if (weighted.kind === 'conv') {
    const { dims, data } = build.values(weighted.weights)
    const { values, scale } = int8Tensor(data)
    return {
      weights: tensor(build, `${base}/weights`, values, dims),
      scale: tensor(build, `${base}/wScale`, Float32Array.of(scale), []),
      zero: tensor(build, `${base}/wZeros`, Int8Array.of(0), []),
      axis: null
    }
  }
  const { data, rows, columns } = matrixOf(weighted, build)
  const { values, scales } = int8Columns(data, rows, columns)
  return {
    weights: tensor(build, `${base}/weights`, values, [rows, columns]),
    scale: tensor(build, `${base}/wScale`, scales, [columns]),
    zero: tensor(build, `${base}/wZeros`, new Int8Array(columns), [columns]),
    axis: 1
  }
}

function convBias({ node, weights }: WeightedOperator, product: string, build: Build): void {
  const bias = node.inputs[2]
  const [output] = node.outputs
  if (bias === undefined || bias === '') return add(build, 'Identity', [product], [output])
  const { dims } = build.values(weights)
  const shape = [1, dims[0], ...dims.slice(2).map(() => 1)]
  const target = tensor(build, `${output}/biasShape`, BigInt64Array.from(shape, BigInt), [shape.length])
  add(build, 'Reshape', [bias, target], [`${output}/bias`])
  add(build, 'Add', [product, `${output}/bias`], [output])
}

/** The model without nodes that nothing reads any more (the transposition of weights that were replaced). */
function usedOnly(model: OnnxModel): OnnxModel {
  const wanted = new Set(model.outputs.map(({ name }) => name))
  const kept: OnnxNode[] = []
  for (const node of [...model.nodes].reverse()) {
    if (!node.outputs.some((name) => wanted.has(name))) continue
    kept.unshift(node)
    for (const input of valuesRead(node)) wanted.add(input)
  }
  return { ...model, nodes: kept, initializers: model.initializers.filter(({ name }) => wanted.has(name)) }
}

function bytesOf(model: OnnxModel, smaller: ReadonlyMap<string, number>): number {
  return model.initializers.reduce((sum, { name, data }) => {
    if (data instanceof BigInt64Array) return sum
    return sum + (smaller.get(name) ?? data.byteLength)
  }, 0)
}
