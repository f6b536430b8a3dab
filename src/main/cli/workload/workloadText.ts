import type { WorkloadCheck, WorkloadRun } from '../../../shared/contract/workload'
import type { MeasuredFigure } from '../../../shared/contract/workload/workloadRows'
import {
  fixedDigits,
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatPercentValue,
  unavailable
} from '../../../shared/units'
import { layerNote, roundingText, workloadNotes } from '../../../shared/text/workloadText'
import { localTime } from '../framework/localTime'

/** Tables of a workload run for a terminal. */

const inBrackets = (text: string): string => (text === '' ? '' : ` (${text})`)

const marks: Readonly<Record<WorkloadCheck['state'], string>> = { ok: 'ok', missing: 'no', warning: '!' }

/** Returns the check list of a workload as lines. */
export function checkText(checks: readonly WorkloadCheck[]): string {
  return checks
    .map(
      ({ name, state, detail, hint }) =>
        `${marks[state].padEnd(3)} ${name}: ${detail}${hint === null ? '' : `\n    ${hint}`}`
    )
    .join('\n')
}

/** Returns workload runs as lines. */
export function listText(runs: readonly Omit<WorkloadRun, 'tables'>[]): string {
  if (runs.length === 0) return 'No workload runs yet: bitbench workload run --example'
  return runs
    .map(({ id, state, startedAtMs, subject, steps }) => {
      const done = steps.filter((step) => step.state === 'done').length
      return `${id}  ${localTime(startedAtMs)}  ${state}  ${subject?.model ?? unavailable}  ${done} of ${steps.length} steps`
    })
    .join('\n')
}

/** Returns a workload run with its tables as text. */
export function runText(run: WorkloadRun): string {
  const { subject, power, tables, steps } = run
  const failed = steps.filter(({ state }) => state === 'failed' || state === 'skipped')
  return [
    `${subject?.model ?? 'network'} on ${subject?.device ?? unavailable} (${subject?.runtime ?? unavailable}), batch ${subject?.batch ?? unavailable}: ${run.state}`,
    power === null
      ? 'Energy is unavailable: the network did not run on an NVIDIA GPU. The tables carry time.'
      : `Power of ${power.gpu}${power.origin === 'simulated' ? ' (SIMULATED: a stand-in for nvidia-smi)' : ''}`,
    ...workloadNotes(run).map((note) => `Note: ${note}`),
    ...(run.message === null ? [] : [run.message]),
    '',
    ...benchmarkLines(tables.benchmark),
    '',
    ...layerLines(run),
    '',
    ...impactLines(tables.impacts),
    ...failed.map(({ id, state, reason }) => `${state}: ${id}: ${reason ?? ''}`)
  ].join('\n')
}

/** Value with its interval and a mark when it must not be quoted. */
function shown({ value, low, high, verdict }: MeasuredFigure, format: (value: number) => string): string {
  if (value === null) return unavailable
  const between = low === null || high === null ? '' : ` [${format(low)}, ${format(high)}]`
  return `${format(value)}${between}${verdict === 'INVALID' ? ' INVALID' : ''}`
}

const us = (value: number): string => formatDuration(value / 1000)
const joules = (value: number): string => formatCount(value, 'J')
const plain = (value: number): string => value.toPrecision(3)

function benchmarkLines(rows: WorkloadRun['tables']['benchmark']): string[] {
  return rows.flatMap((row) => [
    `${row.precision.padEnd(12)} ${shown(row.latencyP50Us, us)} p50, ${shown(row.latencyP95Us, us)} p95, ${shown(row.speedup, plain)} x fp32, ${shown(row.throughputPerS, fixedDigits)} samples/s, ${formatBytes(row.weightBytes)} of weights`,
    `${''.padEnd(12)} ${row.metric} ${shown(row.quality, row.metric === 'accuracy' ? (value) => formatPercent(value) : plain)}, energy per sample ${shown(row.energyTotalJ, joules)} total, ${shown(row.energyNetJ, joules)} net`
  ])
}

function layerLines({ tables }: WorkloadRun): string[] {
  const { closure, layers } = tables
  const percent = (value: number | null): string => formatPercentValue(value, 0)
  return [
    `Layers: sum of time ${percent(closure.timePercent)}, of energy ${percent(closure.energyPercent)} of the whole network: ${closure.verdict}${closure.reason === null ? '' : ` (${closure.reason})`}`,
    ...layers.map(
      ({ layer, type, timeUs, energyTotalJ, timeShare, ...facts }) =>
        `${layer.padEnd(28)} ${type.padEnd(10)} ${shown(timeUs, us)}, ${formatPercent(timeShare)} of time, ${shown(energyTotalJ, joules)}${inBrackets(layerNote(facts))}`
    )
  ]
}

function impactLines(rows: WorkloadRun['tables']['impacts']): string[] {
  const sorted = [...rows].sort((a, b) => (b.klNats.value ?? Infinity) - (a.klNats.value ?? Infinity))
  return sorted.map(
    ({ layer, change, qualityChange, impactScore, mcNemar, ...kl }) =>
      `${change.padEnd(5)} ${layer.padEnd(28)} KL ${roundingText(kl) ?? shown(kl.klNats, plain)} nats, quality ${shown(qualityChange, plain)}, score ${impactScore?.toFixed(2) ?? unavailable}${mcNemar === null ? '' : `, McNemar p ${mcNemar.p.toPrecision(2)}`}`
  )
}
