import { AppError } from '../../shared/errors'
import type { KernelName } from '../../shared/vocabulary'
import { kernelSpec } from './spec'
import { emptyWork, type Work } from './work'

/** [height, width, channels]: the order in which kernels read a tensor. A vector is [1, 1, n]. */
export type ShapeHwc = readonly [height: number, width: number, channels: number]

/** A kernel with its sizes as the board's `bench` command takes them (docs/protocol.md): what campaigns are made of. */
export interface KernelShape {
  kernel: KernelName
  dims: readonly number[]
}

/** One thing to measure. */
export interface BenchItem extends KernelShape {
  activationBits: number
  /** 0 for kernels without weights. */
  weightBits: number
}

/** Largest size of a dim on the wire (u16). */
export const maxDim = 65_535

/** Whether the kernel multiplies by stored weights. */
export const hasWeights = (kernel: KernelName): boolean => kernelSpec(kernel).hasWeights

/** Names of the dims, in wire order. */
export const dimNames = (kernel: KernelName): string[] => kernelSpec(kernel).dims.map(({ name }) => name)

/**
 * Checks a shape and counts its work.
 *
 * @throws input.invalid when no such layer exists (wrong number of dims, a window larger than its padded input)
 */
export function shapeWork(shape: KernelShape): Work {
  const work = emptyWork()
  const problem = problemOf(shape, work)
  if (problem === null) return work
  throw new AppError(
    'input.invalid',
    `There is no ${shape.kernel} ${shape.dims.join(' x ')}: ${problem}.`,
    `The sizes of ${shape.kernel} are ${dimNames(shape.kernel).join(', ')}.`
  )
}

/** Whether the shape can be: shapeWork without the exception. */
export function isPossible(shape: KernelShape): boolean {
  return problemOf(shape, emptyWork()) === null
}

/** Elements of all operands beside the weights. */
export function operandElements(kernel: KernelName, work: Work): number {
  return kernelSpec(kernel).operands.count * work.inputs
}

/** The same text for the same thing to measure; keeps campaigns from measuring twice. Stored with every Sample. */
export function itemKey(item: BenchItem): string {
  return `${item.kernel}:${item.dims.join('x')}:a${item.activationBits}w${item.weightBits}`
}

/** The same text for the same shape. */
export function shapeKey(shape: KernelShape): string {
  return `${shape.kernel}:${shape.dims.join('x')}`
}

/**
 * RAM a bench needs at least, in bytes: its operands, packed weights, its outputs (int32 sums of kernels with weights)
 * and one unpacked copy of the weights. The board knows its scratch exactly and refuses what still does not fit.
 */
export function minRamBytes(item: BenchItem): number {
  const work = shapeWork(item)
  const packedWeights = (work.weights * item.weightBits) / 8
  const outputBytes = hasWeights(item.kernel) ? 4 * work.outputs : work.outputs
  const inputBytes = kernelSpec(item.kernel).operands.bytes * operandElements(item.kernel, work)
  return Math.ceil(inputBytes + work.weights + packedWeights + outputBytes)
}

function problemOf({ kernel, dims }: KernelShape, into: Work): string | null {
  const spec = kernelSpec(kernel)
  const names = dimNames(kernel)
  const isWhole = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= maxDim
  if (dims.length !== names.length || !dims.every(isWhole))
    return `it needs ${names.length} whole numbers up to ${maxDim}: ${names.join(', ')}`
  const tooSmall = spec.dims.find(({ min }, index) => dims[index] < min)
  if (tooSmall !== undefined) return `${tooSmall.name} must be at least 1`
  return spec.work(dims, into)
}
