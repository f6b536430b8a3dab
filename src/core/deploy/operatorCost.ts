import { median } from '../math/median'
import { shapeWork, type BenchItem } from '../kernel/shape'
import type { KernelCall } from './kernelCalls'

/** A measured call of an operator. */
export interface MeasuredCall extends BenchItem {
  time: number
}

/** Cost of a call that was itself measured (at other bits, if not at its own); null where it was not. */
export function measuredCost(call: KernelCall, measured: readonly MeasuredCall[]): number | null {
  const exact = measured.filter((sample) => sample.kernel === call.kernel && sameShape(sample, call))
  const exactBits = exact.filter((sample) => sample.activationBits === call.activationBits)
  const known = exactBits.length > 0 ? exactBits : exact
  return known.length === 0 ? null : call.scale * median(known.map((sample) => sample.time))
}

/** The median time per element visit of the kernel's Samples, times the call's visits; null without any Sample. */
export function costByVisits(call: KernelCall, measured: readonly MeasuredCall[]): number | null {
  return medianByVisits(
    call,
    measured.filter((sample) => sample.kernel === call.kernel)
  )
}

/**
 * A rough estimate for a kernel that was never measured: the median time per element visit of every operator's Samples. Search
 * adds it to what all candidates share, so that an unmeasured operator does not count as free; null without any Sample.
 */
export function costByAnyVisits(call: KernelCall, measured: readonly MeasuredCall[]): number | null {
  return costByVisits(call, measured) ?? medianByVisits(call, measured)
}

function medianByVisits(call: KernelCall, known: readonly MeasuredCall[]): number | null {
  if (known.length === 0) return null
  const perVisit = median(known.map((sample) => sample.time / shapeWork(sample).macs))
  return perVisit * shapeWork(call).macs * call.scale
}

function sameShape(a: BenchItem, b: BenchItem): boolean {
  return a.dims.length === b.dims.length && a.dims.every((value, index) => value === b.dims[index])
}
