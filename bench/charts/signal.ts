import type { Envelope } from '../../src/shared/contract/gpu'

/** Readings that one block of the pyramid holds. */
const blockSize = 1000
/** More readings than this are read from blocks. */
const maxRead = 1_000_000

/** A reading: a triangle wave with noise that depends on the index alone, so that no reading is kept. */
function valueAt(index: number): number {
  const phase = (index % 250_000) / 250_000
  const noise = (Math.imul(index ^ (index >>> 15), 0x2c1b3c6d) >>> 8) / 0x1000000
  return 60 + 40 * Math.abs(2 * phase - 1) + 8 * noise
}

/** A signal of so many readings with min, max and mean of every thousand, as a recorder keeps it. */
export function createSignal(
  rateHz: number,
  seconds: number
): { readings: number; envelope(fromMs: number, toMs: number, buckets: number): Envelope } {
  const readings = rateHz * seconds
  const blocks = Math.ceil(readings / blockSize)
  const min = new Float64Array(blocks).fill(Infinity)
  const max = new Float64Array(blocks).fill(-Infinity)
  const sum = new Float64Array(blocks)
  for (let index = 0, block = 0; index < readings; index++) {
    const value = valueAt(index)
    if (value < min[block]!) min[block] = value
    if (value > max[block]!) max[block] = value
    sum[block]! += value
    if ((index + 1) % blockSize === 0) block += 1
  }
  return {
    readings,
    envelope(fromMs, toMs, buckets) {
      const first = Math.max(0, Math.floor((fromMs * rateHz) / 1000))
      const last = Math.min(readings, Math.ceil((toMs * rateHz) / 1000))
      const unit = last - first > maxRead ? blockSize : 1
      const step = Math.max(1, Math.ceil((last - first) / unit / buckets)) * unit
      const from = Math.floor(first / unit) * unit
      const count = Math.max(1, Math.ceil((last - from) / step))
      const found: Envelope = {
        ...{ fromMs: (from * 1000) / rateHz, stepMs: (step * 1000) / rateHz },
        ...{ min: [], max: [], mean: [] }
      }
      for (let bucket = 0; bucket < count; bucket++) {
        const start = from + bucket * step
        const end = Math.min(readings, start + step)
        let [low, high, total] = [Infinity, -Infinity, 0]
        if (unit === 1)
          for (let index = start; index < end; index++) {
            const value = valueAt(index)
            low = Math.min(low, value)
            high = Math.max(high, value)
            total += value
          }
        else
          for (let block = start / blockSize; block < Math.ceil(end / blockSize); block++) {
            low = Math.min(low, min[block]!)
            high = Math.max(high, max[block]!)
            total += sum[block]!
          }
        found.min.push(low)
        found.max.push(high)
        found.mean.push(total / Math.max(1, end - start))
      }
      return found
    }
  }
}
