/**
 * Regression trees in flat arrays, all trees of an ensemble behind one another. A node's right child follows its
 * left; a leaf points to itself. x > threshold goes right.
 */
export interface TreeEnsemble {
  /** First node of every tree. */
  readonly roots: Int32Array
  readonly feature: Int32Array
  /** +Infinity at leaves: whatever the row, it stays. */
  readonly threshold: Float64Array
  /** Left child; the right one is left + 1. A leaf holds its own number. */
  readonly left: Int32Array
  /** Leaf value; 0 at inner nodes. */
  readonly value: Float64Array
  /** Split gains summed per feature over all trees: the raw material of feature importance. */
  readonly gain: Float64Array
}
