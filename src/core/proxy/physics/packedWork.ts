import { roundUp } from './arrayWork'
import type { WorkColumns } from '../features'

/**
 * What kernels on packed operands pay for beyond the plain counts: operands are read in whole words, and outputs are
 * computed in register blocks. Elements, one column per term.
 */
export interface PackedWork {
  /** MACs with every reduction rounded up to whole vectors. */
  alignedMacs: Float64Array
  /** The same with rows and outputs rounded up to whole register blocks. */
  blockedMacs: Float64Array
  /** Weights unpacked once per block of rows. */
  unpackedWeights: Float64Array
  /** Elements of the im2col matrix with its rows rounded up to whole vectors. */
  alignedPatches: Float64Array
  /** Rows of the matrix product: positions of a convolution. */
  rows: Float64Array
}

/** Elements a packed operand is rounded up to: a 32-bit word of 1-bit codes. */
const vectorElements = 32
/** Side of a register block: four rows by four outputs fill the registers of RV32. */
const blockSide = 4

/** Work of kernels on packed codes: whole words, blocks and unpacked weights. */
export function packedWork({ macs, outputs, patches }: WorkColumns): PackedWork {
  const columns: PackedWork = {
    alignedMacs: new Float64Array(macs.length),
    blockedMacs: new Float64Array(macs.length),
    unpackedWeights: new Float64Array(macs.length),
    alignedPatches: new Float64Array(macs.length),
    rows: new Float64Array(macs.length)
  }
  for (let row = 0; row < macs.length; row++) {
    const reduction = macs[row] / outputs[row]
    const rows = patches[row] / reduction
    const outputsPerRow = outputs[row] / rows
    const aligned = roundUp(reduction, vectorElements)
    columns.alignedMacs[row] = outputs[row] * aligned
    columns.blockedMacs[row] = roundUp(rows, blockSide) * roundUp(outputsPerRow, blockSide) * aligned
    columns.unpackedWeights[row] = (roundUp(rows, blockSide) / blockSide) * outputsPerRow * aligned
    columns.alignedPatches[row] = rows * aligned
    columns.rows[row] = rows
  }
  return columns
}
