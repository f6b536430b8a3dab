import type { DecodedCode } from '../core/decodedCode'
import { firstSlowOperation, isBranch, op } from '../core/operations'

/** A straight run of instructions. Only the last may transfer control; all are ones the fast loops can do. */
export interface Block {
  /** Offset of the first instruction. */
  start: number
  /** Halfword index of every instruction, in order. */
  indices: number[]
  /** Offset after the last instruction: where execution goes on when nothing transfers control. */
  end: number
}

/** Blocks reachable from an entry by jumps whose targets are known, in address order. */
export interface Region {
  entry: number
  blocks: Block[]
  /** Offsets after the region's calls, where a `ret` may well go. */
  returnSites: number[]
}

// Small regions: V8's optimiser takes more than twice as long for twice the blocks, and until it is done the
// interpreter would be faster. Execution crosses from region to region at little cost.
const maxBlocks = 8
const maxInstructions = 96
const maxBlockInstructions = 256

/** True for operations that a compiled block may hold. */
const isCompilable = (operation: number): boolean => operation > op.illegal && operation < firstSlowOperation

const endsBlock = (operation: number): boolean =>
  isBranch(operation) || operation === op.jal || operation === op.jalr

/**
 * Collects the region around a hot entry: breadth first, so that the limits cut what is far away. Returns null when
 * not even the first instruction can be compiled.
 */
export function discoverRegion(code: DecodedCode, entry: number, ramBytes: number): Region | null {
  const leaders = new Set<number>([entry])
  const returnSites = new Set<number>()
  const queue = [entry]
  let instructions = 0
  for (let next = 0; next < queue.length && instructions < maxInstructions; next++) {
    const block = scan(code, queue[next], ramBytes, null)
    if (block === null) continue
    instructions += block.indices.length
    for (const successor of successorsOf(code, block, returnSites)) {
      if (leaders.size >= maxBlocks || leaders.has(successor)) continue
      leaders.add(successor)
      queue.push(successor)
    }
  }
  // A leader found late may lie inside a block scanned early: cut every block at the leaders. What the instruction
  // limit left unscanned stays outside the region.
  const scanned = new Set(queue.filter((start) => leaders.has(start)))
  const blocks: Block[] = []
  let total = 0
  for (const start of scanned) {
    if (total >= maxInstructions) break
    const block = scan(code, start, ramBytes, leaders)
    if (block === null) continue
    total += block.indices.length
    blocks.push(block)
  }
  if (blocks.length === 0 || blocks[0].start !== entry) return null
  return {
    entry,
    blocks: blocks.sort((a, b) => a.start - b.start),
    returnSites: [...returnSites].filter((site) => blocks.some((block) => block.start === site))
  }
}

/** Reads instructions from `start` up to a control transfer, a slow one, a limit or another leader. */
function scan(code: DecodedCode, start: number, ramBytes: number, leaders: Set<number> | null): Block | null {
  const indices: number[] = []
  let offset = start
  while (offset >= 0 && offset < ramBytes && indices.length < maxBlockInstructions) {
    if (offset !== start && leaders !== null && leaders.has(offset)) break
    const index = offset >> 1
    if (code.operation[index] === op.undecoded) code.decodeAt(index)
    const operation = code.operation[index]
    if (!isCompilable(operation)) break
    indices.push(index)
    offset += code.fields[index] >>> 24
    if (endsBlock(operation)) break
  }
  return indices.length === 0 ? null : { start, indices, end: offset }
}

function successorsOf(code: DecodedCode, block: Block, returnSites: Set<number>): number[] {
  const last = block.indices[block.indices.length - 1]
  const operation = code.operation[last]
  const target = (last << 1) + code.immediate[last]
  if (isBranch(operation)) return [target, block.end]
  if (operation === op.jalr) {
    if (isCall(code.fields[last])) returnSites.add(block.end)
    return isCall(code.fields[last]) ? [block.end] : []
  }
  if (operation !== op.jal) return [block.end]
  if (!isCall(code.fields[last])) return [target]
  returnSites.add(block.end)
  return [target, block.end]
}

/** Whether a jump links through ra (x1). */
const isCall = (fields: number): boolean => (fields & 63) === 1
