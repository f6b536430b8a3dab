import * as ort from 'onnxruntime-node'
import { loopCount } from '../../../core/workload/onnx/cut'
import type { Feeds } from './testRows'
import type { createPhases } from './printer'

/** Most turns of one loop. */
const maxTurns = 1_000_000_000

/** A network that is run in a loop for a time. */
export interface TimedLoop {
  /** Warms up, then runs the loop for at least `forMs` inside one phase. */
  run(name: string, forMs: number): Promise<void>
}

/**
 * @param copies computations of the layer per turn of the loop
 * @param feeds inputs of the looped model but for its count
 */
export function createTimedLoop(
  session: ort.InferenceSession,
  feeds: Feeds,
  copies: number,
  phases: ReturnType<typeof createPhases>,
  /** Further facts for the mark of its end. */
  facts: Readonly<Record<string, number>> = {}
): TimedLoop {
  const turn = async (turns: number): Promise<number> => {
    const started = performance.now()
    await session.run({ ...feeds, [loopCount]: new ort.Tensor('int64', BigInt64Array.of(BigInt(turns)), []) })
    return performance.now() - started
  }
  return {
    async run(name, forMs) {
      // The first calls allocate; the rate is taken from a run that is long beside the call itself.
      let turns = 1
      let tookMs = await turn(turns)
      const enoughMs = Math.min(200, forMs / 3)
      while (tookMs < enoughMs && turns < maxTurns) {
        turns = Math.min(maxTurns, Math.ceil(turns * Math.min(10, (1.2 * enoughMs) / Math.max(0.01, tookMs))))
        tookMs = await turn(turns)
      }
      const turnsFor = (ms: number): number =>
        Math.max(1, Math.min(maxTurns, Math.ceil((turns * ms) / tookMs)))
      let done = 0
      phases.begin(name)
      const started = performance.now()
      // A machine that became faster ends early: the rest is added, in calls that are long beside their own cost.
      for (let leftMs = forMs; leftMs > 0; leftMs = forMs - (performance.now() - started)) {
        const wanted = turnsFor(Math.max(leftMs, forMs / 10))
        await turn(wanted)
        done += wanted
      }
      phases.end(name, done * copies, facts)
    }
  }
}
