import type { BoardInfo } from '../board/boardInfo'
import type { Conversation } from '../board/conversation'
import { fillInLitexMonitor } from '../board/litexMonitor'
import { describeLitexMachine } from '../sim/boards/litexBoard'
import { MonitorClient } from '../board/monitorClient'
import type { BenchRequest, BenchResult } from '../board/protocol'
import { converseWithMachine } from '../sim/converseWithMachine'
import { createMachine } from '../sim/createMachine'
import type { MachineOptions, VirtualMachine } from '../sim/machine'
import type { TwinMachine } from './twinMachine'

/** The monitors of twins: resources/firmware/build/monitor-litex.bin and monitor.elf. */
export interface TwinFirmware {
  litexImage: Uint8Array
  monitorElf: Uint8Array
}

/** A twin's machine with its monitor running, spoken to in this thread; time passes only while it is waited for. */
export class MonitorMachine {
  private readonly machine: VirtualMachine
  private readonly client = new MonitorClient()
  /** What the monitor says of itself. */
  readonly info: BoardInfo

  constructor(
    { config, form }: TwinMachine,
    { litexImage, monitorElf }: TwinFirmware,
    options: Omit<MachineOptions, 'board'> = {}
  ) {
    this.machine = createMachine({ ...options, board: config })
    if (form === 'rv32imc') this.machine.loadElf(monitorElf)
    else {
      const description = describeLitexMachine(config)
      this.machine.loadBinary(description.ram.base, fillInLitexMonitor(litexImage, description))
    }
    this.machine.reset()
    this.info = this.converse(this.client.hello(1))
  }

  bench(request: BenchRequest): BenchResult {
    return this.converse(this.client.bench(request))
  }

  private converse<T>(conversation: Conversation<T>): T {
    return converseWithMachine(this.machine, conversation, () => this.receive())
  }

  private receive(): Uint8Array {
    for (;;) {
      const { reason } = this.machine.run(2_000_000)
      const bytes = this.machine.uartTake()
      if (bytes.length > 0 || reason !== 'budget') return bytes
    }
  }
}
