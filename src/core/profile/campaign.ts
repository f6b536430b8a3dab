import { formatBitPair } from '../../shared/bitPair'
import type { KernelName } from '../../shared/vocabulary'
import { type BoardInfo, usableRamBytes } from '../board/boardInfo'
import { createRandom } from '../math/random'
import { spaceFillingShapes } from './design'
import { guessMs, type SpeedGuess } from './duration'
import { isRecurrentKernel } from '../kernel/spec'
import {
  type BenchItem,
  hasWeights,
  itemKey,
  type KernelShape,
  minRamBytes,
  shapeKey,
  shapeWork
} from '../kernel/shape'

/** What a campaign measures; `longestMs` bounds one measurement. */
export interface CampaignInput {
  /** Layer shapes and whatever else is to be measured exactly. */
  shapes: readonly KernelShape[]
  /** Shapes per kernel to spread around them. */
  spaceFilling: number
  /** Kernels of the space-filling set; empty: those of `shapes`, or matmul and conv2d. */
  kernels: readonly KernelName[]
  /** Empty: every pair the board has. */
  pairs: readonly { activationBits: number; weightBits: number }[]
  repetitions: number
  seed: number
  longestMs: number
}

/** The measurements of a campaign, those known already, and those left out with the reason. */
export interface PlannedCampaign {
  /** In the order of measuring: shuffled by the seed, so that a campaign cut short still covers the space. */
  items: BenchItem[]
  alreadyMeasured: BenchItem[]
  skipped: { item: BenchItem; reason: string }[]
  estimateMs: number
}

/** A space-filling shape is at most this many times the work of the largest exact one. */
const maxTimesLargest = 4
/** And without exact shapes: about a second of a 50 MHz core per repetition. */
const usualMaxMacs = 4_000_000

/**
 * Plans a campaign on one board: exact shapes and a space-filling set around them, times the bit pairs that the
 * board's kernel table has.
 *
 * @param isMeasured whether an item (by itemKey) needs no measuring
 * @throws input.invalid for an impossible shape
 */
export function planCampaign(
  input: CampaignInput,
  board: Pick<BoardInfo, 'kernels' | 'ram'>,
  speed: SpeedGuess,
  isMeasured: (key: string) => boolean
): PlannedCampaign {
  const shapes = allShapes(input)
  const plan: PlannedCampaign = { items: [], alreadyMeasured: [], skipped: [], estimateMs: 0 }
  const seen = new Set<string>()
  const ramBytes = usableRamBytes(board)
  for (const shape of shapes) {
    for (const pair of pairsFor(shape.kernel, input.pairs, board)) {
      const item: BenchItem = { ...shape, ...pair }
      const key = itemKey(item)
      if (seen.has(key)) continue
      seen.add(key)
      const durationMs = guessMs(item, input.repetitions, speed)
      const reason = reasonToSkip(item, board, ramBytes, durationMs, input.longestMs)
      if (reason !== null) plan.skipped.push({ item, reason })
      else if (isMeasured(key)) plan.alreadyMeasured.push(item)
      else {
        plan.items.push(item)
        plan.estimateMs += durationMs
      }
    }
  }
  createRandom(input.seed).shuffle(plan.items)
  return plan
}

function allShapes(input: CampaignInput): KernelShape[] {
  const exact = new Map<string, KernelShape>()
  for (const shape of input.shapes) {
    shapeWork(shape)
    exact.set(shapeKey(shape), { kernel: shape.kernel, dims: [...shape.dims] })
  }
  const around = [...exact.values()]
  const named = input.kernels.length > 0 ? input.kernels : [...new Set(around.map((shape) => shape.kernel))]
  const kernels: readonly KernelName[] = named.length > 0 ? named : ['matmul', 'conv2d']
  const spread = kernels.flatMap((kernel, at) => {
    const largest = Math.max(
      0,
      ...around.filter((shape) => shape.kernel === kernel).map((shape) => shapeWork(shape).macs)
    )
    return spaceFillingShapes({
      kernel,
      count: input.spaceFilling,
      seed: (input.seed + at) >>> 0,
      around,
      maxMacs: largest > 0 ? largest * maxTimesLargest : usualMaxMacs
    })
  })
  return [...around, ...spread]
}

/**
 * The pairs to measure a kernel at: the wanted ones, or all the board has; kernels without weights have width alone, and recurrences
 * have one whatever is wanted: a network with them has them at every pair. Of a kernel that the board has not (older firmware, a small
 * build) one pair, so that it is reported as skipped.
 */
function pairsFor(
  kernel: KernelName,
  wanted: CampaignInput['pairs'],
  board: Pick<BoardInfo, 'kernels'>
): { activationBits: number; weightBits: number }[] {
  const own = board.kernels
    .filter((entry) => entry.kernel === kernel)
    .map(({ activationBits, weightBits }) => ({
      activationBits: benchWidth(activationBits),
      weightBits: hasWeights(kernel) ? weightBits : 0
    }))
  if (own.length === 0 && (wanted.length === 0 || !hasWeights(kernel)))
    return [{ activationBits: 8, weightBits: hasWeights(kernel) ? 8 : 0 }]
  if (wanted.length === 0 || isRecurrentKernel(kernel)) return own
  if (hasWeights(kernel))
    return wanted.map(({ activationBits, weightBits }) => ({ activationBits, weightBits }))
  const widths = new Set(wanted.map((pair) => pair.activationBits))
  return own.filter((pair) => widths.has(pair.activationBits))
}

/** Kernels on int32 sums (argmax) stand with 32 bits in the table; `bench` takes code widths only and ignores it there. */
function benchWidth(activationBits: number): number {
  return Math.min(8, activationBits)
}

function reasonToSkip(
  item: BenchItem,
  board: Pick<BoardInfo, 'kernels'>,
  ramBytes: number,
  durationMs: number,
  longestMs: number
): string | null {
  const has = board.kernels.some(
    (entry) =>
      entry.kernel === item.kernel &&
      benchWidth(entry.activationBits) === item.activationBits &&
      (!hasWeights(item.kernel) || entry.weightBits === item.weightBits)
  )
  if (!has)
    return `the firmware has no ${item.kernel} at ${formatBitPair(item.weightBits, item.activationBits)}`
  if (minRamBytes(item) > ramBytes) return 'its operands do not fit the board’s memory'
  if (durationMs > longestMs) return 'it would take longer than the limit per shape'
  return null
}
