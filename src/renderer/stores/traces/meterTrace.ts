import type { Envelope } from '@shared/contract/gpu'
import type { LiveMeter, LivePhaseOfMeter } from '@shared/contract/meter'
import { shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import type { Client } from '../../client/client'
import { envelopeTrace } from '../../charts/stream/envelopeTrace'
import type { Span, Trace } from '../../charts/stream/trace'
import { createAction, type Action } from '../window/action'
import { bucketsFor } from './openRecording'

/** About two points for every pixel of a chart. */
const maxBuckets = 1000
/** Readings of a running recording are stored in batches: what is this old surely is, ms. */
const surelyStoredMs = 5_000
/** Fetched beyond the end of a window, which moves along with the newest readings, ms. */
const aheadMs = 1_000
/** Longest stretch of newest readings that a trigger is given at once, in shortest buckets. */
const maxNewest = 4000

/** The trace of the meter that is looked at: as many points as a chart draws, however long it is read. */
export interface MeterTrace {
  readonly trace: ShallowRef<Trace | null>
  /** The stretch in the window, finer. */
  readonly detail: ShallowRef<Trace | null>
  /** Whether `detail` comes from the recording, which keeps means alone: peaks within them are not in its envelope. */
  readonly detailIsStored: ShallowRef<boolean>
  /** What came since the last time, in the shortest buckets: for triggers. */
  readonly newest: ShallowRef<Trace | null>
  /** A stretch that a trigger holds. */
  readonly held: ShallowRef<Trace | null>
  readonly ownPhases: ShallowRef<readonly LivePhaseOfMeter[]>
  /** A chart shows it from now on; the result ends that. Without a chart nothing is fetched. */
  attach(): () => void
  /** The stretch in the window; null: all of it. */
  show(span: Span | null): void
  /** Holds a stretch of it; null: live again. */
  readonly hold: Action<[span: Span | null], void>
  /** More was read. */
  follow(): Promise<void>
  readonly read: Action<[], void>
}

/** Fetches the trace of a meter again whenever more of it was read, one request after the other. */
export function createMeterTrace(client: Client, meter: Ref<LiveMeter | null>): MeterTrace {
  const trace = shallowRef<Trace | null>(null)
  const detail = shallowRef<Trace | null>(null)
  const detailIsStored = shallowRef(false)
  const newest = shallowRef<Trace | null>(null)
  const held = shallowRef<Trace | null>(null)
  const ownPhases = shallowRef<readonly LivePhaseOfMeter[]>([])
  let window: Span | null = null
  let charts = 0
  /** Newest readings up to here were passed on, ms. */
  let passedMs = 0
  let stored: { span: Span; trace: Trace } | null = null
  /** The stretch that `detail` holds, and how long the window was. */
  let fetched: { span: Span; lengthMs: number } | null = null

  const part = async (id: string, [fromMs, toMs]: Span, buckets = maxBuckets): Promise<Envelope> =>
    (await client.call('meter.trace', { id, fromMs, toMs, buckets })).envelope

  /** What lies in the window, from the recording where the host keeps it live more coarsely than it was stored. */
  async function inWindow(of: LiveMeter, span: Span): Promise<Trace> {
    const reach: Span = [span[0], span[1] + aheadMs]
    const live = await part(of.id, reach)
    const lengthMs = span[1] - span[0]
    fetched = { span: reach, lengthMs }
    const isCoarse = live.stepMs > (2 * lengthMs) / maxBuckets
    const isStored =
      of.recordingId !== null && (of.state !== 'running' || span[1] < of.lastMs - surelyStoredMs)
    if (!isCoarse || !isStored) return envelopeTrace(live, null)
    if (stored?.span[0] === span[0] && stored.span[1] === span[1]) return stored.trace
    const buckets = bucketsFor(lengthMs, of.stepMs / 2)
    const stretch = { id: of.recordingId!, gpuIndex: 0, metric: 'powerW' as const }
    const [fromMs, toMs] = [Math.max(0, span[0] - of.stepMs), span[1] + of.stepMs]
    const kept = await client.call('gpu.recordingTrace', { ...stretch, fromMs, toMs, buckets })
    stored = { span, trace: envelopeTrace(kept, []) }
    return stored.trace
  }

  const read = createAction(async () => {
    const of = meter.value
    if (of === null || of.startedAtMs === null) return
    const span = window
    const [whole, finer, last] = await Promise.all([
      client.call('meter.trace', { id: of.id, buckets: maxBuckets }),
      span === null ? null : inWindow(of, span),
      part(of.id, [Math.max(0, passedMs - 2 * of.stepMs), of.lastMs], maxNewest)
    ])
    if (meter.value?.id !== of.id) return
    passedMs = of.lastMs
    ownPhases.value = whole.phases
    newest.value = envelopeTrace(last, null)
    if (span === window) {
      detail.value = finer
      detailIsStored.value = finer !== null && finer === stored?.trace
    }
    trace.value = envelopeTrace(whole.envelope, null)
  })

  const isFetched = ([fromMs, toMs]: Span): boolean =>
    fetched !== null &&
    fromMs >= fetched.span[0] &&
    toMs <= fetched.span[1] &&
    Math.abs(toMs - fromMs - fetched.lengthMs) < 1e-3

  let isReading = false
  let isBehind = false
  async function follow(): Promise<void> {
    isBehind = true
    if (isReading || charts === 0) return
    isReading = true
    while (isBehind && charts > 0) {
      isBehind = false
      await read.run()
    }
    isReading = false
  }
  watch(
    () => meter.value?.id,
    () => {
      trace.value = detail.value = newest.value = held.value = stored = fetched = window = null
      ownPhases.value = []
      detailIsStored.value = false
      passedMs = 0
      void follow()
    }
  )
  const hold = createAction(async (span: Span | null) => {
    held.value = null
    if (span === null || meter.value === null) return
    const { id } = meter.value
    const found = envelopeTrace(await part(id, [Math.max(0, span[0]), span[1]], 2 * maxBuckets), null)
    if (meter.value?.id === id) held.value = found
  })
  return {
    ...{ trace, detail, detailIsStored, newest, held, ownPhases, follow, hold, read },
    attach() {
      charts += 1
      void follow()
      return () => void (charts -= 1)
    },
    show(span) {
      window = span
      if (span === null) {
        detail.value = fetched = null
        detailIsStored.value = false
      }
      // One that has only moved along with the readings is there already; the next readings bring more.
      if (span !== null && !isFetched(span)) void follow()
    }
  }
}
