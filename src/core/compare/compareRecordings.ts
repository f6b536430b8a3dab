import type { EnergyReport, Interval, TrialSummary } from '../../shared/contract/energy'
import type { Envelope } from '../../shared/contract/gpu'
import { runLetter } from '../../shared/text/runText'
import { agree, differences, type RunFigure, type RunFigures } from './figures'
import { figureDifference, type Compared } from './intervals'

/** A recording with what is compared of it. */
export interface ComparedRecording {
  readonly report: EnergyReport
  /** Power of each GPU; times are ms since the recording's start. */
  readonly traces: readonly { gpuIndex: number; envelope: Envelope }[]
}

type Quantity = 'totalJ' | 'netJ' | 'durationMs' | 'meanW'
/** With the unit of what is shown, of which the quantity's is a multiple. */
const quantities: readonly { of: Quantity; what: string; unit: string; scale: number }[] = [
  { of: 'totalJ', what: 'energy', unit: 'J', scale: 1 },
  { of: 'netJ', what: 'energy without idle', unit: 'J', scale: 1 },
  { of: 'durationMs', what: 'duration', unit: 's', scale: 1e-3 },
  { of: 'meanW', what: 'mean power', unit: 'W', scale: 1 }
]
const keyOf = ({ name, gpuIndex }: { name: string; gpuIndex: number }): string => `${name}, GPU ${gpuIndex}`

/** Recordings: energy, duration and power of every phase with differences, power over time from the first phase on. */
export function compareRecordings(recordings: readonly ComparedRecording[]): RunFigures {
  const keys = [
    ...new Set(
      recordings.flatMap(({ report: { phases, summaries } }) => [...summaries, ...phases].map(keyOf))
    )
  ]
  const summaryOf = ({ report }: ComparedRecording, key: string): TrialSummary | undefined =>
    report.summaries.find((summary) => keyOf(summary) === key)
  const figures = keys.flatMap((key) =>
    quantities.map(({ of: quantity, what, unit, scale }) => {
      const summaries = recordings.map((one) => summaryOf(one, key))
      // A joule per trial is no joule per repetition.
      const per = summaries.find((summary) => summary !== undefined)?.per ?? 'trial'
      const fullUnit = quantity === 'meanW' ? unit : `${unit} per ${per}`
      return figureOf(`${key}: ${what}`, fullUnit, recordings, (one) => {
        const summary = summaryOf(one, key)
        if (summary !== undefined && summary.per !== per) return null
        const found = scaled(summary?.[quantity] ?? onlyTrial(one, key, quantity), scale)
        // What must not be quoted is shown, without an interval to compare by.
        return summary?.verdict === 'INVALID' && typeof found !== 'number' ? (found?.mean ?? null) : found
      })
    })
  )
  return {
    notes: notesOf(recordings, summaryOf, keys),
    figures: figures.filter(({ values }) => values.some((value) => value !== null)),
    rows: rowsOf(recordings),
    curves: recordings.flatMap((one, run) => powerCurves(one, run))
  }
}

/** A mean with its interval. */
type Mean = Pick<Interval, 'mean' | 'low' | 'high'>

function scaled(figure: Mean | number | null, scale: number): Mean | number | null {
  if (figure === null || typeof figure === 'number') return figure === null ? null : scale * figure
  return { mean: scale * figure.mean, low: scale * figure.low, high: scale * figure.high }
}

/** The figure of a phase that has one trial, which has no interval; null for several or none. */
function onlyTrial({ report }: ComparedRecording, key: string, quantity: Quantity): number | null {
  const trials = report.phases.filter((phase) => keyOf(phase) === key)
  const [only] = trials
  return trials.length === 1 && only !== undefined ? only[quantity] : null
}

function figureOf(
  name: string,
  unit: string,
  recordings: readonly ComparedRecording[],
  of: (one: ComparedRecording) => Mean | number | null
): RunFigure {
  const found = recordings.map(of)
  const comparable = (one: Mean | number | null): Compared | null =>
    one === null || typeof one === 'number' ? null : { value: one.mean, low: one.low, high: one.high }
  return {
    ...{ name, unit, how: 'difference' },
    values: found.map((one) => (typeof one === 'number' ? one : (one?.mean ?? null))),
    against: differences(found, (a, b) => {
      const [first, second] = [comparable(a), comparable(b)]
      return first === null || second === null ? null : figureDifference(first, second)
    })
  }
}

function notesOf(
  recordings: readonly ComparedRecording[],
  summaryOf: (one: ComparedRecording, key: string) => TrialSummary | undefined,
  keys: readonly string[]
): string[] {
  const invalid = recordings.flatMap((one, at) =>
    keys.flatMap((key) => {
      const summary = summaryOf(one, key)
      const reason = summary?.reasons[0]?.message ?? 'see the recording'
      return summary?.verdict === 'INVALID' ? [`${runLetter(at)}, ${key}: INVALID, ${reason}`] : []
    })
  )
  const mixed = keys.filter((key) => {
    const per = recordings.flatMap((one) => summaryOf(one, key)?.per ?? [])
    return new Set(per).size > 1
  })
  return [
    ...(agree(recordings, ({ report }) => report.origin) ? [] : ['Their readings are of different origin.']),
    ...mixed.map((key) => `${key}: some count per trial and some per repetition, which is not compared.`),
    ...invalid
  ]
}

function rowsOf(recordings: readonly ComparedRecording[]): RunFigures['rows'] {
  const gpus = ({ report }: ComparedRecording) => report.gpus
  return [
    {
      name: 'GPU',
      cells: recordings.map((one) =>
        gpus(one)
          .map(({ name }) => name)
          .join(', ')
      )
    },
    // A power meter has none.
    { name: 'driver', cells: recordings.map(({ report }) => report.driverVersion || '–') },
    { name: 'origin', cells: recordings.map(({ report }) => report.origin) },
    {
      name: 'power at rest, W',
      cells: recordings.map((one) =>
        gpus(one)
          .map(({ idle }) => (idle.powerW === null ? '–' : Number(idle.powerW.toPrecision(4))))
          .join(', ')
      )
    }
  ]
}

/** Power over time, s from the start of the first named phase, so that runs that rested longer lie above each other. */
export function powerCurves({ report, traces }: ComparedRecording, run: number): RunFigures['curves'] {
  const starts = report.phases.filter(({ name }) => name !== '(whole)').map(({ fromMs }) => fromMs)
  const zeroMs = Math.min(...(starts.length > 0 ? starts : report.phases.map(({ fromMs }) => fromMs)))
  const zero = Number.isFinite(zeroMs) ? zeroMs : 0
  return traces.map(({ gpuIndex, envelope: { fromMs, stepMs, mean } }) => ({
    ...{ run, name: `power of GPU ${gpuIndex}` },
    x: mean.map((_, at) => (fromMs + (at + 0.5) * stepMs - zero) / 1000),
    y: [...mean]
  }))
}
