import type { PlannedCampaign } from '../../../core/profile/campaign'
import type { SpeedGuess } from '../../../core/profile/duration'
import { type KernelShape, shapeKey } from '../../../core/kernel/shape'
import type { CampaignPreview, Sample } from '../../../shared/contract/profile'
import { AppError } from '../../../shared/errors'
import type { ProfiledBoard } from '../measure'
import type { BoardIdentity } from '../samples/sampleStore'

/** A plan in words and figures, and what it is guessed from. */

/** Shapes shown of a plan. */
const previewShapes = 40

/** What Samples keep of the board they were measured on. */
export const identityOf = (board: ProfiledBoard): BoardIdentity => ({
  boardId: board.id,
  buildId: board.info.buildId,
  coreName: board.info.coreName
})

/** Before anything was measured: simulators by what they run on one core of a usual machine, cores by their clock. */
export function firstGuess(board: ProfiledBoard): SpeedGuess {
  if (board.kind === 'virtual') return { stepsPerMs: 60_000, overheadMs: 5 }
  if (board.kind === 'rtl') return { stepsPerMs: 1_500, overheadMs: 10 }
  if (board.kind === 'qemu') return { stepsPerMs: 150_000, overheadMs: 8 }
  return { stepsPerMs: (board.info.clockHz ?? 50_000_000) / 1000, overheadMs: 15 }
}

/** Returns the plan of a campaign as the window shows it. */
export function presentCampaign(planned: PlannedCampaign, calibrated: boolean): CampaignPreview {
  const reasons = new Map<string, number>()
  for (const { reason } of planned.skipped) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  const shapes = new Map<string, KernelShape>()
  const byKernel = new Map<Sample['kernel'], { shapes: Set<string>; pairs: Set<string>; samples: number }>()
  for (const item of planned.items) {
    shapes.set(shapeKey(item), { kernel: item.kernel, dims: item.dims })
    const group = byKernel.get(item.kernel) ?? { shapes: new Set(), pairs: new Set(), samples: 0 }
    group.shapes.add(shapeKey(item))
    group.pairs.add(`${item.activationBits}/${item.weightBits}`)
    group.samples++
    byKernel.set(item.kernel, group)
  }
  return {
    samples: planned.items.length,
    alreadyMeasured: planned.alreadyMeasured.length,
    skipped: planned.skipped.length,
    skippedBecause: [...reasons].map(([reason, count]) => ({ reason, count })),
    estimateMs: planned.estimateMs,
    estimateFrom: calibrated ? 'samples' : 'analytic',
    byKernel: [...byKernel].map(([kernel, group]) => ({
      kernel,
      shapes: group.shapes.size,
      pairs: group.pairs.size,
      samples: group.samples
    })),
    preview: [...shapes.values()]
      .slice(0, previewShapes)
      .map(({ kernel, dims }) => ({ kernel, dims: [...dims] }))
  }
}

/** Returns the error for a campaign without anything to measure. */
export function nothingToMeasure(planned: PlannedCampaign): AppError {
  const why = planned.skipped[0]?.reason ?? 'no shapes were given'
  return new AppError(
    'input.invalid',
    `There is nothing to measure: ${why}.`,
    'Give shapes or a model, choose a space-filling set, or choose other bit pairs.'
  )
}
