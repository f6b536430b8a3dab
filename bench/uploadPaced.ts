// The own monitor over a line of a given speed: what share of the line's bytes carries payload.
import { readFileSync } from 'node:fs'
import { createMachine } from '../src/core/sim/createMachine'
import { openBoardSession } from '../src/main/board/boardSession'
import type { Clock } from '../src/main/board/clock'
import { wallClock } from '../src/main/board/clock'
import type { Link } from '../src/main/board/links/link'
import { createPacedLink } from '../src/main/board/links/pacedLink'
import { openVirtualLink } from '../src/main/board/links/virtualLink'
import { createSimulatorLink } from '../test/support/simulatorLink'
import { VirtualClock } from '../test/support/virtualClock'

export interface PacedRow {
  baudRate: number
  bytes: number
  /**
   * `line`: in virtual time, where the board takes the time its cycle model says and the host takes none: what the protocol
   * allows, the same on every run. `wall`: with the simulator in its thread, by this computer's clock and load.
   */
  time: 'line' | 'wall'
  bytesPerSecond: number
  shareOfLineRate: number
  /** Requests sent again; a clean line needs none. */
  retransmits: number
}

const firmware = (): Uint8Array => new Uint8Array(readFileSync('resources/firmware/build/monitor.elf'))

async function measure(
  board: Link,
  clock: Clock,
  baudRate: number,
  bytes: Uint8Array
): Promise<Pick<PacedRow, 'bytesPerSecond' | 'shareOfLineRate' | 'retransmits'>> {
  const link = createPacedLink(board, baudRate, clock)
  const session = openBoardSession({ link, onText: () => undefined, nonce: () => 1, clock })
  try {
    const { ram } = await session.hello()
    const startMs = clock.nowMs()
    await session.upload(ram.low, bytes)
    const bytesPerSecond = (bytes.length * 1000) / (clock.nowMs() - startMs)
    const { retransmits } = session.counts()
    return { bytesPerSecond, shareOfLineRate: bytesPerSecond / (baudRate / 10), retransmits }
  } finally {
    await link.close()
  }
}

export async function pacedInLineTime(baudRate: number, bytes: Uint8Array): Promise<PacedRow> {
  const machine = createMachine({ board: 'mid' })
  machine.loadElf(firmware())
  machine.reset()
  const clock = new VirtualClock()
  const board = createSimulatorLink(machine, clock)
  const result = await clock.run(measure(board, clock, baudRate, bytes))
  return { baudRate, bytes: bytes.length, time: 'line', ...result }
}

export async function pacedInWallTime(
  baudRate: number,
  bytes: Uint8Array,
  workerFile: string
): Promise<PacedRow> {
  const board = await openVirtualLink({ preset: 'high', firmware: firmware(), workerFile })
  await warmUp(board)
  const result = await measure(board, wallClock, baudRate, bytes)
  return { baudRate, bytes: bytes.length, time: 'wall', ...result }
}

/** The simulator compiles what it runs often, which a board does not: that shall not be measured. */
async function warmUp(board: Link): Promise<void> {
  const session = openBoardSession({ link: board, onText: () => undefined, nonce: () => 2 })
  const { ram } = await session.hello()
  for (let times = 0; times < 3; times++) await session.upload(ram.low, new Uint8Array(128 * 1024))
}
