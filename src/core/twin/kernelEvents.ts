import type { BenchRequest } from '../board/protocol'
import { corePresets } from '../sim/boards/presets'
import { EventCounter } from './eventCounter'
import type { KernelEvents } from './events'
import type { MemoryShape } from './memoryProbe'
import { MonitorMachine, type TwinFirmware } from './monitorMachine'
import { staticEvents } from './staticEvents'
import { twinMachine, type CodeForm } from './twinMachine'

/** Runs kernels on the simulator with the product's firmware and counts events; one machine for many kernels. */
export class KernelCounter {
  private readonly counter: EventCounter
  private readonly monitor: MonitorMachine

  constructor(firmware: TwinFirmware, form: CodeForm, shapes: readonly MemoryShape[]) {
    this.counter = new EventCounter(shapes, 1)
    const identity = { name: 'counter', coreName: 'counter', clockHz: null }
    // Events are counted, not cycles: any model will do.
    const machine = twinMachine(identity, corePresets.small.cycleModel, form)
    this.monitor = new MonitorMachine(machine, firmware, { observer: this.counter })
  }

  count(request: Omit<BenchRequest, 'repetitions'>): KernelEvents {
    this.counter.begin()
    this.monitor.bench({ ...request, repetitions: 2 })
    const { code, counts, memory } = this.counter.result()
    return { ...staticEvents(code, counts), memory }
  }
}
