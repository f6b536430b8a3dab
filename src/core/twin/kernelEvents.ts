import type { BenchRequest } from '../board/protocol'
import { corePresets } from '../sim/boards/presets'
import { EventCounter } from './eventCounter'
import type { KernelEvents } from './events'
import type { MemoryShape } from './memoryProbe'
import { MonitorMachine, type TwinFirmware } from './monitorMachine'
import { staticEvents } from './staticEvents'
import { twinMachine, type CodeForm } from './twinMachine'

/** Instructions that the monitor executes between its readings beside the kernel. */
const maxOverhead = 8

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

  /** Build of the kernels that are counted. */
  get buildId(): number {
    return this.monitor.info.buildId
  }

  count(request: Omit<BenchRequest, 'repetitions'>): KernelEvents {
    this.counter.begin()
    const { instructions } = this.monitor.bench({ ...request, repetitions: 2 })
    const { code, counts, memory } = this.counter.result()
    const events = { ...staticEvents(code, counts), memory }
    // A monitor that reads its counters elsewhere than the counter expects would give twins that fit nothing.
    if (Math.abs(events.instructions - instructions[1]) > maxOverhead)
      throw new Error(
        `counted ${events.instructions} instructions where the monitor counts ${instructions[1]}`
      )
    return events
  }
}
