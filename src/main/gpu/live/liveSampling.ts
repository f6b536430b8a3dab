import type { Gpu, GpuMetric, Envelope, SamplingState } from '../../../shared/contract/gpu'
import { createLiveFeed } from './liveFeed'
import type { SmiSamplerOptions, SamplerState, SmiSampler } from '../smi/smiSampler'

/** The live sampler and the feed behind it. A recording replaces the live sampler: one nvidia-smi runs at a time. */
export interface LiveSampling {
  start(gpus: readonly Gpu[], intervalMs: number): Promise<SamplingState>
  stop(): Promise<SamplingState>
  state(): SamplingState
  history(gpuIndex: number, metric: GpuMetric, lastMs: number, buckets: number): Envelope
  /**
   * Starts the sampler of a recording in place of the live one, which comes back when the recording's is stopped.
   * The window goes on seeing readings meanwhile.
   */
  lend(recordingId: string, gpus: readonly Gpu[], intervalMs: number, hooks: Hooks): Promise<SmiSampler>
  close(): Promise<void>
}

type Hooks = Pick<SmiSamplerOptions, 'onSamples' | 'onGap' | 'onState'>

/** Sampler and listeners of live sampling. */
export interface LiveSamplingDeps {
  startSampler(gpus: readonly Gpu[], intervalMs: number, hooks: Hooks): SmiSampler
  onSampled: Parameters<typeof createLiveFeed>[0]
  onChanged(state: SamplingState): void
}

/** Samples GPUs while someone watches, and makes room for a recording. */
export function createLiveSampling(deps: LiveSamplingDeps): LiveSampling {
  const feed = createLiveFeed(deps.onSampled)
  let wanted: { gpus: readonly Gpu[]; intervalMs: number } | undefined
  let recordingId: string | null = null
  const state = (): SamplingState => ({ ...one.state(), recordingId })
  const changed = (): void => deps.onChanged(state())
  const one = createOneSampler(deps, feed, changed)

  return {
    async start(gpus, intervalMs) {
      wanted = { gpus, intervalMs }
      if (recordingId !== null) return state()
      await one.end()
      one.begin(gpus, intervalMs)
      return state()
    },
    async stop() {
      wanted = undefined
      if (recordingId === null) {
        await one.end()
        changed()
      }
      return state()
    },
    state,
    history: (gpuIndex, metric, lastMs, buckets) => feed.history(gpuIndex, metric, lastMs, buckets),
    async lend(id, gpus, intervalMs, hooks) {
      recordingId = id
      await one.end()
      const lent = one.begin(gpus, intervalMs, hooks)
      return lentSampler(lent, async () => {
        await one.end()
        recordingId = null
        if (wanted !== undefined) one.begin(wanted.gpus, wanted.intervalMs)
        changed()
      })
    },
    async close() {
      wanted = undefined
      await one.end()
      feed.close()
    }
  }
}

/** The one sampler that runs at a time, and its state; `changed` is called with every change of it. */
function createOneSampler(
  deps: LiveSamplingDeps,
  feed: ReturnType<typeof createLiveFeed>,
  changed: () => void
) {
  let sampler: SmiSampler | undefined
  let current: SamplerState = { state: 'stopped' }
  let intervalMs = 100
  let gaps = 0
  let pulse: NodeJS.Timeout | undefined

  return {
    state: (): Omit<SamplingState, 'recordingId'> => ({
      state: current.state,
      intervalMs,
      achievedHz: current.state === 'running' ? feed.achievedHz() : null,
      samples: feed.samples,
      restarts: sampler?.restarts ?? 0,
      gaps,
      malformedLines: sampler?.malformedLines ?? 0,
      dropped: feed.dropped,
      ...stateText(current)
    }),
    begin(gpus: readonly Gpu[], everyMs: number, hooks?: Hooks): SmiSampler {
      intervalMs = everyMs
      gaps = 0
      sampler = deps.startSampler(gpus, everyMs, {
        onSamples(samples) {
          feed.push(samples)
          hooks?.onSamples(samples)
        },
        onGap(gap) {
          gaps++
          hooks?.onGap(gap)
          changed()
        },
        onState(next) {
          current = next
          hooks?.onState(next)
          changed()
        }
      })
      // The achieved rate and the counters move without any change of state: announce them once a second.
      pulse ??= setInterval(changed, 1_000).unref()
      return sampler
    },
    async end(): Promise<void> {
      clearInterval(pulse)
      pulse = undefined
      const ending = sampler
      await ending?.stop()
      if (sampler === ending) {
        sampler = undefined
        current = { state: 'stopped' }
      }
    }
  }
}

/** The sampler of a recording; stopping it gives the GPU back once, however often it is called. */
function lentSampler(lent: SmiSampler, giveBack: () => Promise<void>): SmiSampler {
  let returned: Promise<void> | undefined
  return {
    stop: () => (returned ??= giveBack()),
    get restarts() {
      return lent.restarts
    },
    get malformedLines() {
      return lent.malformedLines
    }
  }
}

function stateText(current: SamplerState): Pick<SamplingState, 'message' | 'hint'> {
  if (current.state === 'failed') return { message: current.error.message, hint: current.error.hint }
  if (current.state !== 'backingOff') return { message: null, hint: null }
  const hint = 'nvidia-smi is started again by itself; the gap is marked.'
  return { message: current.reason, hint }
}
