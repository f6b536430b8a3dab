import type { Envelope } from '../../shared/contract/gpu'

/**
 * Min, max and mean per time bucket, so that a chart of any zoom gets about two points a pixel and no peak is lost.
 *
 * @param tMs ascending times of `count` readings; `values` alike, NaN is unavailable and skipped
 * @returns `buckets` entries; null where no reading fell
 */
export function envelopeOf(
  tMs: ArrayLike<number>,
  values: ArrayLike<number>,
  count: number,
  fromMs: number,
  toMs: number,
  buckets: number
): Envelope {
  const stepMs = Math.max((toMs - fromMs) / buckets, Number.EPSILON)
  const min = new Float64Array(buckets).fill(Infinity)
  const max = new Float64Array(buckets).fill(-Infinity)
  const sum = new Float64Array(buckets)
  const seen = new Uint32Array(buckets)
  for (let i = 0; i < count; i++) {
    const t = tMs[i]
    const value = values[i]
    if (t < fromMs || t > toMs || Number.isNaN(value)) continue
    const bucket = Math.min(buckets - 1, Math.floor((t - fromMs) / stepMs))
    if (value < min[bucket]) min[bucket] = value
    if (value > max[bucket]) max[bucket] = value
    sum[bucket] = sum[bucket] + value
    seen[bucket] = seen[bucket] + 1
  }
  const column = (read: (bucket: number) => number): (number | null)[] =>
    Array.from({ length: buckets }, (_, bucket) => (seen[bucket] === 0 ? null : read(bucket)))
  return {
    fromMs,
    stepMs,
    min: column((bucket) => min[bucket]),
    max: column((bucket) => max[bucket]),
    mean: column((bucket) => sum[bucket] / seen[bucket])
  }
}
