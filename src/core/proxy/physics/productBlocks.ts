import type { WorkColumns } from '../features'

/** Work of a product of two activations by its register blocks; one column per term. */
export interface ProductBlocks {
  /** MACs outside whole blocks, which the reference computes one by one. */
  leftMacs: Float64Array
  leftOutputs: Float64Array
  /** Whole blocks. */
  blocks: Float64Array
  rows: Float64Array
}

/** Rows and columns of a block of `rv32im/product.c`. */
const [blockRows, blockColumns] = [2, 4]

/** Splits the products of every row into those within whole blocks of two rows by four columns, and those left over. */
export function productBlocks({ macs, outputs, patches }: WorkColumns): ProductBlocks {
  const { length } = macs
  const [leftMacs, leftOutputs] = [new Float64Array(length), new Float64Array(length)]
  const [blocks, rows] = [new Float64Array(length), new Float64Array(length)]
  for (let at = 0; at < length; at++) {
    const reduction = macs[at] / outputs[at]
    rows[at] = patches[at] / reduction
    const columns = outputs[at] / rows[at]
    blocks[at] = Math.floor(rows[at] / blockRows) * Math.floor(columns / blockColumns)
    leftOutputs[at] = outputs[at] - blocks[at] * blockRows * blockColumns
    leftMacs[at] = leftOutputs[at] * reduction
  }
  return { leftMacs, leftOutputs, blocks, rows }
}
