import type { Envelope, Gap } from '@shared/contract/gpu'
import type { Trace } from './trace'

/**
 * Returns an envelope as a trace, times at the middle of its buckets. An empty bucket is a gap only where the instrument really was
 * silent; elsewhere it fell between two readings and is left out.
 * @param gaps null: the buckets are no finer than the readings, so every empty one is a gap
 */
export function envelopeTrace(envelope: Envelope, gaps: readonly Gap[] | null): Trace {
  const middleMs = (index: number): number => envelope.fromMs + (index + 0.5) * envelope.stepMs
  const inGap = (timeMs: number): boolean =>
    gaps === null || gaps.some(({ fromMs, toMs }) => timeMs >= fromMs && timeMs <= toMs)
  const kept = envelope.mean
    .map((value, index) => ({ value, index }))
    .filter(({ value, index }) => value !== null || inGap(middleMs(index)))
    .map(({ index }) => index)
  const pick = (values: (number | null)[]): (number | null)[] => kept.map((index) => values[index] ?? null)
  return {
    timesMs: kept.map(middleMs),
    values: pick(envelope.mean),
    low: pick(envelope.min),
    high: pick(envelope.max)
  }
}
