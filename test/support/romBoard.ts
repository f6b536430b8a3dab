import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { VirtualMachine } from '@core/sim/machine'
import { type BoardSession, openBoardSession } from '@main/board/boardSession'
import { bootMonitor, type BootOptions, type BootOutcome } from '@main/board/load/boardBoot'
import type { Link } from '@main/board/links/link'
import { createLinkListeners } from '@main/board/links/linkListeners'
import type { PeerLine, TimedPeer } from './dialogue'
import { createSimulatorLink } from './simulatorLink'
import type { VirtualClock } from './virtualClock'

/** A chip in the loader of its ROM, which then runs what was loaded. */
export interface RomChip {
  label: string
  rom: TimedPeer
  /** The machine with what was loaded, once the ROM has started it. */
  start: () => VirtualMachine | null
  /** What the chip notices of its line besides bytes. */
  notices?: (line: PeerLine) => Partial<Pick<Link, 'setBaud' | 'setParity' | 'setSignals'>>
}

/** The line to such a chip: its ROM hears what is written, and the program once it runs. */
export function createRomLink({ label, rom, start, notices }: RomChip, clock: VirtualClock): Link {
  const listeners = createLinkListeners()
  let running: Link | null = null
  const line: PeerLine = {
    send: (bytes, delayMs = 0) => void clock.after(delayMs, () => listeners.data(bytes))
  }
  return {
    descriptor: { kind: 'memory', label, port: null, baudRate: null, lossy: false },
    get closed() {
      return listeners.closed
    },
    onData: listeners.onData,
    onClose: listeners.onClose,
    write: async (bytes) => {
      if (running !== null) return await running.write(bytes)
      rom.hear(bytes, clock.nowMs(), line)
      const machine = start()
      if (machine === null) return
      running = createSimulatorLink(machine, clock)
      running.onData(listeners.data)
    },
    setBaud: async () => undefined,
    setSignals: async () => false,
    close: async () => void listeners.end({ kind: 'asked', text: 'closed' }),
    ...notices?.(line)
  }
}

/** Begins to boot the committed monitor over a line; the clock has to run for the outcome. */
export function bootOver(
  link: Link,
  clock: VirtualClock,
  options: Pick<BootOptions, 'loader' | 'description'>
): { session: BoardSession; outcome: Promise<BootOutcome> } {
  const session = openBoardSession({ link, onText: () => undefined, nonce: () => 3, clock })
  return { session, outcome: bootCommitted(session, clock, options) }
}

/** The same over a session that is there. */
export function bootCommitted(
  session: BoardSession,
  clock: VirtualClock,
  options: Pick<BootOptions, 'loader' | 'description'>
): Promise<BootOutcome> {
  return bootMonitor(session, {
    ...options,
    readMonitor: async (name, ending = 'bin') =>
      new Uint8Array(readFileSync(path.resolve(`resources/firmware/build/${name}.${ending}`))),
    nowMs: () => clock.nowMs(),
    signal: new AbortController().signal,
    onProgress: () => undefined
  })
}
