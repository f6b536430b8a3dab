import type { MoveLoops } from '../quantizedNetwork'

/** Counts an Image holds for one move (docs/image.md). */
export const maxLoops = 6

/**
 * A list of copies (element outs[i] takes element ins[i]) as nested counts; null where six do not express it. Neighbouring
 * copies with equal steps become the innermost count, the blocks so found the next one, and so on.
 */
export function moveLoops(outs: Int32Array, ins: Int32Array): MoveLoops | null {
  const counts: number[] = []
  const inStrides: number[] = []
  const outStrides: number[] = []
  let [to, from] = [outs, ins]
  while (to.length > 1) {
    const length = blockLength(to, from)
    if (length === 1 || counts.length === maxLoops) return null
    counts.unshift(length)
    outStrides.unshift(to[1] - to[0])
    inStrides.unshift(from[1] - from[0])
    const isStart = (_: number, at: number): boolean => at % length === 0
    ;[to, from] = [to.filter(isStart), from.filter(isStart)]
  }
  if (to.length === 0) return null
  return { counts, inStrides, outStrides, inOffset: from[0], outOffset: to[0] }
}

/** The longest length that divides the list into blocks with the steps of the first two copies; 1 when none does. */
function blockLength(to: Int32Array, from: Int32Array): number {
  const stepOut = to[1] - to[0]
  const stepIn = from[1] - from[0]
  const isNext = (at: number): boolean =>
    to[at] - to[at - 1] === stepOut && from[at] - from[at - 1] === stepIn
  let run = 2
  while (run < to.length && isNext(run)) run++
  for (let length = run; length > 1; length--) {
    if (to.length % length !== 0) continue
    let holds = true
    for (let at = 1; at < to.length && holds; at++) holds = at % length === 0 || isNext(at)
    if (holds) return length
  }
  return 1
}

/** Loops whose neighbours can be walked as one, joined; used where two operands are walked together. */
export function joinLoops(
  counts: readonly number[],
  a: readonly number[],
  b: readonly number[]
): { counts: number[]; a: number[]; b: number[] } {
  const joined = { counts: [] as number[], a: [] as number[], b: [] as number[] }
  for (const [at, count] of counts.entries()) {
    if (count === 1) continue
    const last = joined.counts.length - 1
    const follows = last >= 0 && joined.a[last] === a[at] * count && joined.b[last] === b[at] * count
    if (follows) {
      joined.counts[last] = joined.counts[last] * count
      joined.a[last] = a[at]
      joined.b[last] = b[at]
    } else {
      joined.counts.push(count)
      joined.a.push(a[at])
      joined.b.push(b[at])
    }
  }
  return joined
}
