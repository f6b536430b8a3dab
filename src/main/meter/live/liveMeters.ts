import type { EmitterOf, HandlersOf } from '../../../shared/contract/framework/define'
import type { meterContract } from '../../../shared/contract/meter'
import { AppError } from '../../../shared/errors'
import type { MeterDevice } from '../meterDevice'
import { watchMeter, type WatchedMeter } from './liveMeter'

/** The meters that are read now, for windows: whichever command reads them. */
export interface LiveMeters {
  /** Shows a meter to windows from now on; `supplyV` is the voltage of every reading, null where lines may hold their own. */
  watch(device: MeterDevice, supplyV: number | null): WatchedMeter
  handlers: Pick<HandlersOf<typeof meterContract>, 'meter.live' | 'meter.trace'>
}

/** What live meters need. */
export interface LiveMetersDeps {
  emit: EmitterOf<typeof meterContract>
  unixMs(): number
  newId(): string
}

/** A meter is announced at most this often, ms. */
const announceMs = 100
/** Meters that are over and can still be looked at: each keeps 4 MB. */
const endedKept = 1

/** Returns the meters that are read, none so far. */
export function createLiveMeters({ emit, unixMs, newId }: LiveMetersDeps): LiveMeters {
  let meters: WatchedMeter[] = []
  const waiting = new Map<string, NodeJS.Timeout>()

  const dropEnded = (): void => {
    let ended = 0
    meters = meters.filter((meter) => meter.state().state === 'running' || ++ended <= endedKept)
  }
  const announce = (meter: WatchedMeter): void => {
    waiting.delete(meter.id)
    const state = meter.state()
    if (state.state !== 'running') dropEnded()
    emit('meter.changed', state)
  }
  const find = (id: string): WatchedMeter => {
    const found = meters.find((meter) => meter.id === id)
    if (found !== undefined) return found
    throw new AppError(
      'input.notFound',
      'This meter is not read any more.',
      'Its readings are in its recording, if it was recorded; otherwise read it again.'
    )
  }
  return {
    watch(device, supplyV) {
      const id = newId()
      const onChanged = (): void => {
        if (waiting.has(id)) return
        waiting.set(id, setTimeout(() => announce(meter), announceMs).unref())
      }
      const meter = watchMeter(device, { id, supplyV, unixMs, onChanged })
      meters = [meter, ...meters]
      dropEnded()
      onChanged()
      return meter
    },
    handlers: {
      'meter.live': async () => ({ meters: meters.map((meter) => meter.state()) }),
      async 'meter.trace'({ id, fromMs, toMs, buckets }) {
        const meter = find(id)
        const end = toMs ?? Infinity
        return { envelope: meter.trace(fromMs, end, buckets), phases: meter.phases(fromMs, end) }
      }
    }
  }
}
