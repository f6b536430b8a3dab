import type { PowerHooks, PowerSampler } from '../../core/meter/powerSampler'
import type { MeterDevice } from './meterDevice'

/** One open meter for several readers: what it reads goes to all that have started and not yet stopped. */
export interface SharedMeter {
  /** The meter for one more reader, whose end does not close it. Stopping the last reader stops the meter. */
  reader(): MeterDevice
  /** Closes the meter. */
  close(): Promise<void>
}

/** Shares an open meter that was not started yet: the first reader starts it. */
export function shareMeter(device: MeterDevice): SharedMeter {
  const readers = new Set<PowerHooks>()
  let sampler: PowerSampler | undefined
  let failed: Parameters<PowerHooks['onState']>[0] | undefined
  const each = (pass: (hooks: PowerHooks) => void): void => [...readers].forEach(pass)
  const start = (): PowerSampler =>
    device.start({
      onSamples: (samples) => each((hooks) => hooks.onSamples(samples)),
      onStretch: (...stretch) => each((hooks) => hooks.onStretch?.(...stretch)),
      onGap: (gap) => each((hooks) => hooks.onGap(gap)),
      onMark: (line, tMs) => each((hooks) => hooks.onMark(line, tMs)),
      onState(state) {
        failed = state
        each((hooks) => hooks.onState(state))
      }
    })
  return {
    reader: () => ({
      ...device,
      start(hooks) {
        readers.add(hooks)
        const isFirst = sampler === undefined
        const running = (sampler ??= start())
        // A failure from before this reader started is reported to it once it has what start returns.
        if (!isFirst && failed !== undefined) {
          const state = failed
          queueMicrotask(() => hooks.onState(state))
        }
        return {
          async stop() {
            if (readers.size === 1 && readers.has(hooks)) await running.stop()
            readers.delete(hooks)
          },
          get restarts() {
            return running.restarts
          },
          get malformedLines() {
            return running.malformedLines
          },
          ...(running.about && { about: () => running.about!() })
        }
      },
      close: async () => undefined
    }),
    close: () => device.close()
  }
}
