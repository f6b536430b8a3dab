import type { SharedHost, SharedOutcome } from '../contract/shared'
import { countOf, formatBytes, formatDateTime } from '../units'

/** What a host has published, and when last. */
export function sharedHostText({ runs, samples, readings, results, publishedAtMs }: SharedHost): string {
  const parts = [
    countOf(runs, 'run'),
    countOf(samples, 'Sample'),
    countOf(readings, 'reading'),
    countOf(results, 'result')
  ]
  return `${parts.join(', ')}; last published ${formatDateTime(publishedAtMs)}`
}

/** What a publication wrote. */
export function publishedText({ written, unchanged, rows, sizeBytes }: SharedOutcome): string {
  const kept = unchanged === 0 ? '' : `; ${countOf(unchanged, 'file')} unchanged`
  return `${countOf(written, 'file')} written with ${countOf(rows, 'row')}, ${formatBytes(sizeBytes)}${kept}.`
}
