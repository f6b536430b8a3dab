import type { Gpu, GpuMetric, Envelope, SamplingState } from '../../shared/contract/gpu'
import { createLiveFeed } from './liveFeed'
import type { SmiSamplerOptions, SamplerState, SmiSampler } from './smiSampler'

/** The live sampler and the feed behind it. A recording borrows the GPU: one nvidia-smi runs at a time. */
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
  let sampler: SmiSampler | undefined
  let wanted: { gpus: readonly Gpu[]; intervalMs: number } | undefined
  let current: SamplerState = { state: 'stopped' }
  let intervalMs = 100
  let gaps = 0
  let recordingId: string | null = null
  let pulse: NodeJS.Timeout | undefined

  const state = (): SamplingState => ({
    state: current.state,
    intervalMs,
    achievedHz: current.state === 'running' ? feed.achievedHz() : null,
    samples: feed.samples,
    restarts: sampler?.restarts ?? 0,
    gaps,
    malformedLines: sampler?.malformedLines ?? 0,
    dropped: feed.dropped,
    recordingId,
    message:
      current.state === 'failed'
        ? current.error.message
        : current.state === 'backingOff'
          ? current.reason
          : null,
    hint:
      current.state === 'failed'
        ? current.error.hint
        : current.state === 'backingOff'
          ? 'nvidia-smi is started again by itself; the gap is marked.'
          : null
  })
  const changed = (): void => deps.onChanged(state())

  const begin = (gpus: readonly Gpu[], everyMs: number, hooks?: Hooks): SmiSampler => {
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
    // The achieved rate and the counters move without any change of state: tell them once a second.
    pulse ??= setInterval(changed, 1_000).unref()
    return sampler
  }
  const end = async (): Promise<void> => {
    clearInterval(pulse)
    pulse = undefined
    const ending = sampler
    await ending?.stop()
    if (sampler === ending) {
      sampler = undefined
      current = { state: 'stopped' }
    }
  }

  return {
    async start(gpus, everyMs) {
      wanted = { gpus, intervalMs: everyMs }
      if (recordingId !== null) return state()
      await end()
      begin(gpus, everyMs)
      return state()
    },
    async stop() {
      wanted = undefined
      if (recordingId === null) {
        await end()
        changed()
      }
      return state()
    },
    state,
    history: (gpuIndex, metric, lastMs, buckets) => feed.history(gpuIndex, metric, lastMs, buckets),
    async lend(id, gpus, everyMs, hooks) {
      recordingId = id
      await end()
      const lent = begin(gpus, everyMs, hooks)
      let returned: Promise<void> | undefined
      return {
        stop() {
          returned ??= (async () => {
            await end()
            recordingId = null
            if (wanted !== undefined) begin(wanted.gpus, wanted.intervalMs)
            changed()
          })()
          return returned
        },
        get restarts() {
          return lent.restarts
        },
        get malformedLines() {
          return lent.malformedLines
        }
      }
    },
    async close() {
      wanted = undefined
      await end()
      feed.close()
    }
  }
}
