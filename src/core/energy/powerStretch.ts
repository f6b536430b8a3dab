import type { PowerStretch } from '../../shared/contract/energy'
import { createLineRange } from './lineRange'
import { createPlausibleBlocks } from './plausible'
import { createPowerIntegral, type Break } from './powerIntegral'

/** Which readings belong to a stretch of a recording, and how they are joined. */
export interface StretchFrame {
  readonly fromMs: number
  readonly toMs: number
  /** See gapAfterMsOf. */
  readonly gapAfterMs: number
  readonly gaps: readonly Break[]
  /** Power limit of the GPU, W; 'any' where every reading is believed. */
  readonly powerLimitW: number | null | 'any'
}

/** Readings that are looked at together. */
const blockReadings = 4096

/**
 * Measures the power over any stretch of a recording as the energy of a phase is measured: trapezoids with interpolated ends,
 * nothing over gaps, impossible readings left out.
 */
export function createPowerStretch({ fromMs, toMs, gapAfterMs, gaps, powerLimitW }: StretchFrame): {
  /** Readings in the order of time, ms and W, NaN where unavailable; those around the stretch too, as far as they join into it. */
  add(tMs: ArrayLike<number>, powerW: ArrayLike<number>): void
  finish(): PowerStretch
} {
  const integral = createPowerIntegral(fromMs, toMs, gapAfterMs, gaps)
  const range = createLineRange(fromMs, toMs, gapAfterMs, gaps)
  const blocks = createPlausibleBlocks(blockReadings, powerLimitW, (block) => {
    integral.add(block.tMs, block.powerW)
    range.add(block.tMs, block.powerW)
  })
  return {
    add(tMs, powerW) {
      for (let row = 0; row < tMs.length; row++) blocks.add(tMs[row], powerW[row], NaN)
    },
    finish() {
      blocks.end()
      const { energyJ, coveredMs, gapCount, meanW, samples } = integral.result()
      const { min, max, first, last } = range.result()
      return {
        ...{ fromMs, toMs, durationMs: toMs - fromMs, coveredMs, gapCount, samples },
        implausible: blocks.removedMs.filter((tMs) => tMs >= fromMs && tMs <= toMs).length,
        totalJ: coveredMs > 0 ? energyJ : null,
        meanW: coveredMs > 0 ? meanW : first,
        ...{ minW: min, maxW: max },
        deltaW: first === null || last === null ? null : last - first
      }
    }
  }
}
