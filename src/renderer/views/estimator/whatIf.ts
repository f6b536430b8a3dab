import { defaultMargin, verdictOf, type PredictedTotal } from '@core/estimator/guard/guardrail'
import type { EstimatorDetail } from '@shared/contract/estimator'

/** The middle of every measured range, and the middle name: where the sliders start. */
export function middleConfiguration({
  knobs,
  outputTokens
}: Pick<EstimatorDetail, 'knobs' | 'outputTokens'>): {
  knobs: Record<string, number | string>
  outputTokens: number | undefined
} {
  const middle = (min: number, max: number): number => Math.round((min + max) / 2)
  return {
    knobs: Object.fromEntries(
      knobs.map(({ name, levels, min, max }) => [
        name,
        levels === null ? middle(min, max) : (levels[Math.floor(levels.length / 2)] ?? '')
      ])
    ),
    outputTokens: outputTokens === null ? undefined : middle(outputTokens.min, outputTokens.max)
  }
}

/** What the guardrail says of one configuration: by its margin, or "measure it" where the interval straddles the budget. */
export function budgetVerdict(
  prediction: PredictedTotal,
  budgetMs: number
): { text: string; tone: 'good' | 'bad' | 'warning' } | null {
  if (!(budgetMs > 0)) return null
  switch (verdictOf(prediction, budgetMs, { kind: 'interval' })) {
    case 'accept':
      return { text: 'within the budget', tone: 'good' }
    case 'reject':
      return { text: 'beyond the budget', tone: 'bad' }
    case 'measure':
      return {
        text:
          verdictOf(prediction, budgetMs, { kind: 'margin', margin: defaultMargin }) === 'accept'
            ? 'probably within: measure it'
            : 'too close: measure it',
        tone: 'warning'
      }
  }
}
