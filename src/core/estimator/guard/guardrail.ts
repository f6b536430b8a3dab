import { AppError } from '../../../shared/errors'
import { quantile } from '../../math/quantile'

/** margin: predicted x margin <= budget. interval: the whole interval within the budget; measure where it straddles it. */
export type GuardRule = { kind: 'margin'; margin: number } | { kind: 'interval' }

/** What a guardrail says of a candidate; `measure` where the interval holds the budget. */
export type Verdict = 'accept' | 'reject' | 'measure'

/** A predicted total with its interval, ms. */
export interface PredictedTotal {
  totalMs: number
  lowMs: number
  highMs: number
}

/** Factor on a prediction before it is compared with the budget. */
export const defaultMargin = 1.1
/** Budgets of an evaluation, as fractions of the 90th percentile of the measured totals. */
export const budgetFractions = [0.5, 0.7, 0.85, 1] as const

/** What to do with a candidate. */
export function verdictOf(
  { totalMs, lowMs, highMs }: PredictedTotal,
  budgetMs: number,
  rule: GuardRule
): Verdict {
  if (rule.kind === 'margin') return totalMs * rule.margin <= budgetMs ? 'accept' : 'reject'
  if (highMs <= budgetMs) return 'accept'
  return lowMs > budgetMs ? 'reject' : 'measure'
}

/** The candidates within a budget, by 001's rule: predicted x threshold <= budget. */
export function filterByBudget(
  totalsMs: Float64Array,
  budgetMs: number,
  threshold = defaultMargin
): Int32Array {
  requireBudget(budgetMs)
  const kept = new Int32Array(totalsMs.length)
  let count = 0
  for (let at = 0; at < totalsMs.length; at++) if (totalsMs[at] * threshold <= budgetMs) kept[count++] = at
  return kept.slice(0, count)
}

/** Checks a budget, ms. @throws input.invalid unless the budget is a time above 0 */
export function requireBudget(budgetMs: number): void {
  if (Number.isFinite(budgetMs) && budgetMs > 0) return
  throw new AppError(
    'input.invalid',
    `A budget of ${budgetMs} ms is not a time.`,
    'Give milliseconds above 0.'
  )
}

/** What a guardrail did at one budget, against the measured totals; shares 0..1. */
export interface GuardOutcome {
  candidates: number
  accepted: number
  /** Share of candidates whose verdict is "measure it". */
  measureShare: number
  /** Measured total beyond the budget, as a share of all candidates: what no guardrail gives. */
  violationsWithout: number
  /** The same as a share of the accepted ones; null where none is accepted. */
  violationsWith: number | null
  /** Rejected although within the budget, as a share of those within; null where there are none. */
  falseReject: number | null
  /** Accepted although beyond the budget, as a share of those beyond; null where there are none. */
  falseAccept: number | null
}

/** Compares verdicts with measured totals, ms. */
export function judgeGuardrail(
  predicted: readonly PredictedTotal[],
  measuredMs: Float64Array,
  budgetMs: number,
  rule: GuardRule
): GuardOutcome {
  requireBudget(budgetMs)
  let [accepted, bad, within, rejectedWithin, measure, violating] = [0, 0, 0, 0, 0, 0]
  predicted.forEach((one, at) => {
    const verdict = verdictOf(one, budgetMs, rule)
    const violates = measuredMs[at] > budgetMs
    violating += Number(violates)
    within += Number(!violates)
    accepted += Number(verdict === 'accept')
    measure += Number(verdict === 'measure')
    bad += Number(verdict === 'accept' && violates)
    rejectedWithin += Number(verdict === 'reject' && !violates)
  })
  const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)
  return {
    candidates: predicted.length,
    accepted,
    measureShare: measure / predicted.length,
    violationsWithout: violating / predicted.length,
    violationsWith: share(bad, accepted),
    falseReject: share(rejectedWithin, within),
    falseAccept: share(bad, violating)
  }
}

/** A budget as a fraction of the 90th percentile of the candidates' measured totals. */
export function budgetAt(measuredMs: Float64Array, fraction: number): number {
  return fraction * quantile(measuredMs.slice().sort(), 0.9)
}

/** Outcomes of the margin and the interval rule over budgets and margins. */
export interface GuardrailAnalysis {
  /** How the budget is defined, in words. */
  budgetDefinition: string
  margin: number
  byFraction: ({ fraction: number; budgetMs: number } & Record<'margin' | 'interval', GuardOutcome>)[]
  /** False rejects against false accepts over margins, at the given fraction. */
  tradeOff: { fraction: number; margins: ({ margin: number } & GuardOutcome)[]; interval: GuardOutcome }
}

const margins = [0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15, 1.2, 1.3, 1.4, 1.5]
const tradeOffFraction = 0.7

/** Everything e3_guardrail_analysis.json holds. */
export function analyseGuardrail(
  predicted: readonly PredictedTotal[],
  measuredMs: Float64Array,
  margin = defaultMargin
): GuardrailAnalysis {
  const judge = (fraction: number, rule: GuardRule): GuardOutcome =>
    judgeGuardrail(predicted, measuredMs, budgetAt(measuredMs, fraction), rule)
  return {
    budgetDefinition: 'fraction of the 90th percentile of the measured totals of the candidates',
    margin,
    byFraction: budgetFractions.map((fraction) => ({
      fraction,
      budgetMs: budgetAt(measuredMs, fraction),
      margin: judge(fraction, { kind: 'margin', margin }),
      interval: judge(fraction, { kind: 'interval' })
    })),
    tradeOff: {
      fraction: tradeOffFraction,
      margins: margins.map((value) => ({
        margin: value,
        ...judge(tradeOffFraction, { kind: 'margin', margin: value })
      })),
      interval: judge(tradeOffFraction, { kind: 'interval' })
    }
  }
}
