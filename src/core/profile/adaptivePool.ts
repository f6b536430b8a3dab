import type { BoardInfo } from '../board/boardInfo'
import type { ShapeRows } from '../proxy/samples'
import { createRandom } from '../math/random'
import { planCampaign, type CampaignInput } from './campaign'
import { guessMs, type SpeedGuess } from './duration'
import { type BenchItem, type KernelShape, shapeKey } from '../kernel/shape'
import { toShapeRows } from './proxyRows'

/** What the pool of an adaptive run is drawn from; `longestMs` bounds one measurement. */
export interface PoolRequest {
  kernel: KernelShape['kernel']
  /** Layers that must be in the pool, e.g. a model's. */
  shapes: readonly KernelShape[]
  poolShapes: number
  judgeShapes: number
  pairs: CampaignInput['pairs']
  repetitions: number
  seed: number
  longestMs: number
}

/** What an adaptive run may measure, and what it holds out to be judged on; no shape is in both. */
export interface AdaptivePool {
  items: BenchItem[]
  judge: BenchItem[]
  rows: ShapeRows
  /** Guess of what measuring each item of the pool takes. */
  seconds: Float64Array
  /** Why requested items are in neither, with how many. */
  skipped: { item: BenchItem; reason: string }[]
}

/** Bit pairs that a held-out shape is measured at: enough to judge, few enough not to cost more than the run. */
const judgePairs = 4

/**
 * One space-filling set around the given layers; some of its shapes, drawn by the seed, are held out at a few bit
 * pairs each, all others make up the pool at every pair.
 */
export function adaptivePool(
  request: PoolRequest,
  board: Pick<BoardInfo, 'kernels' | 'ram'>,
  speed: SpeedGuess
): AdaptivePool {
  const { kernel, repetitions, seed } = request
  const layers = request.shapes.filter((shape) => shape.kernel === kernel)
  const { items, skipped } = planCampaign(
    {
      shapes: layers,
      spaceFilling: request.poolShapes + request.judgeShapes,
      kernels: [kernel],
      pairs: request.pairs,
      repetitions,
      seed,
      longestMs: request.longestMs
    },
    board,
    speed,
    () => false
  )
  const random = createRandom((seed + 0x9e37) >>> 0)
  const drawable = [...new Set(items.map(shapeKey))].filter(
    (key) => !layers.some((layer) => shapeKey(layer) === key)
  )
  random.shuffle(drawable)
  const heldOut = new Set(drawable.slice(0, request.judgeShapes))
  const judge: BenchItem[] = []
  const perShape = new Map<string, number>()
  // Items come shuffled: the first pairs of a shape are as good as any.
  for (const item of items) {
    const key = shapeKey(item)
    const count = perShape.get(key) ?? 0
    if (!heldOut.has(key) || count >= judgePairs) continue
    perShape.set(key, count + 1)
    judge.push(item)
  }
  const pool = items.filter((item) => !heldOut.has(shapeKey(item)))
  return {
    items: pool,
    judge,
    rows: toShapeRows(kernel, pool),
    seconds: Float64Array.from(pool, (item) => guessMs(item, repetitions, speed) / 1000),
    skipped
  }
}
