import { paretoFront } from '@core/search/pareto'
import type { CandidateJson, CostKind } from '@shared/contract/search'
import { isShare, type ScoreName } from '@shared/score'
import { formatCount } from '@shared/units'

/** What an axis of the Pareto chart shows. */
export type ParetoAxis = 'accuracy' | 'loss' | CostKind

/** Axes with what they are called, that of accuracy by the task's score; smaller is better but for accuracy. */
export const paretoAxes = (metric: ScoreName): readonly { value: ParetoAxis; text: string }[] => [
  { value: 'accuracy', text: isShare(metric) ? `${metric}, %` : metric },
  { value: 'loss', text: 'loss' },
  { value: 'proxy', text: 'latency by the proxy' },
  { value: 'boardEnergy', text: 'energy by the proxy, nJ' },
  { value: 'size', text: 'weight size, bytes' },
  { value: 'energy', text: 'energy for 45 nm, pJ' },
  { value: 'ram', text: 'peak RAM, bytes' },
  { value: 'bops', text: 'BOPs' },
  { value: 'bitfusion', text: 'BitFusion cycles' }
]

/** A place on an axis as text: losses are small, and scores close, so they keep four significant digits. */
export function placeText(axis: ParetoAxis, place: number): string {
  return axis === 'loss' || axis === 'accuracy' ? String(Number(place.toPrecision(4))) : formatCount(place)
}

/** Costs among the axes. */
export const costAxes = (axes: readonly ParetoAxis[]): CostKind[] =>
  axes.filter((axis): axis is CostKind => axis !== 'accuracy' && axis !== 'loss')

/**
 * A candidate's place on an axis as the chart shows it, a score that is a share in percent; null while a cost is unknown.
 */
function placeOn(
  axis: ParetoAxis,
  candidate: CandidateJson,
  costOf: (kind: CostKind, candidate: CandidateJson) => number | null,
  metric: ScoreName
): number | null {
  if (axis === 'accuracy') return (isShare(metric) ? 100 : 1) * candidate.accuracy
  return axis === 'loss' ? candidate.loss : costOf(axis, candidate)
}

/** A candidate with its places. */
export interface ParetoPoint {
  readonly candidate: CandidateJson
  readonly places: readonly number[]
  /** No other one is better on an axis without being worse on another. */
  readonly isFront: boolean
}

/** Candidates that are known on every axis, and which of them nothing beats on all axes together. */
export function paretoPoints(
  trace: readonly CandidateJson[],
  axes: readonly ParetoAxis[],
  costOf: (kind: CostKind, candidate: CandidateJson) => number | null,
  metric: ScoreName
): ParetoPoint[] {
  const placed = trace.flatMap((candidate) => {
    const places = axes.map((axis) => placeOn(axis, candidate, costOf, metric))
    return places.every((place) => place !== null) ? [{ candidate, places }] : []
  })
  const front = new Set(
    paretoFront(placed, ({ places }) => places.map((place, at) => (axes[at] === 'accuracy' ? -place : place)))
  )
  return placed.map((one) => ({ ...one, isFront: front.has(one) }))
}
