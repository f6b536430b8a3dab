import { createTraceAnalyser, type TraceAnalysis, type TraceSubject } from '@core/energy/traceAnalyser'
import { createPowerIntegral, type Break, type Integral } from '@core/energy/powerIntegral'
import { createReadingCounter, type PowerTrace, type ReadingCount } from '@core/energy/powerTrace'
import { createThrottleMeter, type Throttling } from '@core/energy/throttle'
import type { GpuSensor, PhaseMark } from '@shared/contract/gpu'

/** All readings of one GPU in memory. */
export interface WholeTrace extends PowerTrace {
  readonly tMs: Float64Array
  /** NaN where the reading was unavailable. */
  readonly powerW: Float64Array
}

/** What was read beside the power; nothing where left out. */
export type TraceExtras = Partial<
  Pick<TraceSubject, 'counter' | 'powerLimitW' | 'idleAfterMs' | 'doubts' | 'notes'>
> & { mask?: Float64Array }

/** createTraceAnalyser over readings that lie in memory. */
export function analyseTrace(
  { tMs, powerW, ...frame }: WholeTrace,
  marks: readonly PhaseMark[],
  restMs: number,
  durationMs: number,
  sensor: GpuSensor,
  confidence: number,
  { mask, ...extras }: TraceExtras = {}
): TraceAnalysis {
  const analyser = createTraceAnalyser({
    ...frame,
    marks,
    restMs,
    durationMs,
    sensor,
    confidence,
    counter: null,
    powerLimitW: null,
    idleAfterMs: 0,
    doubts: [],
    notes: [],
    ...extras
  })
  tMs.forEach((t, at) => analyser.add(t, powerW[at]!, mask?.[at] ?? NaN))
  return analyser.finish()
}

/** createPowerIntegral over one block. */
export function integratePower(
  tMs: ArrayLike<number>,
  powerW: ArrayLike<number>,
  fromMs: number,
  toMs: number,
  gapAfterMs: number,
  breaks: readonly Break[] = []
): Integral {
  const integral = createPowerIntegral(fromMs, toMs, gapAfterMs, breaks)
  integral.add(tMs, powerW)
  return integral.result()
}

/** createReadingCounter over one block. */
export function countReadings(trace: WholeTrace, fromMs: number, toMs: number): ReadingCount {
  const counter = createReadingCounter(fromMs, toMs)
  counter.add(trace.tMs, trace.powerW)
  return counter.result()
}

/** createThrottleMeter over one block. */
export function throttlingOf(
  { tMs, mask }: { tMs: Float64Array; mask: Float64Array },
  fromMs: number,
  toMs: number
): Throttling {
  const meter = createThrottleMeter(fromMs, toMs)
  meter.add(tMs, mask)
  return meter.result()
}
