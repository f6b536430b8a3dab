import { metricAt } from '../../../core/gpu/metrics'
import type { PowerHooks, PowerSampler } from '../../../core/meter/powerSampler'
import { createPowerPyramid, type PowerPyramid } from '../../../core/meter/powerPyramid'
import type { LiveMeter, LivePhaseOfMeter } from '../../../shared/contract/meter'
import type { AppError } from '../../../shared/errors'
import type { MeterDevice } from '../meterDevice'

/** An open meter that passes on its readings and keeps what a window shows of them. */
export interface WatchedMeter {
  readonly id: string
  /** The same meter; whoever reads it reads it through this one. */
  readonly device: MeterDevice
  state(): LiveMeter
  trace: PowerPyramid['read']
  phases(fromMs: number, toMs: number): LivePhaseOfMeter[]
  /** What was done from then on; times are those of its readings. Returns what ends it. */
  began(name: string, atMs: number): (atMs: number) => void
  /** The recording that its readings are kept in; null: in none any more. */
  keptIn(recordingId: string | null): void
}

/** What watching a meter needs. */
export interface WatchDeps {
  id: string
  /** Voltage of every reading, V; null where lines may hold their own. */
  supplyV: number | null
  unixMs(): number
  /** Something of `state` has changed. */
  onChanged(): void
}

/** Phases that are kept. */
const maxPhases = 400
/** Power now is the mean over this long, ms. */
const nowOverMs = 100

/** Watches an open meter until it is closed or fails. */
export function watchMeter(device: MeterDevice, deps: WatchDeps): WatchedMeter {
  const { id, supplyV, onChanged } = deps
  const tap = createTap(device.intervalMs, deps)
  const { pyramid, seen, since } = tap
  const phases: LivePhaseOfMeter[] = []
  let [ended, recordingId] = [false, null as string | null]
  let sampler: PowerSampler | undefined
  return {
    id,
    device: {
      ...device,
      start: (hooks) => (sampler = device.start(tap.through(hooks))),
      async close() {
        ended = true
        onChanged()
        await device.close()
      }
    },
    trace: pyramid.read,
    phases: (fromMs, toMs) =>
      phases.filter((phase) => phase.fromMs <= toMs && (phase.toMs ?? Infinity) >= fromMs),
    began(name, atMs) {
      const phase: LivePhaseOfMeter = { name, fromMs: Math.max(0, since(atMs)), toMs: null }
      phases.push(phase)
      if (phases.length > maxPhases) phases.shift()
      return (endMs) => void (phase.toMs = Math.max(phase.fromMs, since(endMs)))
    },
    keptIn(kept) {
      recordingId = kept
      onChanged()
    },
    state() {
      const { lastMs, stepMs } = pyramid
      const about = sampler?.about?.()
      const { failure } = seen
      return {
        ...{ id, name: device.name, origin: device.origin, supplyV, recordingId, lastMs, stepMs },
        state: failure !== null ? 'failed' : ended ? 'ended' : 'running',
        startedAtMs: seen.startedAtMs,
        readings: about?.readings ?? seen.samples,
        lost: about?.lost ?? null,
        gaps: seen.gaps,
        powerW: powerNow(pyramid),
        error: failure === null ? null : { code: failure.code, message: failure.message, hint: failure.hint }
      }
    }
  }
}

/** What readings leave for windows on their way to whoever reads the meter. */
function createTap(intervalMs: number, { unixMs, onChanged }: Pick<WatchDeps, 'unixMs' | 'onChanged'>) {
  const pyramid = createPowerPyramid(intervalMs)
  const seen = {
    startedAtMs: null as number | null,
    failure: null as AppError | null,
    ...{ samples: 0, gaps: 0 }
  }
  let zeroMs: number | null = null
  /** Time since the first reading, ms. */
  const since = (tMs: number): number => {
    seen.startedAtMs ??= unixMs()
    return tMs - (zeroMs ??= tMs)
  }
  /** Ends of gaps whose readings have not come yet. */
  let gapEnds: number[] = []
  const read = (tMs: number, powerW: number): void => {
    if (gapEnds.some((endMs) => tMs >= endMs)) {
      pyramid.cut()
      gapEnds = gapEnds.filter((endMs) => tMs < endMs)
    }
    pyramid.reading(since(tMs), powerW)
  }
  /** Means over stretches come beside their ends as readings. */
  let areStretches = false
  const through = (hooks: PowerHooks): PowerHooks => ({
    ...hooks,
    onStretch(fromMs, toMs, meanW, lowW, highW) {
      areStretches = true
      const start = since(fromMs)
      pyramid.stretch(start, start + toMs - fromMs, meanW, lowW, highW)
    },
    onSamples(samples) {
      hooks.onSamples(samples)
      seen.samples += samples.length
      if (!areStretches) for (const { tMs, values } of samples) read(tMs, values[metricAt.powerW])
      onChanged()
    },
    onGap(gap) {
      hooks.onGap(gap)
      seen.gaps++
      if (!areStretches) gapEnds.push(gap.toMs)
    },
    onState(state) {
      seen.failure = state.error
      hooks.onState(state)
      onChanged()
    }
  })
  return { pyramid, seen, since, through }
}

/** Mean of the newest tenth of a second, W. */
function powerNow({ lastMs, read }: PowerPyramid): number | null {
  const newest = read(lastMs - nowOverMs, lastMs, nowOverMs).mean.filter((value) => value !== null)
  return newest.length === 0 ? null : newest.reduce((sum, value) => sum + value, 0) / newest.length
}
