import type { RunComparison } from '../../../core/workload/statistics/compare'
import type { MeasuredFigure, WorkloadTables } from '../../../shared/contract/workload/workloadRows'
import { escapeHtml } from '../../../shared/escapeHtml'
import { copiesText, layerNote, roundingText, startText } from '../../../shared/text/workloadText'
import type { Analysis } from '../figures/workloadFigures'

/** One page that needs nothing else: findings, tables and figures of one or several networks. */
export function workloadReport(
  analyses: readonly { analysis: Analysis; svgs: readonly string[] }[],
  comparison: { svg: string; result: RunComparison | null } | null
): string {
  const title = `Workload: ${analyses.map(({ analysis }) => analysis.model).join(', ')}`
  const sections = analyses.map(({ analysis, svgs }) => section(analysis, svgs))
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<style>
body { font: 15px/1.5 'DejaVu Sans', system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
.wide { overflow-x: auto } table { border-collapse: collapse; margin: 1rem 0; font-size: 13px }
td, th { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap }
td:first-child, th:first-child { text-align: left } .INVALID { color: #b04a00 } .unavailable { color: #777 }
svg { max-width: 100%; height: auto }
</style></head><body>
<h1>${escapeHtml(title)}</h1>
<p>Values with their interval in brackets. <span class="INVALID">INVALID</span> figures are shown and must not be quoted;
the pointer over one shows the reason. Unavailable is never 0.</p>
${sections.join('\n')}
${comparison === null ? '' : `<h2>Comparison</h2>\n${comparison.svg}\n${listOf(comparison.result?.findings ?? [])}`}
</body></html>
`
}

function section({ model, tables, findings }: Analysis, svgs: readonly string[]): string {
  return `<h2>${escapeHtml(model)}</h2>
<h3>Findings</h3>${listOf(findings)}
<h3>Precisions</h3>${benchmarkTable(tables)}
<h3>Layers</h3>${tables.notes.map((note) => `<p>${escapeHtml(note)}</p>`).join('')}${layerTable(tables)}
<h3>Prediction impact</h3>${impactTable(tables)}
${svgs.join('\n')}`
}

function listOf(sentences: readonly string[]): string {
  return `<ul>${sentences.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join('')}</ul>`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '<p>Not measured.</p>'
  const header = head.map((name) => `<th>${escapeHtml(name)}</th>`).join('')
  const body = rows.map((cells) => `<tr>${cells.join('')}</tr>`).join('')
  return `<div class="wide"><table><thead><tr>${header}</tr></thead><tbody>${body}</tbody></table></div>`
}

function text(value: string | number | null): string {
  return `<td>${value === null ? '–' : escapeHtml(String(value))}</td>`
}

/** A figure in a cell: value, interval, n; its verdict as colour and the reason as title. */
function cell({ value, low, high, n, verdict, reason }: MeasuredFigure, factor = 1): string {
  const shown = (number: number): string => String(Number((number * factor).toPrecision(4)))
  const range = low === null || high === null ? '' : ` [${shown(low)}, ${shown(high)}]`
  const content = value === null ? 'unavailable' : `${shown(value)}${range}, n=${n}`
  const why = reason === null ? '' : ` title="${escapeHtml(reason)}"`
  return `<td class="${verdict}"${why}>${content}</td>`
}

function benchmarkTable({ benchmark }: WorkloadTables): string {
  const head = [
    'precision',
    'latency, ms',
    'p95, ms',
    'speedup',
    'samples/s',
    'total J',
    'net J',
    'quality',
    'weights, MB'
  ]
  return table(
    head,
    benchmark.map((row) => [
      text(row.precision),
      cell(row.latencyMeanUs, 1e-3),
      cell(row.latencyP95Us, 1e-3),
      cell(row.speedup),
      cell(row.throughputPerS),
      cell(row.energyTotalJ),
      cell(row.energyNetJ),
      cell(row.quality),
      text(row.weightBytes === null ? 'unavailable' : Number((row.weightBytes / 1e6).toPrecision(4)))
    ])
  )
}

function layerTable({ layers }: WorkloadTables): string {
  return table(
    [
      'layer',
      'type',
      'class',
      'calls',
      'note',
      'time per call, us',
      'total J',
      'net J',
      'share of time, %',
      'of energy, %',
      'started at',
      'copies of inputs'
    ],
    layers.map((row) => [
      ...[row.layer, row.type, row.className, row.calls, layerNote(row) || null].map(text),
      cell(row.timeUs),
      cell(row.energyTotalJ),
      cell(row.energyNetJ),
      ...[row.timeShare, row.energyShare].map((share) =>
        text(share === null ? null : (100 * share).toFixed(1))
      ),
      text(startText(row.startC)),
      text(copiesText(row.copies))
    ])
  )
}

function klCell(row: WorkloadTables['impacts'][number]): string {
  const rounding = roundingText(row)
  return rounding === null ? cell(row.klNats) : text(`${rounding}, n=${row.klNats.n}`)
}

function impactTable({ impacts }: WorkloadTables): string {
  return table(
    [
      'layer',
      'type',
      'change',
      'KL, nats',
      'quality',
      'change of quality',
      'McNemar p',
      'changed, %',
      'score'
    ],
    impacts.map((row) => [
      ...[row.layer, row.type, row.change].map(text),
      klCell(row),
      cell(row.quality),
      cell(row.qualityChange),
      text(row.mcNemar === null ? null : row.mcNemar.p.toPrecision(3)),
      text((100 * row.changedShare).toFixed(1)),
      text(row.impactScore === null ? null : row.impactScore.toFixed(2))
    ])
  )
}
