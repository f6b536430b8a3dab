import { createRandom, type Random } from '../../../core/math/random'
import { type Clock, wallClock } from '../clock'
import type { Link } from './link'
import { createLinkListeners } from './linkListeners'

/** Probabilities are per byte where they say so, else per chunk written. All default to 0: a clean line. */
export interface LineFaults {
  dropPerByte?: number
  /** One bit of the byte is turned over. */
  flipPerByte?: number
  duplicatePerByte?: number
  /** A run of 1..16 random bytes goes before the chunk. */
  garbagePerChunk?: number
  /** The chunk is written in pieces, with other events between them. */
  splitPerChunk?: number
  /** The chunk overtakes the one before it (as bad USB bridges do across reads). */
  reorderPerChunk?: number
  /** The whole chunk again. */
  repeatPerChunk?: number
  delayPerChunk?: number
  delayMaxMs?: number
  /** Nothing gets through after this many bytes: a pulled wire that is not reported. */
  cutAfterBytes?: number
  /** After this many bytes every byte reads as 0x00: a line stuck low. */
  stuckAfterBytes?: number
}

/** Faults of a line in both directions; the seed decides where. */
export interface FaultSchedule {
  seed: number
  /** Host to board. */
  sending?: LineFaults
  /** Board to host. */
  receiving?: LineFaults
}

/** A link with injected faults. */
export interface FaultLink extends Link {
  /** How often each kind of fault really happened. */
  readonly injected: Readonly<Record<FaultName, number>>
  /** Makes the line clean from now on (a cut or stuck one too). */
  heal(): void
}

/** Kind of a fault. */
export type FaultName =
  'drop' | 'flip' | 'duplicate' | 'garbage' | 'split' | 'reorder' | 'repeat' | 'delay' | 'cut' | 'stuck'

/** Wraps a link in a hostile line. The faults follow from the seed and the traffic alone. */
export function createFaultLink(inner: Link, plan: FaultSchedule, clock: Clock = wallClock): FaultLink {
  const injected: Record<FaultName, number> = {
    drop: 0,
    flip: 0,
    duplicate: 0,
    garbage: 0,
    split: 0,
    reorder: 0,
    repeat: 0,
    delay: 0,
    cut: 0,
    stuck: 0
  }
  const listeners = createLinkListeners()
  const random = createRandom(plan.seed)
  const direction = (
    faults: LineFaults | undefined,
    label: number,
    deliver: (bytes: Uint8Array) => Promise<void>
  ): Direction =>
    createDirection({ faults: faults ?? {}, random: random.fork(label), injected, clock, deliver })
  const sending = direction(plan.sending, 1, (bytes) => inner.write(bytes))
  const receiving = direction(plan.receiving, 2, async (bytes) => listeners.data(bytes))
  const offData = inner.onData((bytes) => void receiving.push(bytes).catch(() => undefined))
  inner.onClose((reason) => {
    offData()
    listeners.end(reason)
  })
  return {
    descriptor: { ...inner.descriptor, lossy: true },
    injected,
    get closed() {
      return listeners.closed
    },
    onData: listeners.onData,
    onClose: listeners.onClose,
    write: (bytes) => sending.push(bytes),
    setBaud: (baudRate) => inner.setBaud(baudRate),
    setParity: inner.setParity,
    setSignals: (signals) => inner.setSignals(signals),
    close: () => inner.close(),
    heal() {
      sending.heal()
      receiving.heal()
    }
  }
}

interface Direction {
  push(bytes: Uint8Array): Promise<void>
  heal(): void
}

interface DirectionOptions {
  faults: LineFaults
  random: Random
  injected: Record<FaultName, number>
  clock: Clock
  deliver: (bytes: Uint8Array) => Promise<void>
}

/** Draws whether a fault of a probability happens, and counts it. */
type Happens = (probability: number | undefined, name: FaultName) => boolean

function createDirection(options: DirectionOptions): Direction {
  const { random, clock, deliver } = options
  const sleep = (durationMs: number): Promise<void> =>
    new Promise((resolve) => void clock.after(durationMs, resolve))
  let active = options.faults
  const passed = { bytes: 0 }
  let held: Uint8Array | undefined
  let tail: Promise<void> = Promise.resolve()
  const happens: Happens = (probability, name) => {
    if (probability === undefined || probability <= 0 || random.next() >= probability) return false
    options.injected[name]++
    return true
  }

  const handOver = async (bytes: Uint8Array): Promise<void> => {
    if (happens(active.delayPerChunk, 'delay')) await sleep(random.integer((active.delayMaxMs ?? 20) + 1))
    if (bytes.length > 1 && happens(active.splitPerChunk, 'split')) {
      const at = 1 + random.integer(bytes.length - 1)
      await deliver(bytes.slice(0, at))
      await sleep(0)
      await deliver(bytes.slice(at))
    } else if (bytes.length > 0) {
      await deliver(bytes)
    }
  }

  const pass = async (bytes: Uint8Array): Promise<void> => {
    const chunk = damaged(bytes, active, passed, options, happens)
    if (held === undefined && happens(active.reorderPerChunk, 'reorder')) {
      held = chunk
      // A held chunk must not wait for ever on a line that then falls silent.
      clock.after(30, () => void (tail = tail.then(release)).catch(() => undefined))
      return
    }
    await handOver(chunk)
    if (happens(active.repeatPerChunk, 'repeat')) await handOver(chunk)
    await release()
  }
  const release = async (): Promise<void> => {
    const late = held
    held = undefined
    if (late !== undefined) await handOver(late)
  }

  return {
    push(bytes) {
      const done = tail.then(() => pass(bytes))
      tail = done.catch(() => undefined)
      return done
    },
    heal() {
      active = {}
    }
  }
}

/** The bytes with what happened to each: dropped, changed, doubled, cut off or stuck. */
function damaged(
  bytes: Uint8Array,
  active: LineFaults,
  passed: { bytes: number },
  { random, injected }: DirectionOptions,
  happens: Happens
): Uint8Array {
  const out: number[] = []
  if (happens(active.garbagePerChunk, 'garbage')) {
    for (let left = 1 + random.integer(16); left > 0; left--) out.push(random.integer(256))
  }
  for (const byte of bytes) {
    passed.bytes++
    if (active.cutAfterBytes !== undefined && passed.bytes > active.cutAfterBytes) {
      injected.cut++
      continue
    }
    if (active.stuckAfterBytes !== undefined && passed.bytes > active.stuckAfterBytes) {
      injected.stuck++
      out.push(0)
      continue
    }
    if (happens(active.dropPerByte, 'drop')) continue
    const kept = happens(active.flipPerByte, 'flip') ? byte ^ (1 << random.integer(8)) : byte
    out.push(kept)
    if (happens(active.duplicatePerByte, 'duplicate')) out.push(kept)
  }
  return Uint8Array.from(out)
}
