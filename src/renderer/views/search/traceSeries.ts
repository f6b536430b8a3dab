import type { CandidateJson } from '@shared/contract/search'
import { isShare, scoreText } from '@shared/score'
import { formatLoss, formatPercent } from '@shared/units'
import type { Palette } from '../../charts/palette'
import type { SearchSummary } from '../../stores/search'
import { schemeText } from '../../stores/text/searchText'

/** Phases of a search in their order, which is that of the first series. */
export const phases = ['initial', 'search', 'refine'] as const

/** A search and every scheme it evaluated so far. */
export interface TracedSearch {
  readonly search: SearchSummary
  readonly trace: readonly CandidateJson[]
}

type SearchPoint = readonly [number, number]

/**
 * Returns the ECharts series of a trace: one per phase, the best scheme, and the budget (over the cost, in percent of
 * int8) or the best so far (over the evaluation, from 1). Scores are in percent where the metric is a share.
 */
export function traceSeries(
  { search, trace }: TracedSearch,
  over: 'cost' | 'evaluation',
  colors: Palette
): Record<string, unknown>[] {
  const xOf = ({ cost, index }: CandidateJson): number =>
    over === 'cost' ? (100 * cost) / search.baselineCost : index + 1
  const yOf = (score: number): number => (isShare(search.metric) ? 100 * score : score)
  const pointOf = (candidate: CandidateJson): SearchPoint => [xOf(candidate), yOf(candidate.accuracy)]
  return [
    ...phaseSeries(trace, pointOf, colors),
    {
      type: 'scatter',
      name: 'best',
      symbol: 'diamond',
      symbolSize: 15,
      silent: true,
      z: 5,
      itemStyle: { color: 'transparent', borderColor: colors.text, borderWidth: 1.5 },
      data: search.best ? [pointOf(search.best)] : []
    },
    over === 'cost'
      ? budgetSeries(search, colors)
      : {
          type: 'line',
          name: 'best so far',
          step: 'end',
          symbol: 'none',
          lineStyle: { color: colors.text, width: 1.5 },
          itemStyle: { color: colors.text },
          data: trace.flatMap((candidate) =>
            candidate.bestAccuracy === null ? [] : [[xOf(candidate), yOf(candidate.bestAccuracy)]]
          )
        }
  ]
}

function phaseSeries(
  trace: readonly CandidateJson[],
  pointOf: (candidate: CandidateJson) => SearchPoint,
  colors: Palette
): Record<string, unknown>[] {
  const colorOf = { initial: colors.faint, search: colors.accent, refine: colors.warning }
  return phases.map((phase) => ({
    type: 'scatter',
    name: phase,
    symbolSize: 8,
    itemStyle: { color: colorOf[phase] },
    data: trace
      .filter((candidate) => candidate.phase === phase)
      .map((candidate) => ({
        value: pointOf(candidate),
        // The chart's own hollow symbols are filled with white, which is a full point on a dark ground.
        ...(candidate.feasible
          ? {}
          : { itemStyle: { color: 'transparent', borderColor: colorOf[phase], borderWidth: 1.5 } }),
        candidate
      }))
  }))
}

function budgetSeries({ budget, baselineCost }: SearchSummary, colors: Palette): Record<string, unknown> {
  return {
    type: 'line',
    name: 'budget',
    data: [],
    lineStyle: { color: colors.bad, type: 'dashed' },
    itemStyle: { color: colors.bad },
    markLine: {
      silent: true,
      symbol: 'none',
      label: { formatter: 'budget', color: colors.bad, fontSize: 11 },
      lineStyle: { color: colors.bad, type: 'dashed' },
      data: budget === null ? [] : [{ xAxis: (100 * budget) / baselineCost }]
    }
  }
}

/** Returns what the tooltip of a scheme says, one fact a line; nothing for a point that is no scheme. */
export function candidateText(
  { metric, baselineCost }: SearchSummary,
  candidate: CandidateJson | undefined
): string {
  if (candidate === undefined) return ''
  return [
    `#${candidate.index + 1} ${candidate.phase}${candidate.feasible ? '' : ', over the budget'}`,
    `${metric} ${scoreText(metric, candidate.accuracy)}, loss ${formatLoss(candidate.loss)}`,
    `cost ${formatPercent(candidate.cost / baselineCost)} of int8`,
    schemeText(candidate.scheme)
  ].join('\n')
}
