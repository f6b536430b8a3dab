import type { BoardInfo } from '@core/board/boardInfo'
import { createMachine } from '@core/sim/createMachine'
import { openBoardSession } from '@main/board/boardSession'
import { createSimulatorLink } from './simulatorLink'
import { VirtualClock } from './virtualClock'

/** Returns what a monitor (an ELF) says of itself on the largest virtual board, in virtual time. */
export async function readMonitorHello(elf: Uint8Array): Promise<BoardInfo> {
  const clock = new VirtualClock()
  const machine = createMachine({ board: 'high' })
  machine.loadElf(elf)
  machine.reset()
  const link = createSimulatorLink(machine, clock)
  return await clock.run(openBoardSession({ link, onText: () => undefined, nonce: () => 1, clock }).hello())
}
