import type { BenchmarkRow, LayerType, WorkloadTables } from '../../../shared/contract/workload/workloadRows'
import { maxStartSpreadK, startDoubts } from '../measure/startTemperature'
import { correlate, validValue, type Correlation } from './correlate'
import { mainCost, costWords, mainChange, type CostMetric, type MergedRow } from './merge'
import { roundingText } from '../../../shared/text/workloadText'
import { countOf, formatPercent } from '../../../shared/units'

/** Two-sided level below which a correlation is called significant. */
export const significanceLevel = 0.05

/** What a run says, each sentence with its evidence. Nothing is said that the tables do not hold. */
export function findingsOf(
  tables: WorkloadTables,
  merged: readonly MergedRow[],
  confidence: number,
  seed: number
): string[] {
  const change = mainChange(merged)
  const rows = merged.filter((row) => row.change === change)
  return [
    ...tables.benchmark
      .filter((row) => row.precision !== 'fp32')
      .map((row) => precisionSentence(row, tables)),
    ...shareSentences(tables),
    ...(change === null ? [] : impactSentences(rows, change, confidence, seed)),
    ...roundingSentence(tables),
    ...closureSentence(tables),
    ...startSentence(tables),
    ...cacheSentence(tables)
  ]
}

/** Changes whose KL float32 rounding alone could have made. */
function roundingSentence({ impacts }: WorkloadTables): string[] {
  const below = impacts.filter((row) => roundingText(row) !== null)
  if (below.length === 0) return []
  const most = Math.max(...below.map(({ klRoundingNats }) => klRoundingNats!))
  return [
    `KL of ${below.length} of ${countOf(impacts.length, 'change')} is below the rounding of float32 log-probabilities ` +
      `(${most.toPrecision(2)} nats): it counts as 0 in ranks and correlations.`
  ]
}

/** At what temperatures the trials started, and how many steps that makes doubtful. */
function startSentence({ benchmark, layers }: WorkloadTables): string[] {
  const steps = [...benchmark, ...layers.filter(({ sameAs }) => sameAs === null)]
  const ranges = steps.flatMap(({ startC }) => startC ?? [])
  if (ranges.length === 0) return []
  const [low, high] = [
    Math.min(...ranges.map(({ minC }) => minC)),
    Math.max(...ranges.map(({ maxC }) => maxC))
  ]
  const apart = ranges.filter((range) => startDoubts(range).length > 0).length
  return [
    `Trials of ${ranges.length} timed steps started at ${low === high ? `${low} °C` : `${low} °C to ${high} °C`}: ` +
      (apart === 0
        ? `those of one step never more than ${maxStartSpreadK} K apart.`
        : `those of ${countOf(apart, 'step')} more than ${maxStartSpreadK} K apart, whose energy is INVALID.`)
  ]
}

/** Layers whose copies of inputs fit into the cache, as far as it is known: they may have been found warm. */
function cacheSentence({ layers }: WorkloadTables): string[] {
  const measured = layers.filter(({ sameAs }) => sameAs === null).flatMap(({ copies }) => copies ?? [])
  const warm = measured.filter(({ bytes, cacheBytes }) => cacheBytes !== null && bytes <= cacheBytes)
  const unknown = measured.filter(({ cacheBytes }) => cacheBytes === null)
  return [
    ...(warm.length === 0
      ? []
      : [
          `The copies of inputs of ${warm.length} of ${measured.length} looped layers fit into the cache: they may have been measured warm.`
        ]),
    ...(unknown.length === 0
      ? []
      : [
          `The cache was not known for ${unknown.length} of ${measured.length} looped layers: their copies of inputs may fit into it.`
        ])
  ]
}

function precisionSentence(row: BenchmarkRow, { benchmark }: WorkloadTables): string {
  const { speedup } = row
  const base = benchmark.find((candidate) => candidate.precision === 'fp32')
  const parts: string[] = []
  if (speedup.value === null || speedup.verdict !== 'VALID') {
    parts.push(`no valid speedup (${speedup.reason ?? 'not measured'})`)
  } else {
    const range = intervalText(speedup.low, speedup.high, 2)
    const isOne = speedup.low === null || (speedup.low <= 1 && speedup.high! >= 1)
    parts.push(
      `${speedup.value.toFixed(2)} times the speed of fp32${range}, n = ${speedup.n}` +
        (isOne ? ' (no difference shown)' : '')
    )
  }
  const [energy, before] = [row.energyNetJ, base?.energyNetJ]
  if (energy.verdict === 'VALID' && before?.verdict === 'VALID' && before.value! > 0) {
    parts.push(`${formatPercent(energy.value! / before.value!, 0)} of its net energy per sample`)
  } else parts.push('no valid energy')
  if (row.quality.value !== null && base !== undefined && base.quality.value !== null) {
    parts.push(qualityText(row, base))
  }
  return `${row.precision}: ${parts.join('; ')}.`
}

function qualityText(row: BenchmarkRow, base: BenchmarkRow): string {
  const [now, before] = [row.quality, base.quality]
  const overlap =
    now.low !== null && before.low !== null && now.low <= before.high! && before.low <= now.high!
  const show = (value: number): string =>
    row.metric === 'accuracy' ? formatPercent(value) : value.toFixed(2)
  const unit = row.metric === 'accuracy' ? 'samples' : 'tokens'
  return (
    `${row.metric} ${show(now.value!)} against ${show(before.value!)} at fp32, n = ${now.n} ${unit}` +
    (overlap ? ' (intervals overlap)' : '')
  )
}

function shareSentences({ layers }: WorkloadTables): string[] {
  const share =
    layers.every((layer) => layer.energyShare !== null) && layers.length > 0 ? 'energyShare' : 'timeShare'
  const byType = new Map<LayerType, { sum: number; layers: number }>()
  for (const layer of layers) {
    if (layer[share] === null) return []
    const known = byType.get(layer.type) ?? { sum: 0, layers: 0 }
    byType.set(layer.type, { sum: known.sum + layer[share], layers: known.layers + 1 })
  }
  const most = [...byType].sort(([, a], [, b]) => b.sum - a.sum)[0]
  if (most === undefined) return []
  const [type, { sum, layers: count }] = most
  const doubtful = layers.filter(
    (layer) => layer.timeUs.verdict === 'INVALID' || layer.energyTotalJ.verdict === 'INVALID'
  )
  return [
    `Most ${share === 'energyShare' ? 'energy' : 'time (energy is unavailable)'} goes to ${type}: ` +
      `${formatPercent(sum, 0)} in ${count} of ${layers.length} layers` +
      (doubtful.length === 0 ? '.' : `; figures of ${countOf(doubtful.length, 'layer')} are INVALID.`)
  ]
}

function impactSentences(rows: MergedRow[], change: string, confidence: number, seed: number): string[] {
  const { cost, rows: valid } = mainCost(rows)
  const costColumn = [costWords[cost], (row: MergedRow) => row[cost].value] as const
  const sentences: string[] = []
  for (const [name, read] of [
    [`KL of ${change} ablation`, (row: MergedRow) => validValue(row.klNats)],
    [`impact score of ${change} ablation`, (row: MergedRow) => row.impactScore]
  ] as const) {
    sentences.push(correlationSentence(correlate(valid, costColumn, [name, read], confidence, seed)))
  }
  sentences.push(...replicaNote(valid, cost))
  for (const [bits, read] of [
    ['int8', (row: MergedRow) => row.int8KlNats],
    ['int4', (row: MergedRow) => row.int4KlNats]
  ] as const) {
    if (!rows.some((row) => read(row) !== null)) continue
    const found = correlate(
      rows,
      [`KL of ${change} ablation`, (row) => validValue(row.klNats)],
      [`KL of the layer alone at ${bits}`, read],
      confidence,
      seed
    )
    sentences.push(
      `${correlationSentence(found)} Decide about ${bits} by the latter: ablation is another question.`
    )
  }
  return sentences
}

/** Layers of equal shape share one measurement of cost: fewer independent figures than rows. */
function replicaNote(rows: readonly MergedRow[], cost: CostMetric): string[] {
  const copies = rows.filter((row) => row.sameAs !== null).length
  if (copies === 0) return []
  return [
    `${costWords[cost]} was measured for ${rows.length - copies} of these ${rows.length} layers; the others have equal shapes ` +
      'and share a measurement, so that p and intervals are too narrow.'
  ]
}

/** "A and B are (not) correlated over 12 layers: ..., not significant, n = 12." */
export function correlationSentence(found: Correlation): string {
  const { a, b, n } = found
  if (found.pearson === null || found.pearsonP === null) {
    return `${a} and ${b}: no correlation can be computed, n = ${n}.`
  }
  const isSignificant = found.pearsonP < significanceLevel
  const rank =
    found.spearman === null
      ? ''
      : `, Spearman ${found.spearman.toFixed(2)}${intervalOrNothing(found.spearmanInterval)}, ${pText(found.spearmanP)}`
  return (
    `${a} and ${b}: Pearson ${found.pearson.toFixed(2)}${intervalOrNothing(found.pearsonInterval)}, ${pText(found.pearsonP)}` +
    `${rank}: ${isSignificant ? 'significant' : 'not significant'}, n = ${n}.`
  )
}

function pText(p: number | null): string {
  return p === null ? 'p unknown' : p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(3)}`
}

function intervalOrNothing(interval: [number, number] | null): string {
  return interval === null ? '' : ` [${interval[0].toFixed(2)}, ${interval[1].toFixed(2)}]`
}

function intervalText(low: number | null, high: number | null, digits: number): string {
  return low === null || high === null ? '' : ` [${low.toFixed(digits)}, ${high.toFixed(digits)}]`
}

function closureSentence({ closure, layers }: WorkloadTables): string[] {
  if (layers.length === 0 || closure.verdict === 'unavailable') return []
  const percent = closure.energyPercent ?? closure.timePercent
  const what = closure.energyPercent === null ? 'time' : 'energy'
  return [
    `The layers amount to ${percent?.toFixed(0) ?? '?'} % of the whole network's ${what}: ${closure.verdict}` +
      (closure.reason === null ? '.' : `, ${closure.reason}`)
  ]
}
