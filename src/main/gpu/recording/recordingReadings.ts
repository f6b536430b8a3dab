import { metricAt, type GpuSample } from '../../../core/gpu/metrics'
import type { Gap } from '../../../shared/contract/gpu'
import { AppError } from '../../../shared/errors'
import type { RecordedDevice } from './recordingInstrument'
import type { RecordingRows } from './recordingRows'
import type { SmiSamplerOptions } from '../smi/smiSampler'

/** The readings of a recording as they come: stored, counted, dated from the first one. */
export interface RecordingReadings {
  /** Listeners for the sampler. */
  readonly hooks: Pick<SmiSamplerOptions, 'onSamples' | 'onGap' | 'onState'>
  /** Aborted when every GPU has given a reading, or when the sampler failed. */
  readonly came: AbortSignal
  /** Aborted when the sampler gave up: no more readings come. */
  readonly over: AbortSignal
  /** Steady time of the first reading, ms; 0 before it. */
  zeroMs(): number
  /** Why the sampler gave up; undefined while it has not. */
  failure(): AppError | undefined
  /** Whether every GPU has given a reading. */
  isComplete(): boolean
  /** Numbers of the GPUs without a reading. */
  missing(): number[]
  /** Last temperature of each GPU, degrees Celsius; null before it was read. */
  temperatures(): (number | null)[]
  /** Readings of all GPUs. */
  total(): number
  /** Lowest rate over the GPUs in Hz, gaps left out; null with fewer than two readings. */
  achievedHz(): number | null
}

interface Count {
  firstMs: number
  lastMs: number
  count: number
}

/** Returns the readings of one recording, which writes them to `rows`. */
export function createReadings(
  gpus: readonly RecordedDevice[],
  rows: Pick<RecordingRows, 'samples' | 'gaps'>,
  onSamples: (samples: readonly GpuSample[]) => void
): RecordingReadings {
  const wanted = new Set(gpus.map((gpu) => gpu.index))
  const temperature = new Map<number, number>()
  const counts = new Map<number, Count>()
  const gaps: Gap[] = []
  const came = new AbortController()
  const over = new AbortController()
  const failed: { error?: AppError } = {}
  let zeroMs = 0
  const take = (sample: GpuSample): void => {
    const { gpuIndex, values } = sample
    const celsius = values[metricAt.temperatureC]
    if (!Number.isNaN(celsius)) temperature.set(gpuIndex, celsius)
    const tMs = sample.tMs - zeroMs
    let count = counts.get(gpuIndex)
    if (count === undefined) counts.set(gpuIndex, (count = { firstMs: tMs, lastMs: tMs, count: 0 }))
    count.lastMs = tMs
    count.count++
    rows.samples.add({ ...sample, tMs })
  }
  return {
    hooks: {
      onSamples(batch) {
        onSamples(batch)
        if (zeroMs === 0) zeroMs = batch[0].tMs
        for (const sample of batch) if (wanted.has(sample.gpuIndex)) take(sample)
        // Each call would make an exception with its stack, whether it is the first or not.
        if (counts.size === wanted.size && !came.signal.aborted) came.abort()
      },
      onGap(gap) {
        const placed = { ...gap, fromMs: gap.fromMs - zeroMs, toMs: gap.toMs - zeroMs }
        gaps.push(placed)
        rows.gaps.add(placed)
      },
      onState(state) {
        if (state.state !== 'failed') return
        failed.error = state.error
        came.abort()
        over.abort()
      }
    },
    came: came.signal,
    over: over.signal,
    zeroMs: () => zeroMs,
    failure: () => failed.error,
    isComplete: () => counts.size === wanted.size,
    missing: () => [...wanted].filter((index) => !counts.has(index)),
    temperatures: () => gpus.map((gpu) => temperature.get(gpu.index) ?? null),
    total: () => [...counts.values()].reduce((sum, { count }) => sum + count, 0),
    achievedHz: () => slowest([...counts.values()], gaps)
  }
}

function slowest(counts: readonly Count[], gaps: readonly Gap[]): number | null {
  const missingMs = gaps.reduce((sum, gap) => sum + gap.toMs - gap.fromMs, 0)
  const rates = counts
    .map(({ firstMs, lastMs, count }) => ((count - 1 - gaps.length) * 1000) / (lastMs - firstMs - missingMs))
    .filter((rate) => Number.isFinite(rate) && rate > 0)
  return rates.length === 0 ? null : Math.min(...rates)
}
