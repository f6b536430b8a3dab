import type { GpuMetric } from '@shared/contract/gpu'
import { ref, type Ref } from 'vue'
import type { Client, EventPayload } from '../../client/client'
import { createAction, type Action } from '../window/action'
import { createLiveRing, type LiveRing } from './liveRing'

/** Ten minutes at ten readings a second. */
const ringLength = 6000
/** A pause of this many intervals is a gap and not joined by a line. */
const gapFactor = 4

/** The newest readings of every GPU and metric, as charts draw them while the sampler runs. */
export interface LiveReadings {
  /** Counts up with every batch: what charts watch instead of the rings themselves. */
  readonly revision: Ref<number>
  /** Readings that this sampling has lost so far. */
  readonly dropped: Ref<number>
  ring(gpuIndex: number, metric: GpuMetric): LiveRing
  /** The newest reading of a metric in this window; null where none came, so that cards move with the charts. */
  latest(gpuIndex: number, metric: GpuMetric): number | null
  /** Fills an empty chart with the recent past, for a page that is opened while the sampler already runs. */
  readonly loadHistory: Action<[gpuIndex: number, metric: GpuMetric], void>
}

/** Keeps what the sampler sends from now on; `intervalMs` is the time between two readings. */
export function createLiveReadings(client: Client, intervalMs: () => number): LiveReadings {
  const revision = ref(0)
  const dropped = ref(0)
  const rings = new Map<string, LiveRing>()

  function ring(gpuIndex: number, metric: GpuMetric): LiveRing {
    const key = `${gpuIndex} ${metric}`
    const known = rings.get(key)
    if (known !== undefined) return known
    const fresh = createLiveRing(ringLength)
    rings.set(key, fresh)
    return fresh
  }

  function add({ gpuIndex, tMs, metrics }: EventPayload<'gpu.sampled'>['batches'][number]): void {
    for (const [metric, values] of Object.entries(metrics)) {
      const target = ring(gpuIndex, metric as GpuMetric)
      tMs.forEach((timeMs, index) => {
        const lastMs = target.lastTimeMs()
        // A restart of nvidia-smi sends no empty readings: the silence itself is drawn as a gap.
        if (timeMs - lastMs > gapFactor * intervalMs()) target.push((lastMs + timeMs) / 2, null)
        target.push(timeMs, values?.[index] ?? null)
      })
    }
  }

  client.subscribe('gpu.sampled', (event) => {
    for (const batch of event.batches) add(batch)
    // A running total of this sampling: the event that matters is the last one.
    dropped.value = event.dropped
    revision.value += 1
  })

  const loadHistory = createAction(async (gpuIndex: number, metric: GpuMetric) => {
    const past = await client.call('gpu.history', { gpuIndex, metric })
    const target = ring(gpuIndex, metric)
    // Live readings may have come meanwhile; older ones behind them would draw backwards.
    if (target.lastTimeMs() !== Infinity) return
    past.mean.forEach((value, index) => {
      if (value !== null) target.push(past.fromMs + (index + 0.5) * past.stepMs, value)
    })
    revision.value += 1
  })

  function latest(gpuIndex: number, metric: GpuMetric): number | null {
    void revision.value
    return rings.get(`${gpuIndex} ${metric}`)?.lastValue() ?? null
  }

  return { revision, dropped, ring, latest, loadHistory }
}
