import { containerBits, type WorkColumns } from '../features'
import type { ShapeRows } from '../samples'

/**
 * What a systolic array of bit-composable units works on: outputs in whole columns of the array, reductions in whole
 * rows, each row taking as many products as fit into its multipliers (Sharma et al., ISCA 2018, section III).
 */
export interface ArrayWork {
  /** MACs times container widths, outputs and reductions rounded up to the array. */
  compute: Float64Array
  /** Outputs rounded up to whole columns: what the array writes. */
  outputs: Float64Array
}

const columnsOfArray = 32
/** 16 rows of 8 x 8 bit multipliers. */
const bitsOfRow = 1024

/** Work of a bit-parallel array, with rows and columns filled up to its size. */
export function arrayWork(rows: ShapeRows, { macs, outputs, patches }: WorkColumns): ArrayWork {
  const array: ArrayWork = { compute: new Float64Array(rows.count), outputs: new Float64Array(rows.count) }
  for (let row = 0; row < rows.count; row++) {
    const reduction = macs[row] / outputs[row]
    const positions = patches[row] / reduction
    const bits = containerBits(rows.activationBits[row]) * containerBits(rows.weightBits[row])
    array.outputs[row] = positions * roundUp(outputs[row] / positions, columnsOfArray)
    array.compute[row] = array.outputs[row] * roundUp(reduction * bits, bitsOfRow)
  }
  return array
}

/** `size` rounded up to a multiple of `step`. */
export function roundUp(size: number, step: number): number {
  return Math.ceil(size / step) * step
}
