const fields = 6

/**
 * Nodes of a growing tree that wait for their turn; the last to come is the first to be taken. Kept in typed arrays, so
 * that growing allocates nothing per node.
 */
export class WaitingNodes {
  /** The node taken last: its number, its stretch [start, end) of the lists, and its depth. */
  node = 0
  start = 0
  end = 0
  depth = 0
  /** How many features vary within it, and a feature whose list holds its rows. */
  activeCount = 0
  list = 0
  /** Weight of its rows, and weight times target summed over them. */
  weight = 0
  sum = 0
  private readonly numbers: Int32Array
  private readonly sums: Float64Array
  private top = 0

  constructor(capacity: number) {
    this.numbers = new Int32Array(fields * capacity)
    this.sums = new Float64Array(2 * capacity)
  }

  /** Adds a node; `sumUp` follows. */
  push(node: number, start: number, end: number, depth: number, activeCount: number, list: number): void {
    const place = fields * this.top
    this.numbers[place] = node
    this.numbers[place + 1] = start
    this.numbers[place + 2] = end
    this.numbers[place + 3] = depth
    this.numbers[place + 4] = activeCount
    this.numbers[place + 5] = list
    this.top++
  }

  /** Sums of the node pushed last over keys[from, to). Summed from the rows each time: differences would accumulate rounding errors. */
  sumUp(keys: Int32Array, from: number, to: number, terms: Float64Array, rowMask: number): void {
    let sum = 0
    let total = 0
    for (let at = from; at < to; at++) {
      const row = keys[at] & rowMask
      total += terms[row << 1]
      sum += terms[(row << 1) + 1]
    }
    this.sums[2 * this.top - 2] = total
    this.sums[2 * this.top - 1] = sum
  }

  /** Takes the last node into the fields; false where none waits. */
  take(): boolean {
    if (this.top === 0) return false
    this.top--
    const place = fields * this.top
    this.node = this.numbers[place]
    this.start = this.numbers[place + 1]
    this.end = this.numbers[place + 2]
    this.depth = this.numbers[place + 3]
    this.activeCount = this.numbers[place + 4]
    this.list = this.numbers[place + 5]
    this.weight = this.sums[2 * this.top]
    this.sum = this.sums[2 * this.top + 1]
    return true
  }
}
