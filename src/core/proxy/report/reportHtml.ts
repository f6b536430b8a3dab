import { escapeHtml } from '../../../shared/escapeHtml'
import { countOf, formatPercent } from '../../../shared/units'
import type { FittedProxy } from '../fit/detail'
import type { SplitErrors } from '../fit/evaluate'

/** A page that needs nothing else: table of errors, figures inline. */
export function reportHtml(fitted: FittedProxy & { title: string }, figures: readonly string[]): string {
  const { proxy, splits, perPair, interval, title } = fitted
  const rows = (
    [
      ['Training (not a measure of quality)', splits.train, 'muted'],
      ['Random 5 folds', splits.random, ''],
      ['Unseen shapes, 5 groups', splits.shape, 'strong'],
      ['One shape left out', splits.loso, '']
    ] as const
  )
    .filter(([, errors]) => errors !== undefined)
    .map(([name, errors, style]) => errorRow(name, errors as SplitErrors, style))
  const pairs = perPair.map(
    (pair) =>
      `<tr><td>${pair.activationBits}</td><td>${pair.weightBits}</td><td>${pair.count}</td><td>${pair.mape.toFixed(2)}</td></tr>`
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Latency proxy: ${escapeHtml(title)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 1rem 0 } td, th { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid #ddd }
td:first-child, th:first-child { text-align: left } .muted { color: #888 } .strong { font-weight: 600 } svg { max-width: 100%; height: auto }
</style></head><body>
<h1>Latency proxy: ${escapeHtml(title)}</h1>
<p>${escapeHtml(proxy.kernel)} in ${proxy.unit}; ${countOf(proxy.rows, 'row')}, ${countOf(proxy.shapes, 'layer shape')}; estimator ${escapeHtml(proxy.estimator)}, seed ${proxy.seed}:
${escapeHtml(proxy.description)}.</p>
<table><thead><tr><th>Split</th><th>MAPE %</th><th>R2</th><th>P95 %</th><th>MAE</th><th>Spearman</th><th>folds</th><th>INT8 %</th><th>others %</th></tr></thead>
<tbody>${rows.join('')}</tbody></table>
<p>Predictions of layers the model has not seen lie within their ${100 * interval.level} % interval in
${interval.coverage === null ? 'an unknown share' : formatPercent(interval.coverage)} of the rows.</p>
${figures.join('\n')}
${pairs.length === 0 ? '' : `<h2>By bit pair, shapes held out</h2><table><thead><tr><th>Activations</th><th>Weights</th><th>Rows</th><th>MAPE %</th></tr></thead><tbody>${pairs.join('')}</tbody></table>`}
</body></html>
`
}

function errorRow(name: string, errors: SplitErrors, style: string): string {
  const cells = [
    errors.mape.toFixed(2),
    errors.r2?.toFixed(4) ?? '–',
    errors.p95.toFixed(2),
    errors.mae.toPrecision(4),
    errors.spearman?.toFixed(4) ?? '–',
    `${errors.foldMape.mean.toFixed(2)} ± ${errors.foldMape.deviation.toFixed(2)}`,
    errors.int8Mape?.toFixed(2) ?? '–',
    errors.otherMape?.toFixed(2) ?? '–'
  ]
  return `<tr class="${style}"><td>${name}</td>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
}
