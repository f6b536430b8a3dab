import type { Random } from '../../math/random'
import type { FeatureMatrix } from '../featureMatrix'
import { allEqual, leafMean } from './leafMean'
import { beginSearch, bestGain, cutSearchLength, searchCuts } from './bestCut'
import { alikeFeatures, binFeatures, type Binned } from './binning'
import type { EnsembleBuilder } from './ensemble'
import { centreOf, sortedKeys } from './rowKeys'
import { between, splitList } from './splitting'
import { WaitingNodes } from './waitingNodes'

/** Limits of a tree that is grown to the best split. */
export interface GrowOptions {
  /** Rows a leaf must hold at least (repetitions counted). */
  minLeaf: number
  maxDepth: number
  /** Features looked at per node; all when >= the number of features. */
  featuresPerNode: number
}

/** Deepest tree; a path of more splits than this ends in a leaf. */
export const depthLimit = 64

/**
 * Grows regression trees by best variance reduction (Breiman et al., Classification and Regression Trees, 1984). Every
 * cut between two neighbouring values is looked at, as long as a row's number and its value's rank share 31 bits: all
 * of them up to 32,768 rows; beyond, features with more distinct values are cut between 2^(31 - bits of the row
 * number) groups of about equal size.
 *
 * Rows are sorted once per feature for all trees. A node is the same stretch of every feature's list; splitting it
 * splits each list in order, so that no node ever sorts. Features constant within a node leave their lists alone from
 * there down: on profile grids most do after a few splits.
 */
export function createBestGrower(
  matrix: FeatureMatrix,
  y: Float64Array,
  options: GrowOptions
): { grow(builder: EnsembleBuilder, weight: Float64Array, random: Random): void } {
  return new BestGrower(matrix, y, options)
}

class BestGrower {
  private readonly binned: Binned
  private readonly alike: Int32Array
  private readonly rowBits: number
  private readonly rowMask: number
  private readonly sorted: Int32Array
  private readonly maxDepth: number
  /**
   * Keys of the rows in the tree, per feature: nodes of even depth read the first and write the second, odd ones the
   * other way round.
   */
  private readonly lists: readonly [Int32Array, Int32Array]
  private readonly drawn: Uint8Array
  private readonly goesLeft: Uint8Array
  private readonly centre: { mean: number; scale: number }
  /** Weight and weight * (y - mean) / scale of every row, side by side: one cache line serves both. */
  private readonly terms: Float64Array
  /** Features that vary within the node being split, one stretch per depth. */
  private readonly active: Int32Array
  /** Node whose search (then: whose splitting, as -2 - node) last came by a list. */
  private readonly visited: Int32Array
  private readonly waiting: WaitingNodes
  private readonly search = new Float64Array(cutSearchLength)
  /** Of the node searched last: best feature (-1: none), where its right side begins, features that vary within it. */
  private best = -1
  private cut = 0
  private childActive = 0

  constructor(
    matrix: FeatureMatrix,
    private readonly y: Float64Array,
    private readonly options: GrowOptions
  ) {
    const { count } = matrix
    this.rowBits = Math.max(1, 32 - Math.clz32(count - 1))
    this.rowMask = (1 << this.rowBits) - 1
    this.binned = binFeatures(matrix, Math.min(65_535, 2 ** (31 - this.rowBits)))
    const { features, codes } = this.binned
    this.alike = alikeFeatures(this.binned)
    this.sorted = sortedKeys(codes, count, this.rowBits)
    this.maxDepth = Math.min(options.maxDepth, depthLimit)
    this.lists = [new Int32Array(features * count), new Int32Array(features * count)]
    this.drawn = new Uint8Array(count)
    this.goesLeft = new Uint8Array(count)
    this.centre = centreOf(y)
    this.terms = new Float64Array(2 * count)
    this.active = new Int32Array(features * (this.maxDepth + 2))
    this.visited = new Int32Array(features)
    this.waiting = new WaitingNodes(this.maxDepth + 3)
  }

  /** Adds one tree grown on the rows with weight[row] > 0 repetitions each. */
  grow(builder: EnsembleBuilder, weight: Float64Array, random: Random): void {
    const { waiting, y, rowMask, binned } = this
    const size = this.begin(weight)
    this.wait(builder.startTree(), 0, size, 0, binned.features, 0)
    while (waiting.take()) {
      this.searchNode(random)
      if (this.best >= 0) {
        this.split(builder)
        continue
      }
      const keys = this.lists[waiting.depth & 1]
      const via = waiting.list * binned.count
      const value = leafMean(y, weight, keys, via + waiting.start, via + waiting.end, rowMask)
      builder.makeLeaf(waiting.node, value)
    }
  }

  /** Fills the lists with the rows of positive weight; returns their number. */
  private begin(weight: Float64Array): number {
    const { drawn, terms, y, sorted, rowMask, active, alike, lists } = this
    const { count, features } = this.binned
    const { mean, scale } = this.centre
    for (let row = 0; row < count; row++) {
      drawn[row] = Number(weight[row] > 0)
      terms[2 * row] = weight[row]
      terms[2 * row + 1] = (weight[row] * (y[row] - mean)) / scale
    }
    const first = lists[0]
    let size = 0
    for (let feature = 0; feature < features; feature++) {
      active[feature] = feature
      if (alike[feature] !== feature) continue
      const base = feature * count
      let to = base
      for (let at = base; at < base + count; at++) {
        const key = sorted[at]
        first[to] = key
        to += drawn[key & rowMask]
      }
      size = to - base
    }
    this.visited.fill(-1)
    return size
  }

  private wait(
    node: number,
    start: number,
    end: number,
    depth: number,
    activeCount: number,
    list: number
  ): void {
    const base = list * this.binned.count
    this.waiting.push(node, start, end, depth, activeCount, list)
    this.waiting.sumUp(this.lists[depth & 1], base + start, base + end, this.terms, this.rowMask)
  }

  /** Looks for the best cut of the node taken last. */
  private searchNode(random: Random): void {
    const { waiting, search, options, y, rowMask } = this
    const { start, end, depth } = waiting
    this.best = -1
    this.cut = 0
    this.childActive = 0
    const via = waiting.list * this.binned.count
    if (waiting.weight < 2 * options.minLeaf || depth >= this.maxDepth) return
    if (allEqual(y, this.lists[depth & 1], via + start, via + end, rowMask)) return
    beginSearch(search, waiting.weight, waiting.sum, options.minLeaf)
    this.searchFeatures(random)
  }

  private searchFeatures(random: Random): void {
    const { active, alike, visited, rowBits, terms, search } = this
    const { node, start, end, depth, activeCount } = this.waiting
    const { count, features } = this.binned
    const { featuresPerNode } = this.options
    const keys = this.lists[depth & 1]
    const mine = depth * features
    const childs = mine + features
    let looked = 0
    // Partial Fisher-Yates: features come in random order, so that ties fall to each alike. One draw a node seeds
    // a linear congruential sequence (Numerical Recipes' constants): a dozen places need no better.
    let bits = random.integer(2 ** 32) | 0
    for (let at = 0; at < activeCount; at++) {
      bits = (Math.imul(bits, 1_664_525) + 1_013_904_223) | 0
      const pick = mine + at + (((bits >>> 16) * (activeCount - at)) >>> 16)
      const feature = active[pick]
      active[pick] = active[mine + at]
      active[mine + at] = feature
      const list = alike[feature]
      const base = list * count
      if (keys[base + start] >> rowBits === keys[base + end - 1] >> rowBits) continue
      active[childs + this.childActive++] = feature
      if (looked >= featuresPerNode && this.best >= 0) continue
      looked++
      if (visited[list] === node) continue
      visited[list] = node
      const found = searchCuts(keys, base + start, base + end, rowBits, terms, search)
      if (found < 0) continue
      this.best = feature
      this.cut = found - base
      // Two rows: any cut parts them, and none better.
      if (end - start === 2) return
    }
  }

  /** Splits the node taken last at the cut found for it; its children wait or are leaves. */
  private split(builder: EnsembleBuilder): void {
    const { best, cut, rowBits, rowMask, y } = this
    const { node, start, end, depth } = this.waiting
    const { high, low, count } = this.binned
    const keys = this.lists[depth & 1]
    builder.gain[best] += bestGain(this.search) * this.centre.scale * this.centre.scale
    const list = this.alike[best]
    const base = list * count
    const left = builder.addPair()
    const leftCode = keys[base + cut - 1] >> rowBits
    const rightCode = keys[base + cut] >> rowBits
    builder.makeSplit(node, best, between(high[best][leftCode], low[best][rightCode]), left)
    this.splitLists(list)
    // The left subtree, next in turn, uses the stretches of `active` below its own; the right one finds its own as
    // it is here, reordered at most.
    const { childActive } = this
    if (end - cut === 1) builder.makeLeaf(left + 1, y[keys[base + cut] & rowMask])
    else this.wait(left + 1, cut, end, depth + 1, childActive, list)
    if (cut - start === 1) builder.makeLeaf(left, y[keys[base + start] & rowMask])
    else this.wait(left, start, cut, depth + 1, childActive, list)
  }

  /** Splits the list of every feature that varies within the node, `bestList` at the cut and the others by rows. */
  private splitLists(bestList: number): void {
    const { cut, rowMask, goesLeft, visited, alike, active, childActive } = this
    const { node, start, end, depth } = this.waiting
    const { count, features } = this.binned
    const keys = this.lists[depth & 1]
    const childKeys = this.lists[(depth + 1) & 1]
    const base = bestList * count
    for (let at = base + start; at < base + end; at++) {
      const key = keys[at]
      childKeys[at] = key
      goesLeft[key & rowMask] = Number(at < base + cut)
    }
    visited[bestList] = -2 - node
    const childs = (depth + 1) * features
    // Single rows are leaves: two of them need no lists.
    for (let at = end - start === 2 ? childActive : 0; at < childActive; at++) {
      const list = alike[active[childs + at]]
      if (visited[list] === -2 - node) continue
      visited[list] = -2 - node
      const from = list * count
      splitList(keys, childKeys, from + start, from + cut, from + end, goesLeft, rowMask)
    }
  }
}
