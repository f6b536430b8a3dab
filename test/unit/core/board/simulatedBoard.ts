import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Conversation } from '../../../../src/core/board/conversation'
import { createMachine } from '../../../../src/core/sim/createMachine'
import type { VirtualMachine } from '../../../../src/core/sim/machine'
import type { MachineConfig, CorePresetName } from '../../../../src/core/sim/boards/presets'

/** From the working directory (the repository), since scripts bundle this file elsewhere. */
export const monitorElf = path.resolve('resources/firmware/build/monitor.elf')

/** What a faulty line makes of the bytes that enter it; bytes it holds back may come out of a later call. */
export type LineFault = (bytes: Uint8Array) => Uint8Array

const clean: LineFault = (bytes) => bytes

/** The shipped monitor on the simulator, driven without threads or clocks: silence is when the guest idles. */
export class SimulatedBoard {
  readonly machine: VirtualMachine
  /** Sum of the pauses and silent waits a real line would have had. */
  waitedMs = 0
  private received = new Uint8Array(0)

  constructor(
    board: CorePresetName | MachineConfig = 'high',
    private readonly toBoard: LineFault = clean,
    private readonly toHost: LineFault = clean,
    cycleModel = false
  ) {
    this.machine = createMachine({ board, cycleModel })
    this.machine.loadElf(readFileSync(monitorElf))
    this.machine.reset()
    this.run()
  }

  /** Runs until the guest has nothing to do; what it sent is kept for the next receive. */
  private run(): void {
    for (let budget = 400; budget > 0; budget--) {
      const { reason } = this.machine.run(5_000_000)
      this.collect()
      if (reason === 'reset') this.machine.reset()
      else if (reason === 'idle') return
      else if (reason !== 'budget') throw new Error(`The board stopped: ${reason}`)
    }
    throw new Error('The board did not come to rest within 2e9 instructions')
  }

  private collect(): void {
    const out = this.toHost(this.machine.uartTake())
    const joined = new Uint8Array(this.received.length + out.length)
    joined.set(this.received)
    joined.set(out, this.received.length)
    this.received = joined
  }

  private send(bytes: Uint8Array): void {
    let rest = this.toBoard(bytes)
    while (rest.length > 0) {
      rest = rest.subarray(this.machine.uartPush(rest))
      this.run()
    }
  }

  /** Performs a conversation to its end. */
  converse<T>(conversation: Conversation<T>): T {
    let answer: Uint8Array = new Uint8Array(0)
    for (;;) {
      const next = conversation.next(answer)
      if (next.done === true) return next.value
      answer = new Uint8Array(0)
      const step = next.value
      if (step.kind === 'send') this.send(step.bytes)
      else if (step.kind === 'pause') this.waitedMs += step.durationMs
      else if (step.kind === 'discard') this.received = new Uint8Array(0)
      else if (step.kind === 'receive') {
        if (this.received.length === 0) this.collect()
        if (this.received.length === 0) this.waitedMs += step.timeoutMs
        answer = this.received
        this.received = new Uint8Array(0)
      }
    }
  }
}
