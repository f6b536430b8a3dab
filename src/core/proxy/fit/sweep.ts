import { AppError } from '../../../shared/errors'
import type { ProxyKernelName } from '../../../shared/vocabulary'
import { kernelSpec, rowSpec } from '../../kernel/spec'
import { emptyWork } from '../../kernel/work'
import { noBits, type LayerShape } from '../samples'

/** Widest operand a sweep takes. */
const maxSweptBits = 32

/**
 * One layer at every pair of the given widths, widest first: what a precision sweep predicts. Kernels without weights
 * have one row per activation width.
 * @param dims sizes in the order of the kernel's file columns (rowSpec)
 * @throws AppError input.invalid for sizes that make no such layer and for widths that are not whole numbers 1..32
 */
export function sweepLayers(
  kernel: ProxyKernelName,
  dims: readonly number[],
  bits: readonly number[]
): LayerShape[] {
  requireLayer(kernel, dims)
  const widths = [...new Set(bits)].sort((a, b) => b - a)
  const wrong = widths.find((width) => !Number.isInteger(width) || width < 1 || width > maxSweptBits)
  if (wrong !== undefined || widths.length === 0) {
    throw new AppError(
      'input.invalid',
      wrong === undefined ? 'A sweep needs at least one bit width.' : `${wrong} is no bit width.`,
      `Give whole numbers from 1 to ${maxSweptBits}, e.g. 8,4,2,1.`
    )
  }
  if (!kernelSpec(kernel).hasWeights) {
    return widths.map((activationBits) => ({ dims, activationBits, weightBits: noBits }))
  }
  return widths.flatMap((weightBits) =>
    widths.map((activationBits) => ({ dims, activationBits, weightBits }))
  )
}

function requireLayer(kernel: ProxyKernelName, dims: readonly number[]): void {
  const { columns, work } = rowSpec(kernel)
  const order = columns.map(({ name }) => name).join(',')
  const complaint =
    dims.length !== columns.length
      ? `A ${kernel} has ${columns.length} sizes, not ${dims.length}.`
      : dims.every((size) => Number.isInteger(size) && size > 0)
        ? work(dims, emptyWork())
        : 'Sizes are whole numbers above 0.'
  if (complaint === null) return
  throw new AppError('input.invalid', complaint, `Give ${order} in this order.`)
}
