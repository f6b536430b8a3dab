import { formatHex } from '../../shared/units'
import { AppError } from '@shared/errors'
import { concatBytes } from '../binary/bytes'
import { Bus } from './devices/bus'
import { Clint } from './devices/clint'
import { createCompiledEngine } from './compiler/compiledEngine'
import { machineInterrupt } from './core/csrFile'
import { parseElf, type ElfSegment, type LoadedElf } from '../binary/elf'
import { executeSlow } from './core/executeExact'
import { Hart } from './core/hart'
import { createInterpreter } from './core/interpreter'
import { isaOf } from './boards/isa'
import { LitexBios } from './boards/litexBios'
import type { Engine, MachineOptions, RunResult, StopReason, VirtualMachine } from './machine'
import { clintBase, finisherBase, ramBase as virtRamBase, uartBase } from './memoryMap'
import { checkConfig } from './machineConfig'
import { corePresets, type MachineConfig } from './boards/presets'
import { espPollDistance, mapEspLines } from './devices/espLines'
import { TestFinisher } from './devices/testFinisher'
import { worstInstructionCycles } from './core/timing'
import { mapFlashDevices, type FlashDevices } from './devices/flashDevices'
import { TimerLitex, timerLitexBytes } from './devices/timerLitex'
import { Uart16550 } from './devices/uart16550'
import { UartLitex, uartLitexBytes } from './devices/uartLitex'

/** Most instructions an engine executes at once: keeps its cycle sum inside a 32-bit integer. */
const maxSlice = 1 << 20

/** Builds a virtual board. Throws AppError input.invalid for a configuration that makes no sense. */
export function createMachine(options: MachineOptions): VirtualMachine {
  const config = typeof options.board === 'string' ? corePresets[options.board] : options.board
  checkConfig(config)
  return new Machine(config, options)
}

class Machine implements VirtualMachine {
  readonly engine: Engine
  readonly isa: string
  readonly ramBytes: number
  private readonly hart: Hart
  private readonly uart: Uart16550
  private readonly clint: Clint
  private readonly finisher = new TestFinisher()
  private readonly runFast: (limit: number) => number
  private readonly worstCycles: number
  private readonly ramBase: number
  private readonly litexUart: UartLitex | null = null
  private readonly litexTimer = new TimerLitex(() => this.hart.cycles)
  private readonly bios: LitexBios | null = null
  private readonly flashDevices: FlashDevices | null = null
  private entry: number
  private bootSegments: readonly ElfSegment[] = []
  private lockedUp = false

  constructor(
    readonly config: MachineConfig,
    options: MachineOptions
  ) {
    const { engine = 'compiled', cycleModel = true, compileAfterJumps = 1000, observer } = options
    this.ramBytes = config.ramBytes
    this.ramBase = config.litex?.ramBase ?? config.esp?.ramBase ?? config.flash?.base ?? virtRamBase
    this.entry = this.ramBase
    this.isa = isaOf(config)
    const pollsSlowly = config.esp !== undefined || config.flash !== undefined
    this.uart = new Uart16550(() => this.hart.instret, pollsSlowly ? espPollDistance : undefined)
    this.clint = new Clint(() => this.hart.cycles)
    const bus = new Bus()
    if (config.esp !== undefined) mapEspLines(bus, this.uart, config.esp)
    else if (config.flash !== undefined)
      this.flashDevices = mapFlashDevices(bus, this.uart, () => this.hart.cycles, config.flash)
    else if (config.litex === undefined) {
      bus.map(uartBase, 8, this.uart)
      bus.map(finisherBase, 4, this.finisher)
      bus.map(clintBase, 0xc000, this.clint)
    } else {
      this.litexUart = new UartLitex(this.uart)
      bus.map(config.litex.uartBase, uartLitexBytes, this.litexUart)
      if (config.litex.timerBase !== undefined)
        bus.map(config.litex.timerBase, timerLitexBytes, this.litexTimer)
      if (config.litex.clintBase !== undefined) bus.map(config.litex.clintBase, 0xc000, this.clint)
      if (config.litex.bios !== false) this.bios = this.createBios()
    }
    const model = cycleModel ? config.cycleModel : null
    this.worstCycles = model === null ? 1 : worstInstructionCycles(model)
    this.hart = new Hart({
      ram: new Uint8Array(config.ramBytes),
      ramBase: this.ramBase,
      zbb: config.zbb,
      core: { xbb: config.xbb ?? false, plain: config.plain === true },
      misaligned: config.misaligned ?? config.plain !== true,
      readOnly: config.flash !== undefined,
      model,
      bus,
      surroundings: {
        time: () => this.clint.time,
        pending: () => this.pendingInterrupts(),
        implementationId: config.implementationId,
        hasIdentity: config.hasIdentity !== false,
        clockHz: config.clockIsKnown === false ? 0 : config.clockHz,
        zbb: config.zbb,
        plain: config.plain === true,
        counters: config.counters ?? 'all',
        machineCsrs: config.machineCsrs !== false,
        isEsp: config.esp !== undefined
      },
      observer
    })
    const interpreter = createInterpreter(this.hart)
    const compiled =
      engine === 'compiled' ? createCompiledEngine(this.hart, interpreter, compileAfterJumps) : null
    this.engine = compiled === null ? 'interpreter' : 'compiled'
    const plain = compiled?.run ?? ((limit: number) => interpreter.run(limit, false))
    this.runFast =
      observer === undefined
        ? plain
        : (limit) => (observer.isCounting() ? observer.run(this.hart, interpreter, limit) : plain(limit))
    this.reset()
  }

  get lastTrap(): VirtualMachine['lastTrap'] {
    return this.hart.lastTrap
  }

  loadElf(bytes: Uint8Array): LoadedElf {
    const elf = parseElf(bytes)
    for (const segment of elf.segments) this.checkRange(segment.address, segment.memoryBytes)
    this.bootSegments = elf.segments.map((segment) => ({ ...segment, data: segment.data.slice() }))
    this.copySegments()
    this.setEntry(elf.entry)
    this.reset()
    return elf
  }

  loadBinary(address: number, bytes: Uint8Array): void {
    this.checkRange(address, bytes.length)
    this.hart.bytes.set(bytes, address - this.ramBase)
    if (bytes.length > 0) this.hart.code.invalidate(address - this.ramBase, bytes.length)
  }

  readMemory(address: number, length: number): Uint8Array {
    const apart = this.flashDevices?.readRam(address, length)
    if (apart != null) return apart
    this.checkRange(address, length)
    return this.hart.bytes.slice(address - this.ramBase, address - this.ramBase + length)
  }

  setEntry(address: number): void {
    this.entry = address
  }

  reset(): void {
    this.uart.reset()
    this.litexUart?.reset()
    this.litexTimer.reset()
    this.flashDevices?.reset()
    this.clint.reset()
    this.finisher.reset()
    this.lockedUp = false
    this.copySegments()
    this.hart.reset((this.entry - this.ramBase) | 0)
    this.bios?.powerOn(this.timeMs)
  }

  run(maxInstructions: number): RunResult {
    // The BIOS has no instructions of its own: it waits for bytes.
    if (this.isInBios) return { reason: 'idle', executed: 0 }
    const { hart } = this
    const before = hart.instret
    let left = maxInstructions
    let reason: StopReason = this.lockedUp ? 'lockup' : 'budget'
    // A trapped instruction uses budget without retiring, so that a loop of traps ends too.
    while (left > 0 && reason === 'budget') {
      hart.takeInterrupt(this.pendingInterrupts())
      const slice = Math.min(left, maxSlice, this.instructionsToTimer())
      const executed = this.runFast(slice)
      left -= executed
      if (executed === slice) continue
      reason = this.afterSlow(executeSlow(hart))
      left--
    }
    return { reason, executed: hart.instret - before }
  }

  uartPush(bytes: Uint8Array): number {
    const forBios = this.isInBios ? this.bios!.hear(bytes, this.timeMs) : 0
    return forBios + this.uart.push(bytes.subarray(forBios))
  }

  uartTake(): Uint8Array {
    const fromBios = this.bios?.take()
    const fromUart = this.uart.take()
    return fromBios === undefined || fromBios.length === 0 ? fromUart : concatBytes([fromBios, fromUart])
  }

  advanceIdle(cycles: number): void {
    this.hart.cycles += Math.max(0, Math.floor(cycles))
    if (this.isInBios) this.bios!.tick(this.timeMs)
  }

  get isInBios(): boolean {
    return this.bios?.isInCharge === true
  }

  cycles(): number {
    return this.hart.cycles
  }

  energyJ(): number {
    return this.hart.energyPj * 1e-12
  }

  instret(): number {
    return this.hart.instret
  }

  pc(): number {
    return (this.hart.pc + this.ramBase) >>> 0
  }

  registers(): Uint32Array {
    return new Uint32Array(this.hart.x.subarray(0, 32))
  }

  /** mip. There is no PLIC: the UART's interrupt is the external interrupt. */
  private pendingInterrupts(): number {
    return (
      (this.clint.softwareInterrupt ? machineInterrupt.software : 0) |
      (this.clint.timerInterrupt ? machineInterrupt.timer : 0) |
      (this.uart.interruptPending ? machineInterrupt.external : 0)
    )
  }

  /**
   * How many instructions surely end before the timer interrupt is due, at least one. Called again and again, this
   * closes in on the deadline, so that interrupts are taken between the same two instructions in both engines.
   */
  private instructionsToTimer(): number {
    const { csr } = this.hart
    if (!csr.interruptsEnabled || (csr.mie & machineInterrupt.timer) === 0) return Infinity
    return Math.max(1, Math.floor(this.clint.cyclesToTimer / this.worstCycles))
  }

  private afterSlow(outcome: ReturnType<typeof executeSlow>): StopReason {
    if (this.finisher.request !== null) {
      const { request } = this.finisher
      this.finisher.request = null
      return request
    }
    if (outcome === 'lockup') {
      this.lockedUp = true
      return 'lockup'
    }
    if (outcome === 'wait') return this.waitForInterrupt() ? 'budget' : 'idle'
    return this.uart.takeIdle() ? 'idle' : 'budget'
  }

  /** wfi: time jumps to the timer's deadline if that is what the guest waits for. False: only bytes can wake it. */
  private waitForInterrupt(): boolean {
    const { csr } = this.hart
    if ((this.pendingInterrupts() & csr.mie) !== 0) return true
    const ahead = this.clint.cyclesToTimer
    if ((csr.mie & machineInterrupt.timer) === 0 || ahead === Infinity) return false
    this.hart.cycles += ahead
    return true
  }

  private copySegments(): void {
    for (const { address, data, memoryBytes } of this.bootSegments) {
      const offset = address - this.ramBase
      this.hart.bytes.fill(0, offset, offset + memoryBytes)
      this.hart.bytes.set(data, offset)
      this.hart.code.invalidate(offset, memoryBytes)
    }
  }

  private checkRange(address: number, length: number): void {
    if (this.holds(address, length)) return
    throw new AppError(
      'board.addressRange',
      `${length} bytes at ${formatHex(address)} lie outside the board's RAM.`,
      `Link the program to ${formatHex(this.ramBase)}..${formatHex(this.ramBase + this.ramBytes - 1)}, or choose a board with more RAM.`,
      { details: { address, length, ramBase: this.ramBase, ramBytes: this.ramBytes } }
    )
  }

  private holds(address: number, length: number): boolean {
    return address >= this.ramBase && address + length <= this.ramBase + this.ramBytes
  }

  private get timeMs(): number {
    return (this.hart.cycles * 1000) / this.config.clockHz
  }

  private createBios(): LitexBios {
    return new LitexBios({
      store: (address, bytes) => {
        const isRam = this.holds(address, bytes.length)
        if (isRam) this.loadBinary(address, bytes)
        return isRam
      },
      jump: (address) => {
        this.hart.pc = (address - this.ramBase) | 0
      }
    })
  }
}
