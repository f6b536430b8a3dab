import type { BoardDescription } from '@shared/contract/board/boardDescription'
import { AppError } from '@shared/errors'
import type { BoardInfo } from '../../board/boardInfo'
import { MonitorClient } from '../../board/monitorClient'
import { converseWithMachine } from '../converseWithMachine'
import { createMachine } from '../createMachine'
import type { VirtualMachine } from '../machine'
import { flashMachine } from './flashBoard'

/** No monitor needs more to start and to say hello. */
const maxInstructions = 50_000_000
/** Most of each memory that is simulated: hello reads none of it, and reports the sizes that were filled in. */
const mostBytes = 1 << 20

/**
 * What a monitor that executes in place says of itself (kernels, free flash and RAM), by running it on a simulated board of its
 * description: no board is needed to plan for it.
 *
 * @param monitor as it is written into flash
 * @throws internal for an image that does not start
 */
export function readFlashMonitorInfo(monitor: Uint8Array, board: BoardDescription): BoardInfo {
  const { flash, ram } = board
  const clipped = <T extends { sizeBytes: number }>(memory: T): T => ({
    ...memory,
    sizeBytes: Math.min(memory.sizeBytes, mostBytes)
  })
  const simulated = { ...board, ram: clipped(ram), flash: flash && clipped(flash) }
  const machine = createMachine({ board: flashMachine(simulated, 'flash') })
  machine.loadBinary(flash?.base ?? 0, monitor)
  machine.reset()
  return converseWithMachine(machine, new MonitorClient().hello(1), () => runUntilIdle(machine))
}

/** Runs until the monitor waits; returns what it sent. */
function runUntilIdle(machine: VirtualMachine): Uint8Array {
  for (let left = maxInstructions; ;) {
    const { reason, executed } = machine.run(1_000_000)
    left -= executed
    if (reason === 'idle') return machine.uartTake()
    if (reason !== 'budget' || left <= 0)
      throw new AppError(
        'internal',
        `The monitor does not start on the simulator (${reason}).`,
        'Build the firmware again: npm run firmware.'
      )
  }
}
