import type { Conversation } from '@core/board/conversation'
import { MonitorClient } from '@core/board/monitorClient'
import type { BenchResult } from '@core/board/protocol'
import type { VirtualMachine } from '@core/sim/machine'
import type { Spell } from './stopwatch'
import { startClock } from './stopwatch'

const noBytes = new Uint8Array(0)

/** Holds a conversation with the firmware of a machine in this thread: simulated time passes only while it is waited for. */
function converse<T>(machine: VirtualMachine, conversation: Conversation<T>): T {
  let received: Uint8Array = noBytes
  for (;;) {
    const { value, done } = conversation.next(received)
    if (done) return value
    received = noBytes
    if (value.kind === 'send') machine.uartPush(value.bytes)
    if (value.kind === 'receive') received = receive(machine)
  }
}

/** Runs until the guest has sent something; nothing when it has fallen silent. */
function receive(machine: VirtualMachine): Uint8Array {
  for (;;) {
    const { reason } = machine.run(2_000_000)
    const bytes = machine.uartTake()
    if (bytes.length > 0 || reason !== 'budget') return bytes
  }
}

function bench(machine: VirtualMachine, repetitions: number): BenchResult {
  const client = new MonitorClient()
  converse(machine, client.hello(machine.instret() % 65_536))
  const dims = [64, 64, 64]
  return converse(
    machine,
    client.bench({ kernel: 'matmul', activationBits: 8, weightBits: 8, dims, repetitions, seed: 1 })
  )
}

/** The int8 matmul kernel of the monitor firmware, as many repetitions as fit. */
export const firmwareBench = {
  runFor(machine: VirtualMachine, seconds: number): Spell {
    const before = { instructions: machine.instret(), cycles: machine.cycles() }
    const clock = startClock()
    for (let repetitions = 8; clock().cpuSeconds < seconds; repetitions = Math.min(2 * repetitions, 512))
      bench(machine, repetitions)
    return {
      instructions: machine.instret() - before.instructions,
      cycles: machine.cycles() - before.cycles,
      ...clock()
    }
  },
  fingerprint: (machine: VirtualMachine): unknown => bench(machine, 3)
}
