import type { WorkloadEvidence } from '../../../shared/contract/workload/workloadEvidence'
import {
  workloadPrecisions,
  type BenchmarkRow,
  type Closure,
  type MeasuredFigure,
  type LayerRow,
  type TaskMetric,
  type WorkloadPrecision,
  type WorkloadTables
} from '../../../shared/contract/workload/workloadRows'
import { idleDrift } from '../../energy/traceAnalyser'
import { closureOf } from './closure'
import {
  inverted,
  quantileFigure,
  ratioFigure,
  scaledFigure,
  timeFigure,
  unavailableFigure,
  unity
} from './figures'
import { impactRows } from './impacts'
import { stepFigures, type StepFigures } from './stepFigures'

/** Evidence of a run that has measured nothing yet. */
export const emptyEvidence = (): WorkloadEvidence => ({
  ...{
    layers: [],
    timings: [],
    latencies: {},
    weightBytes: {},
    variants: [],
    energies: [],
    coolToC: null,
    notes: []
  }
})

/** The three tables and the closure of what has been measured so far. */
export function tablesOf(
  evidence: WorkloadEvidence,
  subject: { task: TaskMetric; batch: number },
  confidence: number
): WorkloadTables {
  const { rows, closure } = layerRows(evidence, confidence)
  return {
    benchmark: benchmarkRows(evidence, subject, confidence),
    layers: rows,
    closure,
    impacts: impactRows(evidence.variants, evidence.layers, subject.task),
    notes: [
      ...new Set([
        ...evidence.notes,
        ...evidence.energies.flatMap(({ idleBeforeW, idleAfterW, notes }) => [
          ...notes,
          ...idleDrift({ powerW: idleBeforeW }, { powerW: idleAfterW }, null)
        ])
      ])
    ]
  }
}

function benchmarkRows(
  evidence: WorkloadEvidence,
  { task, batch }: { task: TaskMetric; batch: number },
  confidence: number
): BenchmarkRow[] {
  const base = stepFigures('benchmark:fp32', evidence, confidence)
  return workloadPrecisions.flatMap((precision): BenchmarkRow[] => {
    const name = `benchmark:${precision}`
    const step = stepFigures(name, evidence, confidence)
    if (step.us.length === 0) return []
    const trials = evidence.latencies[name] ?? []
    const passes = trials.flat()
    const perTrial = trials.map((one) => one.reduce((sum, us) => sum + us, 0) / one.length)
    return [
      {
        ...{ precision, batch, metric: task },
        latencyMeanUs: timeFigure(perTrial, confidence),
        latencyP50Us: quantileFigure(passes, 0.5, confidence),
        latencyP95Us: quantileFigure(passes, 0.95, confidence),
        speedup: precision === 'fp32' ? unity(step.us.length) : ratioFigure(base.us, step.us, confidence),
        throughputPerS: inverted(step.timeUs, batch * 1e6),
        energyTotalJ: scaledFigure(step.totalJ, 1 / batch),
        energyNetJ: scaledFigure(step.netJ, 1 / batch),
        meanPowerW: step.meanW,
        quality: qualityOf(precision, evidence),
        weightBytes: evidence.weightBytes[precision] ?? null,
        startC: step.startC
      }
    ]
  })
}

function qualityOf(precision: WorkloadPrecision, { variants }: WorkloadEvidence): MeasuredFigure {
  const name = precision === 'fp32' ? 'baseline' : `precision:${precision}`
  const found = variants.find((variant) => variant.name === name)
  return found?.quality ?? unavailableFigure('The test samples were not run at this precision.')
}

function layerRows(evidence: WorkloadEvidence, confidence: number): { rows: LayerRow[]; closure: Closure } {
  const measured = new Map<string, StepFigures>()
  for (const { id, sameAs } of evidence.layers) {
    if (sameAs === undefined) measured.set(id, stepFigures(`layer:${id}`, evidence, confidence))
  }
  const ofLayer = ({ id, sameAs }: { id: string; sameAs?: string | undefined }): StepFigures =>
    measured.get(sameAs ?? id)!
  const timed = evidence.layers.filter((layer) => ofLayer(layer).us.length > 0)
  const sum = (read: (figures: StepFigures) => number | null): number | null => {
    const parts = timed.map((layer) => {
      const value = read(ofLayer(layer))
      return value === null ? null : value * layer.calls
    })
    // A missing part would make the sum too small.
    return parts.some((part) => part === null) ? null : parts.reduce<number>((all, part) => all + part!, 0)
  }
  const layersUs = sum(({ timeUs }) => timeUs.value)
  const layersJ = sum(({ totalJ }) => totalJ.value)
  const whole = stepFigures('benchmark:fp32', evidence, confidence)
  const complete = timed.length > 0 && timed.length === evidence.layers.length
  const wholeUs = whole.timeUs.value
  const wholeJ = whole.totalJ.value
  const closure = closureOf(
    complete && layersUs !== null && wholeUs !== null ? { layersUs, wholeUs } : null,
    complete && layersJ !== null && wholeJ !== null ? { layersJ, wholeJ } : null
  )
  const judged = (figure: MeasuredFigure): MeasuredFigure =>
    closure.verdict === 'INVALID' ? doubted(figure, closure.reason!) : figure
  const share = (value: number | null, calls: number, all: number | null): number | null =>
    value === null || all === null || all === 0 ? null : (value * calls) / all
  const rows = timed.map((layer): LayerRow => {
    const { timeUs, totalJ, netJ, meanW, startC, copies } = ofLayer(layer)
    const { id, type, parameters, macs, calls, sharedWith } = layer
    return {
      ...{ layer: id, type, className: layer.class, parameters, macs, calls, sharedWith },
      sameAs: layer.sameAs ?? null,
      timeUs: judged(timeUs),
      energyTotalJ: judged(totalJ),
      energyNetJ: judged(netJ),
      meanPowerW: judged(meanW),
      timeShare: share(timeUs.value, calls, layersUs),
      energyShare: share(totalJ.value, calls, layersJ),
      ...{ startC, copies }
    }
  })
  return { rows, closure }
}

function doubted(figure: MeasuredFigure, reason: string): MeasuredFigure {
  if (figure.verdict === 'unavailable') return figure
  return {
    ...figure,
    verdict: 'INVALID',
    reason: figure.reason === null ? reason : `${figure.reason} ${reason}`
  }
}
