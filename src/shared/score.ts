import { formatPercent, unavailable } from './units'

/** What the score of a task is. */
export const scoreNames = ['accuracy', 'agreement', 'AUC', 'R²', '1 / perplexity'] as const

/** The name of a score. */
export type ScoreName = (typeof scoreNames)[number]

/** The name of the score beside these metrics (core/dataset/metrics.ts). */
export function scoreNameOf(metrics: Readonly<Record<string, number>>): ScoreName {
  if ('auc' in metrics) return 'AUC'
  if ('r2' in metrics) return 'R²'
  if ('perplexity' in metrics) return '1 / perplexity'
  return 'agreement' in metrics ? 'agreement' : 'accuracy'
}

/** A score as a heading: "Accuracy", "AUC". */
export function scoreTitle(name: ScoreName): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}

/** Whether a score is a share of items, shown as a percentage. */
export function isShare(name: ScoreName): boolean {
  return name === 'accuracy' || name === 'agreement'
}

/** The value of a score, as "98.32 %" where it is a share, else "0.9832"; `digits` behind the point of the percentage. */
export function scoreText(name: ScoreName, value: number | null | undefined, digits = 2): string {
  if (isShare(name)) return formatPercent(value, digits)
  return value === null || value === undefined || !Number.isFinite(value)
    ? unavailable
    : value.toFixed(digits + 2)
}

/** As scoreText with the name in front, where it is not accuracy: "98.32 %", "AUC 0.9832". */
export function namedScoreText(name: ScoreName, value: number | null | undefined, digits = 2): string {
  const text = scoreText(name, value, digits)
  return name === 'accuracy' ? text : `${name} ${text}`
}
