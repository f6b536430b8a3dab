import { middleWith } from '@core/estimator/models/knobCodec'
import { defaultMargin, verdictOf, type PredictedTotal } from '@core/estimator/guard/guardrail'
import type { EstimatorDetail } from '@shared/contract/estimator'

/** The middle name of every knob, and the middle of the ranges that were measured with those: where the sliders start. */
export function middleConfiguration({
  knobs,
  outputTokens
}: Pick<EstimatorDetail, 'knobs' | 'outputTokens'>): {
  knobs: Record<string, number | string>
  outputTokens: number | undefined
} {
  const names = Object.fromEntries(
    knobs.flatMap(({ name, levels }) =>
      levels === null ? [] : [[name, levels[Math.floor(levels.length / 2)] ?? '']]
    )
  )
  return {
    knobs: Object.fromEntries(knobs.map((knob) => [knob.name, names[knob.name] ?? middleWith(knob, names)])),
    outputTokens: outputTokens === null ? undefined : middleWith(outputTokens, names)
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
