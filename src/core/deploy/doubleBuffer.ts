import { alignUp, type Lifetime } from './planner'

/** A buffer of the arena with the steps it lives through. */
export interface ArenaBuffer extends Lifetime {
  readonly kind: 'activation' | 'scratch'
}

/**
 * What the arena would take without a planner: the usual two buffers that layers write in turn, each as large as the
 * largest tensor that passes through them; a buffer of its own for every tensor that must outlive the next layer (a
 * skip connection, or nothing would be left of it); and one scratch buffer for all layers. The measure that a placement
 * by lifetime is shown against; nothing is ever deployed this way.
 */
export function doubleBufferBytes(buffers: readonly ArenaBuffer[], alignment = 16): number {
  let passing = 0
  let kept = 0
  let scratch = 0
  for (const { kind, sizeBytes, first, last } of buffers) {
    const aligned = alignUp(sizeBytes, alignment)
    if (kind === 'scratch') scratch = Math.max(scratch, aligned)
    else if (last - first <= 1) passing = Math.max(passing, aligned)
    else kept += aligned
  }
  return 2 * passing + kept + scratch
}
