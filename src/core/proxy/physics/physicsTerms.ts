import { workColumns } from '../features'
import { isRecurrentKernel } from '../../kernel/spec'
import { packedWork } from './packedWork'
import { productBlocks } from './productBlocks'
import type { ShapeRows } from '../samples'

/**
 * Sets of work terms a physical base is fitted on, from plain to rich:
 *
 * plain     MACs, outputs, im2col elements, weights, inputs, a constant
 * aligned   also MACs of reductions rounded up to whole words
 * packed    also register blocks, unpacking per block of rows, aligned im2col elements, rows
 * blocks    plain, and what lies outside whole register blocks: products of two activations
 * knees     plain, and outputs beyond powers of two: reads at random places cost more where they outgrow a cache
 */
export const termSets = ['plain', 'aligned', 'packed', 'blocks', 'knees'] as const

/** Name of a set of physical terms. */
export type TermSet = (typeof termSets)[number]

/** The richest set of a kernel, and the poorer ones that may replace it. */
export function termSetsOf(kernel: ShapeRows['kernel']): readonly [TermSet, ...TermSet[]] {
  if (kernel === 'gather') return ['knees', 'plain']
  if (isRecurrentKernel(kernel)) return ['plain']
  return kernel === 'product' ? ['blocks', 'packed', 'plain'] : ['packed', 'aligned', 'plain']
}

/** Sizes of data caches, in codes, from a quarter of the smallest to the largest that cores of this class have. */
const kneeSizes = [512, 1024, 2048, 4096, 8192]

/** Products of the leading MACs term and bit widths that stand before it in globalTerms. */
export const precisionTerms = 3

/**
 * Columns of the global fit: the set's leading MACs times {max(QA, QW), QA, QW}, then that term itself and the others.
 * Within one bit pair the products are proportional to the leading term: a pair's terms are those after them.
 */
export function globalTerms(rows: ShapeRows, set: TermSet): Float64Array[] {
  const terms = sharedTerms(rows, set)
  const [leading] = terms
  const { activationBits: qa, weightBits: qw } = rows
  return [
    leading.map((macs, row) => macs * Math.max(qa[row], qw[row])),
    leading.map((macs, row) => macs * qa[row]),
    leading.map((macs, row) => macs * qw[row]),
    ...terms
  ]
}

function sharedTerms(rows: ShapeRows, set: TermSet): Float64Array[] {
  const work = workColumns(rows)
  const constant = new Float64Array(rows.count).fill(1)
  const plain = [work.macs, work.outputs, work.patches, work.weights, work.inputs, constant]
  if (set === 'plain') return plain
  if (set === 'blocks') {
    const blocks = productBlocks(work)
    return [...plain, blocks.leftMacs, blocks.leftOutputs, blocks.blocks, blocks.rows]
  }
  if (set === 'knees')
    return [...plain, ...kneeSizes.map((size) => work.outputs.map((count) => Math.max(0, count - size)))]
  const packed = packedWork(work)
  if (set === 'aligned') return [packed.alignedMacs, ...plain]
  return [
    packed.alignedMacs,
    ...plain,
    packed.blockedMacs,
    packed.unpackedWeights,
    packed.alignedPatches,
    packed.rows
  ]
}

/** What global coefficients amount to within one bit pair. */
export function globalAsPair(global: Float64Array, qa: number, qw: number): Float64Array {
  const coefficients = global.slice(precisionTerms)
  coefficients[0] += global[0] * Math.max(qa, qw) + global[1] * qa + global[2] * qw
  return coefficients
}
