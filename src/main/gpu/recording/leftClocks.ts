import type { ClockLock, Gpu, Recording } from '../../../shared/contract/gpu'
import { freeClocks } from '../smi/clockLock'
import type { SmiCommand, Spawn } from '../smi/smiProcess'
import type { GpuStore } from '../store/gpuStore'

/** What was found of clocks that earlier recordings left locked. */
export interface LeftClocks {
  /** A sentence for each recording whose clock was given back now. */
  readonly freed: string[]
  /** A clock that may still be locked; null when none is. */
  readonly stuck: ClockLock | null
}

/** What is freed, and with what. */
export interface LeftClocksOptions {
  store: Pick<GpuStore, 'list' | 'save'>
  spawn: Spawn
  smi: SmiCommand
  origin: Recording['origin']
  /** All GPUs of this machine, not only those that are about to be recorded. */
  gpus: readonly Gpu[]
}

/**
 * Gives back clocks that recordings of this data file left locked: their process was killed, or nvidia-smi refused. A
 * recording at such a clock would otherwise pass as one at the GPU's own. GPUs that are gone are left alone.
 */
export async function freeLeftClocks({
  store,
  spawn,
  smi,
  origin,
  gpus
}: LeftClocksOptions): Promise<LeftClocks> {
  const freed: string[] = []
  let stuck: ClockLock | null = null
  for (const recording of await store.list()) {
    const { clockLock: lock, title, state } = recording
    if (lock === null || lock.restored || lock.left === true || state === 'running') continue
    if (recording.origin !== origin) continue
    const uuids = recording.gpus.flatMap(({ uuid }) => uuid ?? [])
    const locked = gpus.filter(({ uuid }) => uuid !== null && uuids.includes(uuid))
    if (locked.length === 0) continue
    const problem = await freeClocks({ spawn, smi, gpus: locked })
    const clock = `the SM clock of GPU ${locked.map(({ index }) => index).join(', ')}`
    if (problem !== null) {
      const message =
        `The recording "${title}" locked ${clock} at ${lock.smClockMhz} MHz and did not give it back; ` +
        `it may still be locked (${problem}): run nvidia-smi -rgc.`
      stuck ??= { smClockMhz: lock.smClockMhz, restored: false, message, left: true }
      continue
    }
    await store.save({
      ...recording,
      clockLock: { ...lock, restored: true, message: 'It was given back by a later recording.' }
    })
    freed.push(
      `The recording "${title}" ended without giving ${clock} back (${lock.smClockMhz} MHz): that was done now.`
    )
  }
  return { freed, stuck }
}
