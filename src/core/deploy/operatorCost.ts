import { shapeWork, type BenchItem } from '../profile/kernelShape'

/** A measured call of an operator. */
export interface MeasuredCall extends BenchItem {
  time: number
}

/**
 * Cost of an operator without weights from what was measured on the board: the very shape where it was measured, else
 * the median time per element visit of that kernel's Samples, times its visits. Null where the kernel was never measured.
 */
export function operatorCost(call: BenchItem, measured: readonly MeasuredCall[]): number | null {
  const ofKernel = measured.filter((sample) => sample.kernel === call.kernel)
  const exact = ofKernel.filter((sample) => sameShape(sample, call))
  const exactBits = exact.filter((sample) => sample.activationBits === call.activationBits)
  const known = exactBits.length > 0 ? exactBits : exact
  if (known.length > 0) return median(known.map((sample) => sample.time))
  if (ofKernel.length === 0) return null
  return median(ofKernel.map((sample) => sample.time / shapeWork(sample).macs)) * shapeWork(call).macs
}

function sameShape(a: BenchItem, b: BenchItem): boolean {
  return a.dims.length === b.dims.length && a.dims.every((value, index) => value === b.dims[index])
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
