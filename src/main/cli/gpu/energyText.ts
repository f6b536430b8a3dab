import type { EnergyReport, PhaseEnergy, PowerStretch } from '../../../shared/contract/energy'
import type { CounterState, Recording } from '../../../shared/contract/gpu'
import { instrumentText, readingCount, readingRateHz } from '../../../shared/text/meterText'
import { countOf, formatAmount, formatDuration, unavailable } from '../../../shared/units'

/** A recording and its energy as a person reads it in a terminal. */
export function energyText(recording: Recording, report: EnergyReport): string {
  const rate = (pointsHz: number | null): number | null => readingRateHz(pointsHz, recording.meter)
  const lines = [
    `Recording ${recording.id} (${recording.state}, ${report.origin}): ${recording.title}`,
    ...(recording.message === null ? [] : [recording.message]),
    `${instrumentText(recording)}, ${countOf(readingCount(recording), 'sample')}, asked ${fixed(rate(recording.askedHz), 1)} Hz, ` +
      `achieved ${fixed(rate(recording.achievedHz), 1)} Hz, ${countOf(recording.restarts, 'restart')}, ` +
      `${countOf(recording.malformedLines, 'unreadable line')}`
  ]
  for (const gpu of report.gpus) {
    lines.push(
      '',
      `${recording.meter === undefined ? `GPU ${gpu.gpuIndex} ` : ''}${gpu.name}: power from ${gpu.powerField ?? unavailable}, idle ${fixed(gpu.idle.powerW, 1)} W ` +
        `(${gpu.idle.basis}), after ${fixed(gpu.idleAfter.powerW, 1)} W${temperatureText(gpu)}`,
      ...(recording.meter === undefined ? [counterLine('energy counter (NVML)', gpu.counter)] : []),
      row([
        'phase',
        'trial',
        'time',
        'total J',
        'counter J',
        'idle J',
        'net J',
        'mean W',
        'peak W',
        'Hz',
        'unique',
        'flags'
      ])
    )
    for (const phase of report.phases.filter((candidate) => candidate.gpuIndex === gpu.gpuIndex)) {
      lines.push(row(phaseCells({ ...phase, achievedHz: rate(phase.achievedHz) })))
    }
    for (const summary of report.summaries.filter((candidate) => candidate.gpuIndex === gpu.gpuIndex)) {
      const energy = summary.netJ ?? summary.totalJ
      const kind = summary.netJ === null ? 'total' : 'net'
      lines.push(
        `${summary.verdict} ${summary.name}: ` +
          (energy === null
            ? 'no interval from one trial'
            : `${kind} ${fixed(energy.mean, 3)} J per ${summary.per} ` +
              `[${fixed(energy.low, 3)}, ${fixed(energy.high, 3)}] at ${report.confidence * 100} %, ${summary.trials} trials`)
      )
      for (const reason of summary.reasons) lines.push(`  ${reason.message} ${reason.hint}`)
      for (const note of summary.notes) lines.push(`  Note: ${note}`)
    }
  }
  if (report.clockLock !== null) {
    const { smClockMhz, restored, message, left } = report.clockLock
    const locked = `SM clock locked at ${smClockMhz} MHz${restored ? ', given free again' : ''}. ${message ?? ''}`
    lines.push('', left === true ? (message ?? '') : locked.trim())
  }
  if (recording.meter !== undefined) {
    return [...lines, ...recording.meter.notes.map((note) => `Note: ${note}`)].join('\n')
  }
  lines.push('', counterLine('Processor energy (RAPL)', report.cpu.counter))
  for (const zone of report.cpu.zones) {
    const cells = zone.phases.map((phase) => `${phase.name} ${phase.trial}: ${fixed(phase.energyJ, 2)} J`)
    lines.push(`  ${zone.name}: ${cells.join(', ')}`)
  }
  return lines.join('\n')
}

function counterLine(what: string, counter: CounterState): string {
  return counter.state === 'read'
    ? `${what} read from ${counter.source}`
    : `${what} ${unavailable}: ${counter.reason}`
}

const widths = [14, 5, 10, 10, 10, 10, 10, 8, 8, 6, 6, 0]

function row(cells: readonly string[]): string {
  return cells
    .map((cell, at) => (at === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[at])))
    .join(' ')
    .trimEnd()
}

function phaseCells(phase: PhaseEnergy): string[] {
  return [
    phase.name,
    String(phase.trial),
    formatDuration(phase.durationMs),
    fixed(phase.totalJ, 2),
    fixed(phase.counterJ, 2),
    fixed(phase.idleJ, 2),
    fixed(phase.netJ, 2),
    fixed(phase.meanW, 1),
    fixed(phase.peakW, 1),
    fixed(phase.achievedHz, 1),
    String(phase.uniqueValues),
    phase.flags.map((flag) => flag.code).join(' ')
  ]
}

function fixed(value: number | null, digits: number): string {
  if (value === null) return unavailable
  // What a board draws is small beside a GPU: three digits of it are kept all the same.
  const isSmall = value !== 0 && Math.abs(value) < 10 ** (1 - digits)
  return isSmall ? value.toPrecision(3) : value.toFixed(digits)
}

/** Power meters have no temperature. */
function temperatureText({
  temperatureBeforeC,
  temperatureAfterC
}: Pick<EnergyReport['gpus'][number], 'temperatureBeforeC' | 'temperatureAfterC'>): string {
  if (temperatureBeforeC === null && temperatureAfterC === null) return ''
  return `, ${fixed(temperatureBeforeC, 0)} to ${fixed(temperatureAfterC, 0)} °C`
}

/** A stretch of a recording in one line. */
export function stretchText(stretch: PowerStretch & { gpuIndex: number }): string {
  const { gpuIndex, fromMs, toMs, coveredMs, gapCount, totalJ, meanW, minW, maxW, deltaW } = stretch
  const watt = (value: number | null): string => formatAmount(value, 'W')
  const gaps = gapCount > 0 ? `, ${formatDuration(coveredMs)} of it with readings` : ''
  return (
    `GPU ${gpuIndex}, ${formatDuration(fromMs)} to ${formatDuration(toMs)}${gaps}: ${formatAmount(totalJ, 'J')}, ` +
    `mean ${watt(meanW)}, min ${watt(minW)}, max ${watt(maxW)}, delta ${watt(deltaW)}`
  )
}
