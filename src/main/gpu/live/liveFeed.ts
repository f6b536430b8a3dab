import { envelopeOf } from '../../../core/gpu/envelope'
import { metricAt, metricCount, metricSpecs, type GpuSample } from '../../../core/gpu/metrics'
import { createSampleRing, type SampleRing } from '../../../core/gpu/sampleRing'
import type { Envelope, GpuBatch, GpuMetric } from '../../../shared/contract/gpu'
import { AppError } from '../../../shared/errors'

/**
 * From the sampler to the window: samples are batched to about ten events a second, the queue between is bounded and
 * counts what it dropped, and the recent past is kept for charts that open late.
 */
export interface LiveFeed {
  push(samples: readonly GpuSample[]): void
  history(gpuIndex: number, metric: GpuMetric, lastMs: number, buckets: number): Envelope
  /** Samples per second and GPU over the last seconds; null before it is known. */
  achievedHz(): number | null
  readonly samples: number
  readonly dropped: number
  close(): void
}

/** One hour at 10 Hz: 3.5 MB a GPU. */
const ringSamples = 36_000
const batchMs = 100
/** Samples that wait for the next event; beyond, the oldest are left out of it (rings and recordings keep them). */
const queuedSamples = 4_000
const rateOverMs = 5_000

/** Sends live samples in batches; what a slow reader would miss is dropped and counted. */
export function createLiveFeed(
  send: (batches: GpuBatch[], sequence: number, dropped: number) => void
): LiveFeed {
  const rings = new Map<number, SampleRing>()
  let queue: GpuSample[] = []
  let timer: NodeJS.Timeout | undefined
  let sequence = 0
  let samples = 0
  let dropped = 0

  const flush = (): void => {
    timer = undefined
    const waiting = queue
    queue = []
    if (waiting.length > 0) send(batchesOf(waiting), sequence++, dropped)
  }
  return {
    push(batch) {
      for (const sample of batch) {
        let ring = rings.get(sample.gpuIndex)
        if (ring === undefined) rings.set(sample.gpuIndex, (ring = createSampleRing(ringSamples)))
        ring.push(sample)
        queue.push(sample)
      }
      samples += batch.length
      if (queue.length > queuedSamples) {
        dropped += queue.length - queuedSamples
        queue = queue.slice(-queuedSamples)
      }
      timer ??= setTimeout(flush, batchMs).unref()
    },
    history(gpuIndex, metric, lastMs, buckets) {
      const ring = rings.get(gpuIndex)
      if (ring === undefined) {
        throw new AppError(
          'input.notFound',
          `There are no live readings of GPU ${gpuIndex}.`,
          'Start sampling first, or choose a GPU of the list.'
        )
      }
      const toMs = ring.lastMs
      const { tMs, values } = ring.column(metricAt[metric], toMs - lastMs)
      return envelopeOf(tMs, values, tMs.length, toMs - lastMs, toMs, buckets)
    },
    achievedHz() {
      const rates = [...rings.values()].flatMap((ring) => {
        const { tMs } = ring.column(0, ring.lastMs - rateOverMs)
        const spanMs = tMs.length < 2 ? 0 : tMs[tMs.length - 1] - tMs[0]
        return spanMs > 0 ? [((tMs.length - 1) * 1000) / spanMs] : []
      })
      return rates.length === 0 ? null : Math.min(...rates)
    },
    get samples() {
      return samples
    },
    get dropped() {
      return dropped
    },
    close: () => clearTimeout(timer)
  }
}

/** Samples as columns per GPU; a metric that no sample has is left out. */
export function batchesOf(samples: readonly GpuSample[]): GpuBatch[] {
  const byGpu = new Map<number, GpuSample[]>()
  for (const sample of samples) {
    const list = byGpu.get(sample.gpuIndex)
    if (list === undefined) byGpu.set(sample.gpuIndex, [sample])
    else list.push(sample)
  }
  return [...byGpu].map(([gpuIndex, list]) => {
    const metrics: GpuBatch['metrics'] = {}
    for (let at = 0; at < metricCount; at++) {
      if (list.every((sample) => Number.isNaN(sample.values[at]))) continue
      metrics[metricSpecs[at].metric] = list.map((sample) => {
        const value = sample.values[at]
        return Number.isNaN(value) ? null : value
      })
    }
    return { gpuIndex, tMs: list.map((sample) => sample.tMs), metrics }
  })
}
