import type { Span } from './trace'

/** Nothing is gained by looking closer than this, ms. */
const minSpanMs = 0.01

/**
 * Zooms a span by `factor` (above 1: closer) around the point at `fraction` of it, which stays where it is; never beyond `whole`.
 */
export function zoomSpan([from, to]: Span, whole: Span, fraction: number, factor: number): Span {
  const length = Math.min(whole[1] - whole[0], Math.max(minSpanMs, (to - from) / factor))
  return clamp(from + fraction * (to - from - length), length, whole)
}

/** Moves a span by a fraction of its length, later for positive ones, and stops at the ends of `whole`. */
export function panSpan([from, to]: Span, whole: Span, fraction: number): Span {
  return clamp(from + fraction * (to - from), to - from, whole)
}

/**
 * Where a span of a growing trace belongs once the trace reaches from `before` to `now`: at the newest reading it moves along;
 * elsewhere it stays until its oldest readings leave the trace, and then moves with them.
 */
export function followSpan([from, to]: Span, before: Span, now: Span): Span {
  return clamp(to >= before[1] ? now[1] - (to - from) : from, to - from, now)
}

function clamp(from: number, length: number, whole: Span): Span {
  const start = Math.max(whole[0], Math.min(from, whole[1] - length))
  return [start, Math.min(whole[1], start + length)]
}
